"""What a plan would do, as a table that people read: each resource, and what its values become, in few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from goldenpath.runner import as_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.registries.terraform.plan_json import Change, Plan

_LONGEST_VALUE = 400
# The same again: what the provider's own tags add to those of the resource.
_ECHOES = frozenset({"tags_all"})


def table(head: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown; every cell is shown as it is, never as markup."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(as_markdown(cell) or '-' for cell in row)} |" for row in rows)])


def changes(plan: Plan) -> str:
    """Return a table of what `plan` would do; what it reads; and what was changed behind Terraform's back."""
    if not plan.changes:
        return "Nothing: it is as it is described."
    reads, drift = (", ".join(map(as_markdown, each)) for each in (plan.reads, [each.address for each in plan.drift]))
    told = actions(plan)
    told += f"\n\nData sources that it reads: {reads}." if reads else ""
    return told + (f"\n\nChanged outside of Terraform since: {drift}." if drift else "")


def actions(plan: Plan) -> str:
    """Return a table of every change of `plan`, and of nothing that its digest leaves out."""
    rows = [(" and ".join(each.actions), each.address, "; ".join(_values(each))) for each in plan.changes]
    return table(("action", "resource", "values"), rows)


def _values(change: Change) -> Iterator[str]:
    """Yield each value that is set or becomes another one; nothing of a resource that goes."""
    before, after = (side if isinstance(side, dict) else {} for side in (change.before, change.after))
    for name, value in sorted(after.items()):
        if name not in _ECHOES and value not in (None, "", [], {}) and value != before.get(name):
            text = " ".join(_readable(name, value, before.get(name)).split())
            yield text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _readable(name: str, value: Any, before: object) -> str:  # noqa: ANN401  any value of JSON
    match value:
        case dict():
            old = before if isinstance(before, dict) else {}
            changed = [f"{key} = {_plain(text)}" for key, text in value.items() if old.get(key) != text]
            gone = [f"no {key}" for key in old if key not in value]
            return f"{name}: {', '.join(changed + gone)}"
        case [dict(), *_]:
            return ", ".join(
                f"{key} = {_plain(text)}" for block in value for key, text in block.items() if text is not None
            )
        case str() if document := _document(value):
            return f"{name}: {document}"
        case _:
            return f"{name} = {_plain(value)}"


def _document(text: str) -> str:
    """Return a lifecycle or repository policy in words; empty for what is neither."""
    try:
        parsed: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
        if rules := parsed.get("rules"):
            return ". ".join(str(rule["description"]) for rule in rules)
        statements = parsed.get("Statement", [])
        return ". ".join(
            f"{each['Effect']} {_plain(each['Action'])} to {_plain(each['Principal'])}" for each in statements
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return msgspec.json.encode(value).decode()
