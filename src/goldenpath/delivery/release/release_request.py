"""What a run asks a registry for: whether it may release, to which repository, and as whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.model import inputs
from goldenpath.delivery.release.access import Access
from goldenpath.delivery.stage import require_allowed_ref
from goldenpath.shared.errors import BadInput

if TYPE_CHECKING:
    from goldenpath.delivery.stage import Run


def refuse_pull_request(run: Run) -> None:
    """Raise `BadInput` in a pull request, and for a ref that the environment does not take releases from."""
    if run.event.is_pull_request:
        raise BadInput("a pull request is checked, never released", fix="merge it; the push that follows releases")
    require_allowed_ref(run)


def wanted_access(run: Run) -> Access:
    """Return what this run opens, and as whom. Raises `BadInput` when no repository was named."""
    request = run.request
    if request.ecr_repository is None:
        raise BadInput("no ECR repository was named", fix="name it with --ecr-repository")
    region = request.aws_region or inputs.AWS_REGION.parse(inputs.AWS_REGION.default)
    return Access(
        region, request.ecr_repository, run.environment.name, run.policy, request.role_arn,
        request.allowed_account_ids, run.environment.stored_keys_allowed,
        audience=request.audience or inputs.AUDIENCE.default, registry_account=request.registry_account,
    )  # fmt: skip
