"""What `goldenpath doctor` says about private base images: whether the job that fetches them has a login for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.adoption.check_result import error, good, left_out, warning
from goldenpath.delivery.model import private_base
from goldenpath.shared.names import BASES_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.adoption.check_result import Remark
    from goldenpath.delivery.adoption.remote_checks import Forge
    from goldenpath.delivery.adoption.reusable_workflow import Caller

_ABOUT = "private base images"
_OF_ECR, _OF_OTHERS = BASES_ROLE, "BASES_LOGINS"
_HOW = {
    _OF_ECR: "`goldenpath iam pull-policy` and `trust-policy --pull-requests` print what the role needs",
    _OF_OTHERS: "it has one `registry user password` a line",
}


def check(caller: Caller, forge: Forge | None) -> Iterator[Remark]:
    """Yield whether each secret that the images in `private_bases` need is there, and is handed on."""
    written = caller.given.get("private_bases", "")
    if not written.strip() or "${{" in written:
        return
    try:
        images = private_base.parse_all(written)
    except ValueError as problem:
        yield error(_ABOUT, f"`private_bases` of {caller.file}: {problem}", "write each image as the Dockerfile does")
        return
    known = forge.secrets if forge else None
    for secret in sorted({_OF_ECR if each.ecr else _OF_OTHERS for each in images}):
        yield _secret(caller, secret, known)


def _secret(caller: Caller, secret: str, known: frozenset[str] | None) -> Remark:
    if caller.secrets is not None:
        if secret in caller.secrets:
            return good(_ABOUT, f"{caller.file} hands on {secret}")
        return warning(_ABOUT, f"{caller.file} does not hand on {secret}", f"add it under `secrets:`; {_HOW[secret]}")
    if known is None:
        return left_out(_ABOUT, f"they need the secret {secret}", "give a GITHUB_TOKEN that may list secrets")
    if secret in known:
        return good(_ABOUT, f"the secret {secret} is there")
    return error(_ABOUT, f"the secret {secret} is missing, so no build gets them", f"create it; {_HOW[secret]}")
