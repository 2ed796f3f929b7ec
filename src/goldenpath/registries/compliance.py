"""Whether ECR has a registry as its entry asks: settings, tags, lifecycle policy and repository policy.

Source: IAM user guide, "Policy grammar".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from goldenpath.shared import codec

if TYPE_CHECKING:
    from goldenpath.registries.aws.ecr import EcrDescription
    from goldenpath.registries.config.ecr_tf import RegistryEntry, RiskControls

TAG_PREFIX = "goldenpath.idp"
UNREADABLE_POLICY = "its repository policy cannot be read"
# The keys of a policy whose value may be one text or a list of them.
_LISTS = frozenset({"Action", "NotAction", "Resource", "NotResource", "AWS", "Federated", "Service", "CanonicalUser"})


@dataclass(frozen=True)
class GracePeriod:
    """The first and the last day of a grace period, as ISO dates; empty where there is none."""

    since: str = ""
    until: str = ""


def deviations(
    registry: RegistryEntry, controls: RiskControls, repository: EcrDescription | None, planned_policy: str = ""
) -> tuple[str, ...]:
    """Return a sentence for every rule that `repository` breaks; `None` stands for a missing repository.

    `planned_policy` is the repository policy that Terraform describes, empty for none.
    """
    if repository is None:
        return ("the repository does not exist",)
    tags = repository.tags
    expected = {
        f"tag {TAG_PREFIX}/id": (registry.id, tags.get(f"{TAG_PREFIX}/id", "")),
        f"tag {TAG_PREFIX}/owner": (registry.owner, tags.get(f"{TAG_PREFIX}/owner", "")),
        f"tag {TAG_PREFIX}/risk": (registry.risk.value, tags.get(f"{TAG_PREFIX}/risk", "")),
        f"tag {TAG_PREFIX}/environment": (registry.environment, tags.get(f"{TAG_PREFIX}/environment", "")),
        "tag mutability": (registry.mutability(controls), repository.mutability),
        "encryption": (controls.encryption, repository.encryption),
    }
    broken = [
        f"{rule} is {actual or 'missing'}, not {wanted}"
        for rule, (wanted, actual) in expected.items()
        if wanted != actual
    ]
    broken += [] if repository.scan_on_push else ["images are not scanned on push"]
    broken += [] if repository.lifecycle else ["there is no lifecycle policy"]
    if registry.deprecated_since and not repository.policy:
        broken.append("pushes are not refused, though it is deprecated")
    return (*broken, *policy_deviations(repository.policy, planned_policy))


def announced_grace_period(repository: EcrDescription | None) -> GracePeriod:
    """Return the grace period in the tags of `repository`: the one that was applied, and its owners can see."""
    tags = repository.tags if repository else {}
    return GracePeriod(tags.get(f"{TAG_PREFIX}/deprecated-since", ""), tags.get(f"{TAG_PREFIX}/remove-after", ""))


def policy_deviations(actual: str, planned: str) -> tuple[str, ...]:
    """Return a sentence for every statement that the repository policies `actual` and `planned` do not share.

    Both are JSON documents, empty where there is none. The order of statements does not count, nor whether a single
    value is written as a list.
    """
    # Any statement that Terraform does not describe may let somebody else push or pull, so an extra one is a deviation
    # too. AWS stores a policy in another order and form than it was sent in: the texts cannot be compared.
    present, wanted = _statements(actual), _statements(planned)
    if present is None or wanted is None:
        return (UNREADABLE_POLICY,)
    extra = [_summary(statement) for key, statement in present.items() if key not in wanted]
    missing = [_summary(statement) for key, statement in wanted.items() if key not in present]
    return tuple(
        [f"its repository policy has a statement that is not described: {summary}" for summary in extra]
        + [f"its repository policy lacks a statement: {summary}" for summary in missing]
    )


def policy_in_words(document: str) -> str:
    """Return a lifecycle or repository policy as sentences; empty when `document` is neither."""
    try:
        parsed = codec.decode(document, dict[str, Any])
        if rules := parsed.get("rules"):
            return ". ".join(str(rule["description"]) for rule in rules)
        return ". ".join(
            f"{statement['Effect']} {plain_value(statement['Action'])} to {plain_value(statement['Principal'])}"
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


def _statements(document: str) -> dict[bytes, dict[str, Any]] | None:
    """Return the statements of `document`, keyed by their normal form; `None` when it is not a policy."""
    if not document:
        return {}
    try:
        raw = codec.decode(document, dict[str, Any]).get("Statement", [])
        # AWS takes a single statement without a list, too.
        statements = codec.convert([raw] if isinstance(raw, dict) else raw, list[dict[str, Any]])
        return {msgspec.json.encode(_normalized(item), order="sorted"): item for item in statements}
    except (ValueError, RecursionError):
        return None


def _normalized(value: Any, key: str = "") -> Any:  # noqa: ANN401  any value of JSON
    """Return `value` in one form for what IAM reads alike: single values as lists, principals under their kind."""
    if key == "Principal" and value == "*":
        return {"AWS": ["*"]}
    if isinstance(value, dict):
        # The name of a statement (`Sid`) permits nothing.
        return {name: _normalized(item, name) for name, item in value.items() if (key, name) != ("", "Sid")}
    if key in _LISTS:
        return sorted(map(str, value)) if isinstance(value, list) else [str(value)]
    return value


def _summary(statement: dict[str, Any]) -> str:
    words = [str(statement.get(key, "")) for key in ("Sid", "Effect")]
    actions = statement.get("Action", statement.get("NotAction", ""))
    principal = msgspec.json.encode(statement.get("Principal", statement.get("NotPrincipal", ""))).decode()
    joined = ", ".join(map(str, actions)) if isinstance(actions, list) else str(actions)
    return " ".join(filter(None, [*words, joined, "to", principal]))
