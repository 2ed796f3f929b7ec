"""Explain a build that failed because it could not pull a base image: which one, and why this run has no login."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from goldenpath.shared.errors import BuildFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.stage import Run

# BuildKit's message (containerd, core/remotes/docker). Registries refuse a private and a missing image alike.
_REFUSED = re.compile(
    r"failed to resolve source metadata for (?P<name>\S+): .*"
    r"(?:401 Unauthorized|403 Forbidden|no basic auth credentials|failed to authorize|authorization failed|denied)"
)
_OF_FORK = "GitHub gives pull requests from forks neither secrets nor an OIDC token, so no private image was fetched"
_PAGE = "docs/workflow.md, Base images"


@contextmanager
def explaining(run: Run) -> Iterator[None]:
    """Raise the `BuildFailed` of the block again; where a registry refused a base image, it names the image."""
    try:
        yield
    except BuildFailed as error:
        match = _REFUSED.search(error.why)
        if match is None:
            raise
        name = match["name"]
        raise BuildFailed(
            f"The base image {name} cannot be pulled: it is private, or does not exist",
            why=f"{_why(run)}\n{error.why}",
            fix=_fix(run, name),
        ) from error


def _why(run: Run) -> str:
    if run.event.fork:
        return _OF_FORK
    if run.runner.in_actions:
        return "The job that builds has no login for any registry"
    return "The registry refused to show it"


def _fix(run: Run, name: str) -> str:
    if run.event.fork:
        return "Push the branch to this repository and open the pull request from there, if the change can be trusted"
    if run.runner.in_actions:
        return f"Name it in the input `private_bases`, exactly as in the Dockerfile; see {_PAGE}"
    return (
        "Run `docker login` for its registry, or fetch it first with `goldenpath pull-bases --private-bases "
        f"{name}` and the same --work-dir; see {_PAGE}"
    )
