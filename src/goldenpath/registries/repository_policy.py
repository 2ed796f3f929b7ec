"""Compares an ECR repository's own policy with the one that Terraform describes, statement by statement."""

from __future__ import annotations

from typing import Any

import msgspec

_LISTS = frozenset({"Action", "NotAction", "Resource", "NotResource", "AWS", "Federated", "Service", "CanonicalUser"})
UNREADABLE = "its repository policy cannot be read"


def deviations(found: str, described: str) -> tuple[str, ...]:
    """Return in words what differs between the policy `found` at ECR and the one that Terraform `described`.

    Both are JSON documents, empty where there is none. Statements count as the same whatever their order is, and
    whether one value is written by itself or as a list.
    """
    there, wanted = _statements(found), _statements(described)
    if there is None or wanted is None:
        return (UNREADABLE,)
    strange = [_summary(each) for key, each in there.items() if key not in wanted]
    missing = [_summary(each) for key, each in wanted.items() if key not in there]
    return tuple(
        [f"its repository policy has a statement that is not described: {each}" for each in strange]
        + [f"its repository policy lacks a statement: {each}" for each in missing]
    )


def _statements(document: str) -> dict[bytes, dict[str, Any]] | None:
    """Return the statements of `document` by an identity of each; `None` when it is not a policy."""
    if not document:
        return {}
    try:
        listed = msgspec.json.decode(document, type=dict[str, Any]).get("Statement", [])
        # AWS takes one statement by itself, too.
        each_one = msgspec.convert([listed] if isinstance(listed, dict) else listed, list[dict[str, Any]])
        return {msgspec.json.encode(_normal(each), order="sorted"): each for each in each_one}
    except (ValueError, RecursionError):
        return None


def _normal(value: Any, key: str = "") -> Any:  # noqa: ANN401  any value of JSON
    """Return `value` with one form for what IAM reads alike: a lone value as a list, principals under their kind."""
    if key == "Principal" and value == "*":
        return {"AWS": ["*"]}
    if isinstance(value, dict):
        # A statement's name says nothing about what it permits.
        return {name: _normal(each, name) for name, each in value.items() if (key, name) != ("", "Sid")}
    if key in _LISTS:
        return sorted(map(str, value)) if isinstance(value, list) else [str(value)]
    return value


def _summary(statement: dict[str, Any]) -> str:
    words = [str(statement.get(each, "")) for each in ("Sid", "Effect")]
    actions = statement.get("Action", statement.get("NotAction", ""))
    principal = msgspec.json.encode(statement.get("Principal", statement.get("NotPrincipal", ""))).decode()
    listed = ", ".join(map(str, actions)) if isinstance(actions, list) else str(actions)
    return " ".join(filter(None, [*words, listed, "to", principal]))
