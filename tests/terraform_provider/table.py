"""Where the real provider replaces a resource, and where the stand-in still differs from it.

Read in the public source of hashicorp/terraform-provider-aws, 6.x: `repository.go` and `lifecycle_policy.go` of
January 2026, `repository_policy.go` of the last 5.x that is published (its schema is the same in 6.x).
"""

from __future__ import annotations

from dataclasses import dataclass

_ECR = "internal/service/ecr"
_REGION = "internal/provider/sdkv2: each regional resource gets `region`, whose change forces a new resource"
_NEVER = "no `ForceNew`"


@dataclass(frozen=True)
class Argument:
    """An argument of a resource: whether its change replaces the resource, and where the real provider says so."""

    kind: str
    name: str
    forces_new: bool
    source: str


ARGUMENTS = (
    Argument("aws_ecr_repository", "name", forces_new=True, source=f"{_ECR}/repository.go:135"),
    Argument("aws_ecr_repository", "encryption_configuration", forces_new=True, source=f"{_ECR}/repository.go:80"),
    Argument(
        "aws_ecr_repository", "encryption_configuration.encryption_type", forces_new=True,
        source=f"{_ECR}/repository.go:67",
    ),
    Argument(
        "aws_ecr_repository", "encryption_configuration.kms_key", forces_new=True, source=f"{_ECR}/repository.go:75"
    ),
    Argument("aws_ecr_repository", "region", forces_new=True, source=_REGION),
    Argument("aws_ecr_repository", "id", forces_new=False, source=_NEVER),
    Argument("aws_ecr_repository", "force_delete", forces_new=False, source=_NEVER),
    Argument("aws_ecr_repository", "image_tag_mutability", forces_new=False, source=_NEVER),
    Argument("aws_ecr_repository", "tags", forces_new=False, source=_NEVER),
    Argument("aws_ecr_repository", "tags_all", forces_new=False, source=_NEVER),
    Argument("aws_ecr_repository", "image_scanning_configuration", forces_new=False, source=_NEVER),
    Argument("aws_ecr_repository", "image_scanning_configuration.scan_on_push", forces_new=False, source=_NEVER),
    Argument("aws_ecr_repository", "image_tag_mutability_exclusion_filter", forces_new=False, source=_NEVER),
    Argument("aws_ecr_repository", "image_tag_mutability_exclusion_filter.filter", forces_new=False, source=_NEVER),
    Argument(
        "aws_ecr_repository", "image_tag_mutability_exclusion_filter.filter_type", forces_new=False, source=_NEVER
    ),
    Argument("aws_ecr_repository", "timeouts", forces_new=False, source=_NEVER),
    Argument("aws_ecr_repository", "timeouts.delete", forces_new=False, source=_NEVER),
    # It has no update at all: each change is "destroy, then create" (hashicorp/terraform-provider-aws#49624).
    Argument("aws_ecr_lifecycle_policy", "policy", forces_new=True, source=f"{_ECR}/lifecycle_policy.go:46"),
    Argument("aws_ecr_lifecycle_policy", "repository", forces_new=True, source=f"{_ECR}/lifecycle_policy.go:62"),
    Argument("aws_ecr_lifecycle_policy", "region", forces_new=True, source=_REGION),
    Argument("aws_ecr_lifecycle_policy", "id", forces_new=False, source=_NEVER),
    Argument("aws_ecr_repository_policy", "policy", forces_new=False, source=f"{_NEVER}; it has an update"),
    Argument("aws_ecr_repository_policy", "repository", forces_new=True, source=f"{_ECR}/repository_policy.go:56"),
    Argument("aws_ecr_repository_policy", "region", forces_new=True, source=_REGION),
    Argument("aws_ecr_repository_policy", "id", forces_new=False, source=_NEVER),
)  # fmt: skip

# What the stand-in does otherwise than the real provider. Whoever finds another difference adds it here, or ends it.
DIFFERENCES = (
    "The provider takes `region`, `allowed_account_ids`, `default_tags` and `ignore_tags`, and no other setting.",
    "Nothing is retried after a creation until it can be read: the emulator forgets nothing.",
    "Partitions without tags at creation (ISO) are not known.",
    "Two repository policies are equal if they are after sorting; the real provider compares ARNs of accounts too.",
    "Resource identities (`import` by `identity`) are not known; `import` by `id` is.",
    "What AWS refuses is what moto refuses: names, filters, life cycles, policies as far as moto reads them.",
)


def replacing(kind: str) -> tuple[str, ...]:
    """Return the arguments of the resource type `kind` whose change replaces it, without those inside of blocks."""
    return tuple(
        argument.name
        for argument in ARGUMENTS
        if argument.kind == kind and argument.forces_new and "." not in argument.name
    )
