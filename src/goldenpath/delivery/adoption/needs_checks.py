"""What `goldenpath doctor` says about things that a build needs and its caller does not ask for or hand on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from goldenpath.delivery.adoption.check_result import warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.delivery.adoption.check_result import Remark
    from goldenpath.delivery.adoption.checkout import Checkout
    from goldenpath.delivery.adoption.remote_checks import Forge
    from goldenpath.delivery.adoption.reusable_workflow import Caller

_LARGE_FILES = re.compile(r"^[^#\n]*\sfilter=lfs\b", re.MULTILINE)
# The frontend's words for a secret and for an agent (Dockerfile reference, "RUN --mount").
_MOUNTS = {
    "BUILD_SECRETS": re.compile(r"^\s*RUN\b.*--mount=\S*type=secret", re.IGNORECASE | re.MULTILINE),
    "BUILD_SSH_KEY": re.compile(r"^\s*RUN\b.*--mount=\S*type=ssh", re.IGNORECASE | re.MULTILINE),
}
_CHECKED_OUT = {"true", "recursive"}


def checkout(there: Checkout, given: Mapping[str, str]) -> Iterator[Remark]:
    """Yield which parts of the repository the workflow leaves out, by the inputs that are `given`."""
    lfs, submodules = given.get("lfs", "false"), given.get("submodules", "false")
    if _LARGE_FILES.search(there.text(".gitattributes")) and "${{" not in lfs and lfs != "true":
        what = ".gitattributes keeps files in git-lfs, and the workflow checks out pointers in their place"
        yield warning("git-lfs", what, "add `lfs: true` under `with:`")
    if there.submodules and "${{" not in submodules and submodules not in _CHECKED_OUT:
        what = f"{there.submodules[0]} is a submodule, and the workflow leaves its folder empty"
        fix = "add `submodules: 'true'` under `with:`; private ones need the secret SUBMODULES_TOKEN"
        yield warning("submodules", what, fix)


def secrets(there: Checkout, caller: Caller, dockerfile: str, forge: Forge | None) -> Iterator[Remark]:
    """Yield the secrets that the `dockerfile` mounts and that do not reach the build."""
    text = there.text(dockerfile)
    known = caller.secrets if caller.secrets is not None else forge.secrets if forge else None
    for secret, mounted in _MOUNTS.items():
        if mounted.search(text) and known is not None and secret not in known:
            what = f"{dockerfile} mounts what {secret} holds, and no such secret reaches the build"
            yield warning("build secrets", what, f"hand on {secret} (docs/workflow.md, Secrets for the build)")
