"""A check of `goldenpath doctor`: the job that pulls private base images gets their logins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.model import private_base
from goldenpath.shared.check_result import error, good, left_out, warning
from goldenpath.shared.names import BASES_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.adoption.remote_checks import RepositoryFacts
    from goldenpath.delivery.adoption.reusable_workflow import Caller
    from goldenpath.shared.check_result import Remark

_ABOUT = "private base images"
_ECR_SECRET, _LOGINS_SECRET = BASES_ROLE, "BASES_LOGINS"
_HINTS = {
    _ECR_SECRET: "`goldenpath iam pull-policy` and `trust-policy --pull-requests` print the policies of the role",
    _LOGINS_SECRET: "every line of it is `registry user password`",
}


def check(caller: Caller, facts: RepositoryFacts | None) -> Iterator[Remark]:
    """Yield whether every secret that the images in `private_bases` need exists, and whether the caller passes it."""
    written = caller.inputs.get("private_bases", "")
    if not written.strip() or "${{" in written:
        return
    try:
        images = private_base.parse_all(written)
    except ValueError as problem:
        yield error(_ABOUT, f"`private_bases` of {caller.file}: {problem}", "write every image as in the Dockerfile")
        return
    known = facts.secrets if facts else None
    for secret in sorted({_ECR_SECRET if image.ecr else _LOGINS_SECRET for image in images}):
        yield _secret(caller, secret, known)


def _secret(caller: Caller, secret: str, known: frozenset[str] | None) -> Remark:
    if caller.secrets is not None:
        if secret in caller.secrets:
            return good(_ABOUT, f"{caller.file} passes {secret}")
        return warning(_ABOUT, f"{caller.file} does not pass {secret}", f"add it under `secrets:`; {_HINTS[secret]}")
    if known is None:
        return left_out(_ABOUT, f"they need the secret {secret}", "set a GITHUB_TOKEN that may list secrets")
    if secret in known:
        return good(_ABOUT, f"the secret {secret} exists")
    return error(
        _ABOUT, f"the secret {secret} does not exist, so no build can pull them", f"create it; {_HINTS[secret]}"
    )
