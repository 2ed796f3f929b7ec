"""Checks of `goldenpath doctor`: the caller requests what a build needs: git-lfs, submodules, base images, secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from goldenpath.delivery.model import private_base
from goldenpath.shared.check_result import error, good, left_out, warning
from goldenpath.shared.names import BASES_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.delivery.adoption.checkout import GitCheckout
    from goldenpath.delivery.adoption.remote_checks import RepositoryFacts
    from goldenpath.delivery.adoption.reusable_workflow import Caller
    from goldenpath.shared.check_result import Remark

_BASES = "private base images"
_ECR_SECRET, _LOGINS_SECRET = BASES_ROLE, "BASES_LOGINS"
_HINTS = {
    _ECR_SECRET: "`goldenpath iam pull-policy` and `trust-policy --pull-requests` print the policies of the role",
    _LOGINS_SECRET: "every line of it is `registry user password`",
}
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


def private_bases(caller: Caller, facts: RepositoryFacts | None) -> Iterator[Remark]:
    """Yield whether every secret that the images in `private_bases` need exists, and whether the caller passes it."""
    written = caller.inputs.get("private_bases", "")
    if not written.strip() or "${{" in written:
        return
    try:
        images = private_base.parse_all(written)
    except ValueError as problem:
        yield error(_BASES, f"`private_bases` of {caller.file}: {problem}", "write every image as in the Dockerfile")
        return
    known = facts.secrets if facts else None
    for secret in sorted({_ECR_SECRET if image.ecr else _LOGINS_SECRET for image in images}):
        yield _secret(caller, secret, known)


def _secret(caller: Caller, secret: str, known: frozenset[str] | None) -> Remark:
    if caller.secrets is not None:
        if secret in caller.secrets:
            return good(_BASES, f"{caller.file} passes {secret}")
        return warning(_BASES, f"{caller.file} does not pass {secret}", f"add it under `secrets:`; {_HINTS[secret]}")
    if known is None:
        return left_out(_BASES, f"they need the secret {secret}", "set a GITHUB_TOKEN that may list secrets")
    if secret in known:
        return good(_BASES, f"the secret {secret} exists")
    return error(
        _BASES, f"the secret {secret} does not exist, so no build can pull them", f"create it; {_HINTS[secret]}"
    )
