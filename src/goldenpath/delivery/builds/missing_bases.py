"""Which base image a failed build could not pull, and why this run has no login for it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from goldenpath.shared.errors import BuildFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.stage import Run

# How BuildKit words it (containerd, core/remotes/docker). A registry does not tell a private image from a missing one.
_REFUSED = re.compile(
    r"failed to resolve source metadata for (?P<name>\S+): .*"
    r"(?:401 Unauthorized|403 Forbidden|no basic auth credentials|failed to authorize|authorization failed|denied)"
)
_OF_FORK = "GitHub gives pull requests from forks neither secrets nor an OIDC token, so no private image was fetched"
_PAGE = "docs/workflow.md, Base images"


@contextmanager
def explaining(run: Run) -> Iterator[None]:
    """Raise a build's failure again, as a `BuildFailed` that says so where a registry refused a base image."""
    try:
        yield
    except BuildFailed as error:
        found = _REFUSED.search(error.why)
        if found is None:
            raise
        name = found["name"]
        raise BuildFailed(
            f"the base image {name} cannot be pulled: it is private, or does not exist",
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
        return "push the branch to this repository and open the pull request from there, if the change can be trusted"
    if run.runner.in_actions:
        return f"name it in the input `private_bases`, exactly as in the Dockerfile; see {_PAGE}"
    return (
        "run `docker login` for its registry, or fetch it first with `goldenpath pull-bases --private-bases "
        f"{name}` and the same --work-dir; see {_PAGE}"
    )
