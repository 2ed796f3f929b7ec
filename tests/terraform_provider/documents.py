"""How the real provider compares the JSON of policies, and writes it.

Sources: `equivalentLifecyclePolicyJSON` (internal/service/ecr/lifecycle_policy.go), `structure.NormalizeJsonString`
of the plugin SDK, and the library awspolicyequivalence.
"""

from __future__ import annotations

import json
from typing import Any

_SELECTION = (
    "tagStatus", "tagPatternList", "tagPrefixList", "storageClass", "countType", "countUnit", "countNumber",
)  # fmt: skip
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def normalized(text: str) -> str:
    """Return the JSON document `text` as Go's encoder writes it: keys sorted, no spaces, no characters of HTML."""
    written = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for character, escape in _ESCAPED.items():
        written = written.replace(character, escape)
    return written


def is_json(text: str) -> bool:
    """Tell whether `text` is a JSON document."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def same_lifecycle(one: str, other: str) -> bool:
    """Tell whether two lifecycle policies do the same: neither order nor fields that ECR does not know count."""
    return _rules(one) == _rules(other)


def same_policy(one: str, other: str) -> bool:
    """Tell whether two repository policies say the same: lists of one and the order of lists do not count."""
    return bool(_sorted(json.loads(one or "{}")) == _sorted(json.loads(other or "{}")))


def _rules(text: str) -> list[Any]:
    rules = json.loads(text.strip() or "{}").get("rules") or []
    return [
        (rule.get("rulePriority"), rule.get("description"), _selection(rule.get("selection") or {}), rule.get("action"))
        for rule in sorted(rules, key=lambda rule: rule.get("rulePriority") or 0)
    ]


def _selection(selection: dict[str, Any]) -> dict[str, Any]:
    known = {name: selection[name] for name in _SELECTION if selection.get(name) not in (None, [])}
    return {name: sorted(value) if isinstance(value, list) else value for name, value in known.items()}


def _sorted(value: Any) -> Any:  # noqa: ANN401  any JSON
    if isinstance(value, dict):
        return {name: _sorted(inner) for name, inner in value.items()}
    if isinstance(value, list):
        inner = sorted((_sorted(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
        return inner[0] if len(inner) == 1 else inner
    return value
