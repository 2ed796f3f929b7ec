"""Whether a registry is as its entry asks: what ECR describes, held against the entry and what its risk brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.registries import repository_policy

if TYPE_CHECKING:
    from goldenpath.registries.aws.ecr import Described
    from goldenpath.registries.config.controls import Controls
    from goldenpath.registries.config.ecr_tf import Registry

TAG = "goldenpath.idp"


def deviations(registry: Registry, brought: Controls, found: Described | None, described: str = "") -> tuple[str, ...]:
    """Return every rule that the repository `found` breaks, in words; `None` stands for one that is not there.

    `described` is the repository policy that Terraform describes, empty for none: any other statement may let strangers
    push or pull, so it is a deviation.
    """
    if found is None:
        return ("the repository does not exist",)
    exclusions = "_WITH_EXCLUSION" if registry.more.get("immutability_exclusions") else ""
    expected = {
        f"tag {TAG}/id": (registry.id, found.tags.get(f"{TAG}/id", "")),
        f"tag {TAG}/owner": (registry.owner, found.tags.get(f"{TAG}/owner", "")),
        f"tag {TAG}/risk": (registry.risk.value, found.tags.get(f"{TAG}/risk", "")),
        f"tag {TAG}/environment": (registry.environment, found.tags.get(f"{TAG}/environment", "")),
        "tag mutability": (brought.mutability + exclusions, found.mutability),
        "encryption": (brought.encryption, found.encryption),
    }
    told = [f"{what} is {is_ or 'missing'}, not {wanted}" for what, (wanted, is_) in expected.items() if wanted != is_]
    told += [] if found.scan_on_push else ["images are not scanned on push"]
    told += [] if found.lifecycle else ["there is no lifecycle policy"]
    if registry.deprecated_since and not found.policy:
        told.append("pushes are not refused, though it is deprecated")
    return (*told, *repository_policy.deviations(found.policy, described))


def announced(found: Described | None) -> tuple[str, str]:
    """Return the first and the last day of the grace period that was applied; empty where there is none."""
    tags = found.tags if found else {}
    return tags.get(f"{TAG}/deprecated-since", ""), tags.get(f"{TAG}/remove-after", "")
