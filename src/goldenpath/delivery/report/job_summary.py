"""The job summary of a whole run: the verdict first, then its reasons, from the files that the stages left.

Source of the limits: GitHub, "Workflow commands" (a step's summary: 1 MiB), "Create an issue comment" (65,536).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.receipt import State
from goldenpath.delivery.model.timing import End, Timings
from goldenpath.delivery.model.verdict import Result
from goldenpath.delivery.report import exception_entry, finding_groups
from goldenpath.delivery.report.markdown import LISTED_AT_MOST, bullets, cell, table, tables
from goldenpath.shared import error_pages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta

    from goldenpath.delivery.model.candidate import Candidate
    from goldenpath.delivery.model.finding import Finding, Findings
    from goldenpath.delivery.model.receipt import Receipt
    from goldenpath.delivery.model.verdict import Verdict
    from goldenpath.delivery.report.release_difference import ReleaseDifference
    from goldenpath.policy.contact import Contact

LIMIT = 1_000_000
COMMENT_LIMIT = 60_000
# Signs of the bar of the stage that took longest.
_BAR = 12
_RELEASED = {State.RELEASED, State.UNCHANGED}
_ENDS = {End.DONE: "✅", End.WARNED: "⚠️", End.STOPPED: "⛔", End.FAILED: "❌"}


class Ending(StrEnum):
    """How a whole run ended, in one word."""

    RELEASED = "released"
    CHECKED = "checked"
    BLOCKED = "blocked"
    FAILED = "failed"


@dataclass(frozen=True)
class Facts:
    """The facts of a run: its `stages` in order, and the `deciding` findings of every gate, which must be fixed.

    `reports` are the reports of the gates, with all findings. `unfixed` are the findings of every gate that do not
    count only because no fix exists. An exception may end after `longest_exception` at the latest. `contact` is who can
    help. `difference` is that to the last release, where it was scanned; `not_compared` says why its scan does not
    count.
    The files of a stage that did not run are absent.
    """

    environment: str
    commit: str
    stages: Sequence[str]
    timings: Timings = field(default_factory=Timings)
    verdicts: Mapping[Gate, Verdict] = field(default_factory=dict)
    reports: Mapping[Gate, Findings] = field(default_factory=dict)
    deciding: Mapping[Gate, Sequence[Finding]] = field(default_factory=dict)
    unfixed: Mapping[Gate, Sequence[Finding]] = field(default_factory=dict)
    candidate: Candidate | None = None
    receipt: Receipt | None = None
    longest_exception: timedelta = exception_entry.USUAL
    contact: Contact | None = None
    difference: ReleaseDifference | None = None
    not_compared: str = ""

    @property
    def to_fix(self) -> tuple[Finding, ...]:
        """The deciding findings of all gates."""
        return tuple(chain.from_iterable(self.deciding.values()))

    @property
    def ending(self) -> Ending:
        """How the run ended: a gate that blocks has precedence over a later failure."""
        if any(verdict.result is Result.BLOCK for verdict in self.verdicts.values()):
            return Ending.BLOCKED
        if self.receipt is not None and self.receipt.state in _RELEASED:
            return Ending.RELEASED
        broken = any(timing.end in {End.FAILED, End.STOPPED} for timing in self.timings.stages)
        return Ending.FAILED if broken or len(self.verdicts) < len(Gate) else Ending.CHECKED

    @property
    def helper(self) -> Contact | None:
        """Who can help, where the run was blocked or failed."""
        return self.contact if self.ending in {Ending.BLOCKED, Ending.FAILED} else None


def render(facts: Facts, *, limit: int = LIMIT) -> str:
    """Return the summary as Markdown of at most `limit` bytes, in which nothing a stranger wrote is markup."""
    listed = LISTED_AT_MOST
    while len((text := _whole(facts, listed)).encode()) > limit and listed:
        listed //= 2
    return text


def who_can_help(contact: Contact) -> str:
    """Return the line that names the `contact`, as Markdown."""
    return f"**Who can help:** {contact.markdown}"


def headline(facts: Facts) -> str:
    """Return the verdict in one line of plain text."""
    to = f"{facts.commit[:7]} for {facts.environment}"
    match facts.ending:
        case Ending.RELEASED:
            return f"✅ {to}: released"
        case Ending.CHECKED:
            return f"✅ {to}: checked and not blocked; nothing was released"
        case Ending.BLOCKED:
            gates = " and ".join(gate for gate, verdict in facts.verdicts.items() if verdict.result is Result.BLOCK)
            return f"⛔ {to}: blocked by {gates}; nothing was released"
        case Ending.FAILED:
            broken = next((timing.stage for timing in facts.timings.stages if timing.end is End.FAILED), "")
            left = "nothing was released"
            if facts.receipt is not None and facts.receipt.state is State.BROKEN:
                left = "the undo of the release is incomplete"
            return f"❌ {to}: failed{' in ' + broken if broken else ''}; {left}"


def _whole(facts: Facts, listed: int) -> str:
    verdicts = facts.verdicts.values()
    parts = [
        f"## {headline(facts)}",
        _failure(facts),
        *(f"- {cell(verdict.sentence)}" for verdict in verdicts),
        f"- {cell(facts.difference.sentence)}" if facts.difference else "",
        _explained(facts),
        f"\n{who_can_help(facts.helper)}" if facts.helper else "",
        _best_change(facts),
        *_to_fix(facts, listed),
        _exception(facts),
        *tables("Reported only: no fix exists", chain.from_iterable(facts.unfixed.values()), listed),
        bullets("Exceptions", [exception.sentence for verdict in verdicts for exception in verdict.exceptions], listed),
        bullets("Settled secrets", [secret.sentence for verdict in verdicts for secret in verdict.settled], listed),
        _notes(facts, listed),
        _would_block(facts),
        _image(facts),
        _stages(facts),
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _failure(facts: Facts) -> str:
    broken = (timing for timing in facts.timings.stages if timing.end is End.FAILED)
    return "\n".join(
        f"\n**{cell(timing.stage)}**: {cell(timing.sentence)}"
        f"{f'<br>**Fix:** {cell(timing.fix)}' if timing.fix else ''}\n"
        for timing in broken
    )


def _explained(facts: Facts) -> str:
    """Return links to the pages of the errors that ended stages."""
    # A file of the work folder says which, so it is compared with the codes that exist.
    known = error_pages.kinds()
    codes = dict.fromkeys(timing.code for timing in facts.timings.stages if timing.code in known)
    links = [f"[`{code}`]({error_pages.address(code)})" for code in codes]
    return f"\n**What this means, and what to do now:** {', '.join(links)}" if links else ""


def _best_change(facts: Facts) -> str:
    sentence = finding_groups.best_change(facts.to_fix)
    return f"\n{cell(sentence)}" if sentence else ""


def _to_fix(facts: Facts, listed: int) -> Iterator[str]:
    """Yield the findings to fix; those that the last release lacks come first, as this change may have brought them."""
    is_new = facts.difference.is_new if facts.difference else lambda _: False
    new = [finding for finding in facts.to_fix if is_new(finding)]
    yield from tables("Findings to fix, new since the last release", new, listed)
    others = (finding for finding in facts.to_fix if not is_new(finding))
    yield from tables("Other findings to fix" if new else "Findings to fix", others, listed)


def _exception(facts: Facts) -> str:
    """Return the entry of `.goldenpath.yml` for the first finding to fix, folded; empty where nothing blocks."""
    finding = next(iter(facts.to_fix), None)
    verdict = facts.verdicts.get(finding.gate) if finding else None
    if finding is None or verdict is None or verdict.decided_at is None or facts.ending is not Ending.BLOCKED:
        return ""
    entry = exception_entry.render(finding, verdict.decided_at.date(), facts.longest_exception)
    # Four spaces make it code without a fence, which a hostile name could close.
    code = "\n".join(f"    {line}" for line in entry.splitlines())
    head = "<details><summary>It cannot be fixed now: the exception to request in .goldenpath.yml</summary>"
    return f"\n{head}\n\n{code}\n\n`goldenpath explain ID` prints it for any finding.\n\n</details>"


def _notes(facts: Facts, listed: int) -> str:
    lines = [f"{gate}: {note}" for gate, verdict in facts.verdicts.items() for note in verdict.notes]
    lines += [facts.receipt.unbound] if facts.receipt is not None and facts.receipt.unbound else []
    lines += [facts.not_compared] if facts.not_compared else []
    return bullets("Notes", lines, listed)


def _would_block(facts: Facts) -> str:
    rows = [
        [gate.value, ", ".join(verdict.would_block_in)]
        for gate, verdict in facts.verdicts.items()
        if verdict.would_block_in
    ]
    return f"\n### Would block in other environments\n\n{table(['gate', 'environments'], rows)}" if rows else ""


def _image(facts: Facts) -> str:
    """Digests, tags and repositories are of types (`model.names`) that can hold no markup."""
    receipt, candidate = facts.receipt, facts.candidate
    if receipt is not None and receipt.state in _RELEASED:
        tags = ", ".join(f"`{move.tag}`" for move in receipt.tags)
        pull = f"```sh\ndocker pull {receipt.reference}\n```"
        signatures = "".join(f"\n- signature `{one.profile}`: {one.state.lower()}" for one in receipt.signatures)
        platforms = _platforms(candidate)
        return f"\n### Image\n\n- digest `{receipt.digest}`{platforms}\n- tags {tags}{signatures}\n\n{pull}"
    if receipt is not None:
        return f"\n### Image\n\n- the release of `{receipt.digest}` is {receipt.state.value}"
    if candidate is not None:
        return f"\n### Image\n\n- digest `{candidate.digest}`, not released{_platforms(candidate)}"
    return ""


def _platforms(candidate: Candidate | None) -> str:
    """Return a line for the image of each platform, where there are several."""
    images = candidate.platforms if candidate is not None else ()
    several = images if len(images) > 1 else ()
    return "".join(f"\n- {image.platform} `{image.digest}`, {image.size / 1e6:.1f} MB" for image in several)


def _stages(facts: Facts) -> str:
    names = dict.fromkeys([*facts.stages, *(timing.stage for timing in facts.timings.stages)])
    longest = max((timing.seconds for timing in facts.timings.stages), default=0.0)
    rows = [_stage(facts, name, longest) for name in names]
    return f"\n### Stages\n\n{table(['stage', '', 'seconds', ''], rows)}"


def _stage(facts: Facts, name: str, longest: float) -> list[str]:
    timing = facts.timings.of(name)
    if timing is None:
        return [name, "⏭️", "", "did not run"]
    bar = "▇" * round(_BAR * timing.seconds / longest) if longest else ""
    return [name, _ENDS[timing.end], f"{timing.seconds:.1f} {bar}".rstrip(), timing.sentence]
