"""What a reviewer sees of a plan, and the record in the pull request by which the plan is known again at the apply."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from goldenpath.errors import PlanDrifted
from goldenpath.model.names import Digest
from goldenpath.registries.github.repository import LONGEST_TEXT, shortened
from goldenpath.registries.terraform import plans
from goldenpath.runner import as_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.registries.terraform.plans import PlannedChange, TerraformPlan

LABEL = "ecr-registry"
# docs.github.com, "GITHUB_TOKEN": runs for what a workflow's token did wait until somebody approves them.
_CHECKS = (
    "A workflow opened this pull request, so its checks do not start by themselves. If they are required, somebody "
    "with write access starts them: *Approve workflows to run*, at the end of this page. Do not close and reopen the "
    "pull request, because what was opened again is not applied."
)
_RECORD = re.compile(r"<!-- goldenpath-plan: (\{[^\n]*\}) -->")
_LONGEST_VALUE = 400
# The same again: what the provider's own tags add to those of the resource.
_ECHOES = frozenset({"tags_all"})


class PlanRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was reviewed: a plan for one registry in one environment, and who asked for it.

    `digest` is the plan's, `parts` are those of its changes; `removal` tells whether the registry goes, and `signs` are
    the keys of the signs of its use that were shown. `run` is the workflow run that proposed it, and its attempt;
    `form` is the form of the digests.
    """

    environment: str
    name: str
    digest: str
    parts: tuple[str, ...]
    requester: str
    removal: bool = False
    signs: tuple[str, ...] = ()
    run: str = ""
    form: int = 1

    @classmethod
    def of(
        cls,
        plan: TerraformPlan,
        environment: str,
        name: str,
        requester: str,
        *,
        run: str = "",
        removal: bool = False,
        signs: tuple[str, ...] = (),
    ) -> PlanRecord:
        """Return the record of `plan`."""
        parts = tuple(str(each) for each in plans.change_digests(plan, environment))
        digest = str(plans.plan_digest(plan, environment))
        return cls(environment, str(name), digest, parts, requester, removal, signs, run, plans.FORM)

    def require(self, plan: TerraformPlan) -> None:
        """Refuse with `PlanDrifted` a plan that is not the recorded one, nor what is left of it."""
        try:
            digest, parts = Digest(self.digest), [Digest(each) for each in self.parts]
        except ValueError as error:
            raise _no_record(str(error)) from None
        if self.form != plans.FORM:
            raise PlanDrifted(
                "the plan was reviewed before plans were known by what they read, their providers and their region",
                why="the pull request was opened by an earlier version of the wizard, so these were not compared",
                fix="nothing was applied; run the wizard again for this registry: it has the plan reviewed as it is",
            )
        plans.require_reviewed(plan, self.environment, digest, parts)


def record_comment(record: PlanRecord) -> str:
    """Return `record` as it stands in the text of a pull request, where people do not see it."""
    # Nothing in it may end the comment.
    told = msgspec.json.encode(record).decode().replace(">", "\\u003e")
    return f"<!-- goldenpath-plan: {told} -->"


def read_record(body: str) -> PlanRecord:
    """Return the record in the text of a pull request. Raises `PlanDrifted` when there is none, or several."""
    found = _RECORD.findall(body)
    if len(found) != 1:
        raise _no_record(f"the pull request's description holds {len(found)} records of a plan")
    try:
        return msgspec.json.decode(found[0], type=PlanRecord)
    except ValueError as error:
        raise _no_record(str(error)) from None


@dataclass(frozen=True)
class PullRequestText:
    """What a pull request says beside its plan: `verb` (what it does), `facts` (field → value), paragraphs around it.

    `lead` comes before what would happen, `sections` after it.
    """

    verb: str
    facts: Mapping[str, str]
    lead: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()


def require_plan_shown(record: PlanRecord, plan: TerraformPlan, body: str) -> None:
    """Refuse with `PlanDrifted` a description `body` that does not show `plan`, which is about to be applied.

    What is left of a plan after an apply that broke half-way was shown as a part of the whole.
    """
    is_whole = str(plans.plan_digest(plan, record.environment)) == record.digest
    wanted = [_promise(record), *([actions_table(plan)] if is_whole and plan.changes else [])]
    if any(each not in body.replace("\r\n", "\n") for each in wanted):
        raise PlanDrifted(
            "the pull request did not show the plan that would be applied",
            why="its description holds another table, or another digest, than this plan has",
            fix="nothing was applied; run the wizard for this registry: it opens a pull request with its plan",
        )


def title(record: PlanRecord, verb: str) -> str:
    """Return the title of the pull request."""
    return f"{verb} registry {record.name} ({record.environment})"


def description(record: PlanRecord, plan: TerraformPlan, raw: str, told: PullRequestText) -> str:
    """Return the text of the pull request: what is asked, what would happen, and the raw plan folded.

    `raw` is the plan as Terraform shows it.
    """
    head = "\n\n".join([
        f"## {told.verb} registry `{record.name}` in {record.environment}",
        *told.lead,
        markdown_table(("field", "value"), told.facts.items()),
        "### What would happen",
        changes_table(plan),
        *told.sections,
        "### When it is merged",
        _promise(record),
        _CHECKS,
    ])  # fmt: skip
    tail = f"\n\n{record_comment(record)}"
    room = LONGEST_TEXT - len(head) - len(tail) - 200
    return f"{head}\n\n{collapsible('The plan as Terraform shows it', shortened(raw, room))}{tail}"


def collapsible(title: str, text: str) -> str:
    """Return `text` as a block that is folded under `title`, whatever it holds."""
    fence = "`" * (max([2, *(len(run) for run in re.findall(r"`+", text))]) + 1)
    return f"<details><summary>{as_markdown(title)}</summary>\n\n{fence}\n{text.strip()}\n{fence}\n\n</details>"


def _promise(record: PlanRecord) -> str:
    return (
        f"Exactly this plan is applied, known by its digest `{record.digest}`. If it would do anything else by then, "
        "nothing is applied, and this pull request says why."
    )


def _no_record(why: str) -> PlanDrifted:
    return PlanDrifted(
        "the pull request does not say which plan was reviewed",
        why=why,
        fix="nothing was applied; run the wizard for this registry: it opens a pull request with its plan",
    )


def markdown_table(head: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown; every cell is shown as it is, never as markup."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(as_markdown(cell) or '-' for cell in row)} |" for row in rows)])


def changes_table(plan: TerraformPlan) -> str:
    """Return a table of what `plan` would do; what it reads; and what was changed behind Terraform's back."""
    if not plan.changes:
        return "Nothing: it is as it is described."
    reads, drift = (", ".join(map(as_markdown, each)) for each in (plan.reads, [each.address for each in plan.drift]))
    told = actions_table(plan)
    told += f"\n\nData sources that it reads: {reads}." if reads else ""
    return told + (f"\n\nChanged outside of Terraform since: {drift}." if drift else "")


def actions_table(plan: TerraformPlan) -> str:
    """Return a table of every change of `plan`, and of nothing that its digest leaves out."""
    rows = [(" and ".join(each.actions), each.address, "; ".join(_values(each))) for each in plan.changes]
    return markdown_table(("action", "resource", "values"), rows)


def _values(change: PlannedChange) -> Iterator[str]:
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
