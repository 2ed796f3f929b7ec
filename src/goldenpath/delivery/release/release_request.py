"""The request of a run to a registry: whether it may release, to which ECR repository, and with which role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.model import stage_requests
from goldenpath.delivery.model.stage_requests import EcrRequest
from goldenpath.delivery.release.access import Access
from goldenpath.delivery.stage import require_allowed_ref
from goldenpath.shared.errors import BadInput

if TYPE_CHECKING:
    from goldenpath.delivery.stage import Run


def refuse_pull_request(run: Run) -> None:
    """Raise `BadInput` in a pull request, and for a ref that the environment does not take releases from."""
    if run.event.is_pull_request:
        raise BadInput("A pull request is checked, never released", fix="Merge it; the push that follows releases")
    require_allowed_ref(run)


def wanted_access(run: Run) -> Access:
    """Return the repository that this run opens, and its identity. Raises `BadInput` when no repository was named."""
    request = stage_requests.of(EcrRequest, run.request)
    return Access(
        request.aws_region, request.ecr_repository, run.environment.name, run.policy, request.role_arn,
        request.allowed_account_ids, run.environment.stored_keys_allowed,
        audience=request.audience, registry_account=request.registry_account,
    )  # fmt: skip
