"""Checks of `goldenpath doctor`: the caller requests git-lfs, submodules and secrets that the build needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from goldenpath.shared.check_result import warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.delivery.adoption.checkout import GitCheckout
    from goldenpath.delivery.adoption.remote_checks import RepositoryFacts
    from goldenpath.delivery.adoption.reusable_workflow import Caller
    from goldenpath.shared.check_result import Remark

_LARGE_FILES = re.compile(r"^[^#\n]*\sfilter=lfs\b", re.MULTILINE)
# The mounts of a secret and of an SSH agent (Dockerfile reference, "RUN --mount").
_MOUNTS = {
    "BUILD_SECRETS": re.compile(r"^\s*RUN\b.*--mount=\S*type=secret", re.IGNORECASE | re.MULTILINE),
    "BUILD_SSH_KEY": re.compile(r"^\s*RUN\b.*--mount=\S*type=ssh", re.IGNORECASE | re.MULTILINE),
}
_CHECKED_OUT = {"true", "recursive"}


def checkout(repository: GitCheckout, inputs: Mapping[str, str]) -> Iterator[Remark]:
    """Yield which parts of the repository the workflow does not check out with these `inputs`."""
    lfs, submodules = inputs.get("lfs", "false"), inputs.get("submodules", "false")
    if _LARGE_FILES.search(repository.text(".gitattributes")) and "${{" not in lfs and lfs != "true":
        what = ".gitattributes keeps files in git-lfs, but the workflow checks out only pointers to them"
        yield warning("git-lfs", what, "add `lfs: true` under `with:`")
    if repository.submodules and "${{" not in submodules and submodules not in _CHECKED_OUT:
        what = f"{repository.submodules[0]} is a submodule, but the workflow leaves its folder empty"
        fix = "add `submodules: 'true'` under `with:`; private ones need the secret SUBMODULES_TOKEN"
        yield warning("submodules", what, fix)


def secrets(
    repository: GitCheckout, caller: Caller, dockerfile: str, facts: RepositoryFacts | None
) -> Iterator[Remark]:
    """Yield the secrets that the `dockerfile` mounts and that do not reach the build."""
    text = repository.text(dockerfile)
    known = caller.secrets
    if known is None:
        known = facts.secrets if facts else None
    for secret, mount in _MOUNTS.items():
        if mount.search(text) and known is not None and secret not in known:
            what = f"{dockerfile} mounts a value from {secret}, but no such secret reaches the build"
            yield warning("build secrets", what, f"pass {secret} (docs/workflow.md, Secrets for the build)")
