"""The text of a pull request: the plan as reviewers read it, and a hidden record of it that the apply compares."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from goldenpath.registries.compliance import plain_value, policy_in_words
from goldenpath.registries.github.repository import LONGEST_TEXT, shortened
from goldenpath.registries.terraform import plans
from goldenpath.shared import codec
from goldenpath.shared.errors import PlanDrifted
from goldenpath.shared.names import Digest
from goldenpath.shared.shown_text import as_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.registries.terraform.plans import PlannedChange, TerraformPlan

LABEL = "ecr-registry"
# docs.github.com, "GITHUB_TOKEN": events that a workflow's own token causes start no workflow runs by themselves.
_CHECKS = (
    "A workflow opened this pull request, so its checks do not start by themselves. If they are required, somebody "
    "with write access starts them: *Approve workflows to run*, at the end of this page. Do not close and reopen the "
    "pull request, because what was opened again is not applied."
)
_RECORD = re.compile(r"<!-- goldenpath-plan: (\{[^\n]*\}) -->")
_LONGEST_VALUE = 400
# `tags_all` repeats `tags`, plus the default tags of the provider.
_ECHOES = frozenset({"tags_all"})


class PlanRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reviewed plan of one registry in one environment, and its requester.

    `digest` is the plan's, `parts` are the digests of its changes, `endings` those of their rest after an interrupted
    apply, and `form` the version of them. With `removal` the
    registry is removed, and `signs` are the keys of the displayed signs of use. `run` is the workflow run and attempt
    that proposed it.
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
    endings: tuple[str, ...] = ()

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
        parts = tuple(str(part) for part in plans.change_digests(plan, environment))
        digest = str(plans.plan_digest(plan, environment))
        endings = tuple(str(ending) for ending in plans.ending_digests(plan, environment))
        return cls(environment, str(name), digest, parts, requester, removal, signs, run, plans.FORM, endings)

    def require(self, plan: TerraformPlan, *, was_interrupted: bool = False) -> None:
        """Refuse with `PlanDrifted` a plan that is neither the recorded one nor an unfinished part of it.

        With `was_interrupted` an apply of this pull request began and did not end: the rest of a change is a part, too.
        """
        try:
            digest, parts = Digest(self.digest), [Digest(part) for part in self.parts]
            endings = [Digest(ending) for ending in self.endings] if was_interrupted else []
        except ValueError as error:
            raise _no_record(str(error)) from None
        if self.form != plans.FORM:
            raise PlanDrifted(
                "The plan was reviewed before plans were known by what they read, their providers and their region",
                why="The pull request was opened by an earlier version of the wizard, so these were not compared",
                fix="Nothing was applied; run the wizard again for this registry: it has the plan reviewed as it is",
            )
        plans.require_reviewed(plan, self.environment, digest, parts, endings)


def record_comment(record: PlanRecord) -> str:
    """Return `record` as an HTML comment, which GitHub does not display."""
    # A name in it must not end the comment: what follows would be displayed, or be read as another record.
    encoded = msgspec.json.encode(record).decode().replace(">", "\\u003e")
    return f"<!-- goldenpath-plan: {encoded} -->"


def read_record(body: str) -> PlanRecord:
    """Return the record in the text of a pull request. Raises `PlanDrifted` when there is none, or several."""
    # Of two records one could be shown to reviewers and the other applied, so several are refused.
    recorded = _RECORD.findall(body)
    if len(recorded) != 1:
        raise _no_record(f"the pull request's description holds {len(recorded)} records of a plan")
    try:
        return codec.decode(recorded[0], PlanRecord)
    except ValueError as error:
        raise _no_record(str(error)) from None


@dataclass(frozen=True)
class PullRequestText:
    """The text of a pull request around its plan: a `verb` for the heading, and `facts` (field → value).

    `lead` are paragraphs before the plan, `sections` after it.
    """

    verb: str
    facts: Mapping[str, str]
    lead: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()


def require_plan_shown(record: PlanRecord, plan: TerraformPlan, body: str) -> None:
    """Refuse with `PlanDrifted` a description `body` that does not show `plan`, which is about to be applied."""
    # The seal covers the text, but rests on what the wizard wrote. Rendering the table again from this plan makes the
    # two checks independent (ADR 0015). A part that an interrupted apply left undone was shown as part of the whole.
    is_whole = str(plans.plan_digest(plan, record.environment)) == record.digest
    wanted = [_promise(record), *([actions_table(plan)] if is_whole and plan.changes else [])]
    if any(text not in body.replace("\r\n", "\n") for text in wanted):
        raise PlanDrifted(
            "The pull request did not show the plan that would be applied",
            why="Its description holds another table, or another digest, than this plan has",
            fix="Nothing was applied; run the wizard for this registry: it opens a pull request with its plan",
        )


def title(record: PlanRecord, verb: str) -> str:
    """Return the title of the pull request."""
    return f"{verb} registry {record.name} ({record.environment})"


def description(record: PlanRecord, plan: TerraformPlan, raw: str, text: PullRequestText) -> str:
    """Return the description of the pull request; `raw` is the plan as Terraform prints it, shown collapsed."""
    head = "\n\n".join([
        f"## {text.verb} registry `{record.name}` in {record.environment}",
        *text.lead,
        markdown_table(("field", "value"), text.facts.items()),
        "### What would happen",
        changes_table(plan),
        *text.sections,
        "### When it is merged",
        _promise(record),
        _CHECKS,
    ])  # fmt: skip
    # The record comes last and whole: only the raw plan is shortened to what GitHub stores of a description.
    tail = f"\n\n{record_comment(record)}"
    room = LONGEST_TEXT - len(head) - len(tail) - 200
    return f"{head}\n\n{collapsible('The plan as Terraform shows it', shortened(raw, room))}{tail}"


def collapsible(title: str, text: str) -> str:
    """Return `text` as a collapsed code block under `title`."""
    # A longer fence than any in the text, so that nothing in a plan becomes markup.
    fence = "`" * (max([2, *(len(run) for run in re.findall(r"`+", text))]) + 1)
    return f"<details><summary>{as_markdown(title)}</summary>\n\n{fence}\n{text.strip()}\n{fence}\n\n</details>"


def _promise(record: PlanRecord) -> str:
    return (
        f"Exactly this plan is applied, known by its digest `{record.digest}`. If it would do anything else by then, "
        "nothing is applied, and this pull request says why."
    )


def _no_record(why: str) -> PlanDrifted:
    return PlanDrifted(
        "The pull request does not say which plan was reviewed",
        why=why,
        fix="Nothing was applied; run the wizard for this registry: it opens a pull request with its plan",
    )


def markdown_table(head: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown; every cell is shown as it is, never as markup."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(as_markdown(cell) or '-' for cell in row)} |" for row in rows)])


def changes_table(plan: TerraformPlan) -> str:
    """Return the changes of `plan` as a table, followed by its data sources and by drift."""
    if not plan.changes:
        return "Nothing: it is as it is described."
    reads, drift = (
        ", ".join(map(as_markdown, addresses)) for addresses in (plan.reads, [change.address for change in plan.drift])
    )
    text = actions_table(plan)
    text += f"\n\nData sources that it reads: {reads}." if reads else ""
    return text + (f"\n\nChanged outside of Terraform since: {drift}." if drift else "")


def actions_table(plan: TerraformPlan) -> str:
    """Return a table of the changes of `plan`: only of what its digest covers, so that it can be rendered again."""
    rows = [(change.description, change.address, "; ".join(_values(change))) for change in plan.changes]
    return markdown_table(("action", "resource", "values"), rows)


def _values(change: PlannedChange) -> Iterator[str]:
    """Yield the values that are set or changed; none for a resource that is deleted."""
    if change.imports is not None:
        yield f"the one that AWS has as {change.imports}"
    if change.moved_from:
        yield f"from {change.moved_from}"
    before, after = (side if isinstance(side, dict) else {} for side in (change.before, change.after))
    for name, value in sorted(after.items()):
        if name not in _ECHOES and value not in (None, "", [], {}) and value != before.get(name):
            text = " ".join(_readable(name, value, before.get(name)).split())
            yield text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _readable(name: str, value: Any, before: object) -> str:  # noqa: ANN401  any value of JSON
    match value:
        case dict():
            old = before if isinstance(before, dict) else {}
            changed = [f"{key} = {plain_value(text)}" for key, text in value.items() if old.get(key) != text]
            gone = [f"no {key}" for key in old if key not in value]
            return f"{name}: {', '.join(changed + gone)}"
        case [dict(), *_]:
            return ", ".join(
                f"{key} = {plain_value(text)}" for block in value for key, text in block.items() if text is not None
            )
        case str() if words := policy_in_words(value):
            return f"{name}: {words}"
        case _:
            return f"{name} = {plain_value(value)}"
