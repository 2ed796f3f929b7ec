"""Whether ECR has a registry as its entry asks: settings, tags, lifecycle policy and repository policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from goldenpath.registries import policies
from goldenpath.shared import codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.registries.aws.ecr import EcrDescription
    from goldenpath.registries.config.ecr_tf import RegistryEntry, RiskControls

TAG_PREFIX = "goldenpath.idp"
UNREADABLE_POLICY = "its repository policy cannot be read"


@dataclass(frozen=True)
class GracePeriod:
    """The first and the last day of a grace period, as ISO dates; empty where there is none."""

    since: str = ""
    until: str = ""


def deviations(
    registry: RegistryEntry,
    controls: RiskControls,
    repository: EcrDescription | None,
    planned_policy: str = "",
    planned_lifecycle: str = "",
) -> tuple[str, ...]:
    """Return a sentence for every rule that `repository` breaks; `None` stands for a missing repository.

    `planned_policy` is the repository policy that Terraform describes, empty for none. `planned_lifecycle` is its
    lifecycle policy, empty where it is not known.
    """
    if repository is None:
        return ("the repository does not exist",)
    broken = [
        f"{rule} is {actual or 'missing'}, not {wanted}"
        for rule, (wanted, actual) in _expected(registry, controls, repository).items()
        if wanted != actual
    ]
    broken += [] if repository.scan_on_push else ["images are not scanned on push"]
    broken += lifecycle_deviations(repository.lifecycle, planned_lifecycle)
    if registry.deprecated_since and not repository.policy:
        broken.append("pushes are not refused, though it is deprecated")
    return (*broken, *policy_deviations(repository.policy, planned_policy, repository.account))


def _expected(
    registry: RegistryEntry, controls: RiskControls, repository: EcrDescription
) -> dict[str, tuple[str, str]]:
    """Return rule → the value that the entry asks for, and the value at ECR."""
    tags, key = repository.tags, registry.kms_key
    return {
        f"tag {TAG_PREFIX}/id": (registry.id, tags.get(f"{TAG_PREFIX}/id", "")),
        f"tag {TAG_PREFIX}/owner": (registry.owner, tags.get(f"{TAG_PREFIX}/owner", "")),
        f"tag {TAG_PREFIX}/risk": (registry.risk.value, tags.get(f"{TAG_PREFIX}/risk", "")),
        f"tag {TAG_PREFIX}/environment": (registry.environment, tags.get(f"{TAG_PREFIX}/environment", "")),
        "tag mutability": (registry.mutability(controls), repository.mutability),
        "the list of tags that may move": (_listed(registry.exclusions), _listed(repository.exclusions)),
        "encryption": (controls.encryption, repository.encryption),
        # Without a key of its own in the entry, AWS's key for ECR is used, whose ARN nobody has to write.
        "KMS key": (key, repository.kms_key if key else ""),
    }


def _listed(filters: Iterable[str]) -> str:
    return ", ".join(sorted(filters)) or "empty"


def announced_grace_period(repository: EcrDescription | None) -> GracePeriod:
    """Return the grace period in the tags of `repository`: the one that was applied, and its owners can see."""
    tags = repository.tags if repository else {}
    return GracePeriod(tags.get(f"{TAG_PREFIX}/deprecated-since", ""), tags.get(f"{TAG_PREFIX}/remove-after", ""))


def policy_deviations(actual: str, planned: str, account: str = "") -> tuple[str, ...]:
    """Return a sentence for every statement that the repository policies `actual` and `planned` do not share.

    Both are JSON documents, empty where there is none. The order of statements does not count, nor whether a single
    value is written as a list. `account` owns the repository.
    """
    # Any statement that Terraform does not describe may let somebody else push or pull, so an extra one is a deviation
    # too. AWS stores a policy in another order and form than it was sent in: the texts cannot be compared.
    present, wanted = policies.statements(actual), policies.statements(planned)
    if present is None or wanted is None:
        return (UNREADABLE_POLICY,)
    extra = [statement for key, statement in present.items() if key not in wanted]
    missing = [policies.summary(statement) for key, statement in wanted.items() if key not in present]
    return tuple(
        [f"its repository policy has a statement that is not described: {policies.summary(statement)}"
         f"{_advice(statement, account)}" for statement in extra]
        + [f"its repository policy lacks a statement: {summary}" for summary in missing]
    )  # fmt: skip


def _advice(statement: Mapping[str, Any], account: str) -> str:
    if policies.is_open_to_everybody(statement):
        return " (dangerous: it is open to everybody)"
    setting = policies.setting_for(statement, account)
    return f" (to describe it, add {setting} to its entry)" if setting else ""


def lifecycle_deviations(actual: str, planned: str) -> tuple[str, ...]:
    """Return a sentence for every rule that the lifecycle policies `actual` and `planned` do not share.

    Both are JSON documents; `planned` is empty where it is not known. Descriptions and order do not count.
    """
    # ECR sorts rules by priority and may write them in another form, so what they do is compared, not the text.
    if not actual:
        return ("there is no lifecycle policy",)
    if not planned:
        return ()
    present, wanted = _lifecycle_rules(actual), _lifecycle_rules(planned)
    if present is None or wanted is None:
        return ("its lifecycle policy cannot be read",)
    return tuple(
        [f"its lifecycle policy has a rule that is not described: {_rule_in_words(rule)}"
         for key, rule in present.items() if key not in wanted]
        + [f"its lifecycle policy lacks a rule: {_rule_in_words(rule)}"
           for key, rule in wanted.items() if key not in present]
    )  # fmt: skip


def _lifecycle_rules(document: str) -> dict[bytes, dict[str, Any]] | None:
    """Return the rules of a lifecycle policy, keyed by what they do; `None` when it is none."""
    try:
        rules = codec.convert(codec.decode(document, dict[str, Any]).get("rules", []), list[dict[str, Any]])
        return {msgspec.json.encode(_rule_effect(rule), order="sorted"): rule for rule in rules}
    except (ValueError, RecursionError):
        return None


def _rule_effect(value: Any) -> Any:  # noqa: ANN401  any value of JSON
    """Return a rule without its description, and without the storage class that ECR uses where none is named."""
    if isinstance(value, dict):
        return {
            name: _rule_effect(item)
            for name, item in value.items()
            if name != "description" and (name, item) != ("storageClass", "standard")
        }
    return sorted(map(str, value)) if isinstance(value, list) else value


def _rule_in_words(rule: Mapping[str, Any]) -> str:
    selection = rule.get("selection") or {}
    words = ", ".join(f"{name} {plain_value(value)}" for name, value in selection.items())
    return f"{rule.get('rulePriority', '?')} ({words})"


def policy_in_words(document: str) -> str:
    """Return a lifecycle or repository policy as sentences; empty when `document` is neither."""
    try:
        parsed = codec.decode(document, dict[str, Any])
        if rules := parsed.get("rules"):
            return ". ".join(str(rule["description"]) for rule in rules)
        return ". ".join(
            f"{statement['Effect']} {plain_value(statement['Action'])} to {plain_value(statement['Principal'])}"
            + (f" if {plain_value(statement['Condition'])}" if statement.get("Condition") else "")
            for statement in parsed.get("Statement", [])
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def plain_value(value: object) -> str:
    """Return a value of JSON for people: texts without quotes, lists of texts joined by commas."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return msgspec.json.encode(value).decode()
