"""Adoption: a repository that exists at ECR becomes a registry, by an entry that describes it as it is.

The entry says `adopted = true`, and the environment's `import` block takes the repository into Terraform's state. What
Terraform could change only by making another repository is refused here, before anybody reviews it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.registries import compliance, policies, review
from goldenpath.registries.compliance import TAG_PREFIX
from goldenpath.registries.config.entry_fields import ADOPTED
from goldenpath.registries.images import lifecycle
from goldenpath.shared.errors import AdoptionRefused
from goldenpath.shared.shown_text import as_markdown

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from goldenpath.registries.aws.ecr import EcrDescription, EcrImage
    from goldenpath.registries.config.ecr_tf import RiskControls
    from goldenpath.registries.config.hcl import Literal
    from goldenpath.registries.request import RegistryRequest, Risk

_KMS, _IMMUTABLE = "KMS", "IMMUTABLE"
_SHOWN_TAGS = 20
_ANOTHER = "Leave this one as it is: request a new registry beside it, and deliver to that"


def settings_for(
    request: RegistryRequest, repository: EcrDescription | None, controls: Mapping[Risk, RiskControls]
) -> dict[str, Literal]:
    """Return the optional settings of an entry that describes `repository` as it is: key, policy, tags that may move.

    Raises `AdoptionRefused` when there is none, when it belongs to another environment, or when its encryption is not
    that of the risk.
    """
    _require_adoptable(request, repository, controls)
    assert repository is not None  # noqa: S101  refused above
    own = controls[request.risk]
    settings: dict[str, Literal] = {ADOPTED: True}
    # Terraform replaces a repository whose key differs from the configuration, so the key is written as it is.
    if own.encryption == _KMS and repository.kms_key:
        settings["kms_key"] = repository.kms_key
    if own.mutability == _IMMUTABLE and repository.exclusions:
        settings["immutability_exclusions"] = list(repository.exclusions)
    try:
        described = policies.fields_for(repository.policy, repository.account)
    except ValueError as error:
        raise _refused(request, str(error), "Correct or remove the policy at ECR, then run again") from None
    return settings | {name: list(values) for name, values in described.items()}


def _require_adoptable(
    request: RegistryRequest, repository: EcrDescription | None, controls: Mapping[Risk, RiskControls]
) -> None:
    if repository is None:
        raise _refused(
            request, "ECR has no repository of that name there", "Correct the name, or request it without adopting"
        )
    # One account may hold several environments. A repository without the tag belongs to none of them yet.
    owner = repository.tags.get(f"{TAG_PREFIX}/environment", request.environment)
    if owner != request.environment:
        raise _refused(request, f"its tags say that it belongs to {owner}", f"Name {owner} as its environment")
    if repository.encryption != controls[request.risk].encryption:
        fitting = [risk.value for risk, brought in controls.items() if brought.encryption == repository.encryption]
        raise _refused(
            request,
            f"it is encrypted with {repository.encryption}, and risk {request.risk} has "
            f"{controls[request.risk].encryption}: ECR cannot change that, and a new repository would be empty",
            f"Adopt it with risk {' or '.join(fitting)}" if fitting else _ANOTHER,
        )


def now_at_ecr(repository: EcrDescription, images: Sequence[EcrImage]) -> str:
    """Return a section of the pull request: the repository as it is now."""
    rows = (
        ("images", str(len(images))),
        ("tag mutability", repository.mutability.lower()),
        ("scanned on push", "yes" if repository.scan_on_push else "no"),
        ("tags", ", ".join(f"{key} = {value}" for key, value in sorted(repository.tags.items()))),
        ("lifecycle policy", compliance.policy_in_words(repository.lifecycle) or repository.lifecycle),
        ("repository policy", compliance.policy_in_words(repository.policy) or repository.policy),
    )
    return f"### What ECR has now\n\n{review.markdown_table(('setting', 'now'), rows)}"


def expiry(images: Sequence[EcrImage], lifecycle: str, now: dt.datetime) -> str:
    """Return a section of the pull request: how many of `images` the planned policy `lifecycle` removes at once."""
    gone = _expired(images, lifecycle, now)
    tags = sorted(tag for image in images if image.digest in gone for tag in image.tags)
    more = "…" if len(tags) > _SHOWN_TAGS else ""
    named = f": {', '.join(map(as_markdown, tags[:_SHOWN_TAGS]))}{more}" if tags else ""
    text = (
        f"**{len(gone)} of its {len(images)} images would be removed within a day{named}.** To keep them, raise "
        "`retention.keep` in the entry, or tag them as releases of an environment before this is merged."
        if gone else f"None of its {len(images)} images would be removed by it within a day."
    )  # fmt: skip
    return f"### What its new lifecycle policy would remove\n\n{text}"


def _expired(images: Sequence[EcrImage], policy: str, now: dt.datetime) -> frozenset[str]:
    rules = lifecycle.parse_lifecycle(policy) if policy else ()
    return frozenset(lifecycle.expired_images(rules, lifecycle.lifecycle_images(images, now)))


def _refused(request: RegistryRequest, why: str, fix: str) -> AdoptionRefused:
    return AdoptionRefused(
        f"{request.name} in {request.environment} is not adopted", why=why[0].upper() + why[1:], fix=fix
    )
