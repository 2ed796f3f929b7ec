"""What a reviewer sees of a plan, and the record in the pull request by which the plan is known again at the apply."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from goldenpath.errors import PlanDrifted
from goldenpath.model.names import Digest
from goldenpath.registries import plans
from goldenpath.runner import as_markdown
from goldenpath.services.github_platform import LONGEST_TEXT, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.tools.terraform import Change, Plan

LABEL = "ecr-registry"
_RECORD = re.compile(r"<!-- goldenpath-plan: (\{[^\n]*\}) -->")
_LONGEST_VALUE = 120


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was reviewed: a plan for one registry in one environment, and who asked for it.

    `digest` is the plan's, `parts` are those of its changes; `removal` tells whether the registry goes.
    """

    environment: str
    name: str
    digest: str
    parts: tuple[str, ...]
    requester: str
    removal: bool = False

    @classmethod
    def of(cls, plan: Plan, environment: str, name: str, requester: str, *, removal: bool = False) -> Record:
        """Return the record of `plan`."""
        parts = tuple(str(each) for each in plans.change_digests(plan, environment))
        return cls(environment, str(name), str(plans.plan_digest(plan, environment)), parts, requester, removal)

    def require(self, plan: Plan) -> None:
        """Refuse with `PlanDrifted` a plan that is not the recorded one, nor what is left of it."""
        try:
            digest, parts = Digest(self.digest), [Digest(each) for each in self.parts]
        except ValueError as error:
            raise _no_record(str(error)) from None
        plans.require_reviewed(plan, self.environment, digest, parts)


def written(record: Record) -> str:
    """Return `record` as it stands in the text of a pull request, where people do not see it."""
    # Nothing in it may end the comment.
    told = msgspec.json.encode(record).decode().replace(">", "\\u003e")
    return f"<!-- goldenpath-plan: {told} -->"


def read(body: str) -> Record:
    """Return the record in the text of a pull request. Raises `PlanDrifted` when there is none, or several."""
    found = _RECORD.findall(body)
    if len(found) != 1:
        raise _no_record(f"the pull request's description holds {len(found)} records of a plan")
    try:
        return msgspec.json.decode(found[0], type=Record)
    except ValueError as error:
        raise _no_record(str(error)) from None


def description(record: Record, plan: Plan, raw: str, facts: Mapping[str, str], sections: Iterable[str] = ()) -> str:
    """Return the text of the pull request: what is asked, what would happen, and the raw plan folded.

    `raw` is the plan as Terraform shows it, `facts` are field → value, `sections` further paragraphs.
    """
    where = f"`{record.name}` in {record.environment}"
    head = "\n\n".join([
        f"## {'Remove' if record.removal else 'Registry'} {where}",
        table(("field", "value"), facts.items()),
        "### What would happen",
        changes(plan),
        *sections,
        (f"Merging applies exactly this plan, known by its digest `{record.digest}`; if it would do anything else by "
         "then, nothing is applied."),
    ])  # fmt: skip
    tail = f"\n\n{written(record)}"
    room = LONGEST_TEXT - len(head) - len(tail) - 200
    return f"{head}\n\n{folded('The plan as Terraform shows it', shortened(raw, room))}{tail}"


def changes(plan: Plan) -> str:
    """Return a table of what `plan` would do, and of what was changed behind Terraform's back."""
    if not plan.changes:
        return "Nothing: it is as it is described."
    rows = [(" and ".join(each.actions), each.address, _values(each)) for each in plan.changes]
    told = table(("action", "resource", "values"), rows)
    drift = ", ".join(as_markdown(each.address) for each in plan.drift)
    return told + (f"\n\nChanged outside of Terraform since: {drift}." if drift else "")


def table(head: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown; every cell is shown as it is, never as markup."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(as_markdown(cell) or '-' for cell in row)} |" for row in rows)])


def folded(title: str, text: str) -> str:
    """Return `text` as a block that is folded under `title`, whatever it holds."""
    fence = "`" * (max([2, *(len(run) for run in re.findall(r"`+", text))]) + 1)
    return f"<details><summary>{as_markdown(title)}</summary>\n\n{fence}\n{text.strip()}\n{fence}\n\n</details>"


def _values(change: Change) -> str:
    before, after = (side if isinstance(side, dict) else {} for side in (change.before, change.after))
    if not after:
        return ""
    told = [f"{name} = {_short(value)}" for name, value in sorted(after.items())
            if value not in (None, "", [], {}) and value != before.get(name)]  # fmt: skip
    return "; ".join(told)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _no_record(why: str) -> PlanDrifted:
    return PlanDrifted(
        "the pull request does not say which plan was reviewed",
        why=why,
        fix="nothing was applied; run the wizard for this registry: it opens a pull request with its plan",
    )
