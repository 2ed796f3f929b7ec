"""The requests of stages: what a stage needs of the inputs of a run, with required fields that are never empty.

`Request` holds the inputs of every command, so a field that one stage requires is optional in it. A stage takes its own
request out of it (`of`) and checks none of those fields itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, TypeVar

from goldenpath.shared.errors import BadInput, GoldenPathError, SarifRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from goldenpath.delivery.model.inputs import Request
    from goldenpath.delivery.model.private_base import PrivateBase
    from goldenpath.delivery.model.registry_login import RegistryLogin
    from goldenpath.shared.names import AccountId, EcrRepository, Region, RoleArn


@dataclass(frozen=True)
class StageRequest:
    """The request of any stage. Raises the error of a required field that is empty."""

    def __post_init__(self) -> None:
        missing = (name for name in _REQUIRED if not getattr(self, name, True))
        if name := next(missing, ""):
            error = _REQUIRED[name]()
            raise error


@dataclass(frozen=True)
class ImageRequest(StageRequest):
    """What a stage needs that names the image: trivy-gate, sbom, pull-request-comment and ecr-push."""

    ecr_repository: EcrRepository


@dataclass(frozen=True)
class EcrRequest(ImageRequest):
    """What a stage needs that opens the ECR repository: preflight, ecr-push and rescan."""

    aws_region: Region
    audience: str
    role_arn: RoleArn | None
    allowed_account_ids: tuple[AccountId, ...]
    registry_account: AccountId | None


@dataclass(frozen=True)
class BasesRequest(StageRequest):
    """What pull-bases needs: at least one image, and the ways to log in."""

    private_bases: tuple[PrivateBase, ...]
    bases_logins: tuple[RegistryLogin, ...]
    role_arn: RoleArn | None
    audience: str


@dataclass(frozen=True)
class UploadRequest(StageRequest):
    """What sarif-upload needs once there is something to upload."""

    github_token: str = field(repr=False)


_Kind = TypeVar("_Kind", bound=StageRequest)


def of(kind: type[_Kind], request: Request) -> _Kind:
    """Return the request of `kind` in the inputs `request`. Raises the error of a required field that is empty."""
    return kind(**{declared.name: getattr(request, declared.name) for declared in fields(kind)})


_REQUIRED: Mapping[str, Callable[[], GoldenPathError]] = {
    "ecr_repository": lambda: BadInput("No ECR repository was named", fix="Name it with --ecr-repository"),
    "private_bases": lambda: BadInput("No base image was named", fix="Name them with `private_bases`, one per line"),
    "github_token": lambda: SarifRefused(
        "There is no token to upload SARIF with",
        fix="Pass `github_token: ${{ github.token }}` and give the job `permissions: security-events: write`",
    ),
}
