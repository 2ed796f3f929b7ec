"""The text of a proposal. What a trial left is shown as text, never as markup: the new program may have written it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.shared.shown_text import as_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from dev.bumps.pinning import Pinned
    from dev.bumps.releases import Proposal
    from dev.bumps.trial import Difference, Trial

_NO_TRIAL = "The trial came to no end: look at the job `try` of the workflow run."
_WAITS = (
    "The checks of this pull request do not start by themselves, because the workflow's own token opened it: "
    "someone with write access presses *Approve and run workflows*."
)


def title(proposal: Proposal) -> str:
    """Return the title of the pull request, and of its commit."""
    return f"{proposal.tool} {proposal.old} → {proposal.new}"


def body(pinned: Pinned, trial: Trial | None, run: str, now: datetime) -> str:
    """Return the text of the pull request; `run` is the address of the workflow run that made it."""
    proposal = pinned.proposal
    page = f"https://github.com/{proposal.repository}/releases/tag/v{proposal.new}"
    age = (now - proposal.settled_at).days
    lines = [
        f"{title(proposal)}, released {proposal.settled_at:%Y-%m-%d}, {age} days ago: [release notes]({page}).",
        "", "## What was checked", *(f"- {check}" for check in pinned.checks),
        "", "## What changes", *_changes(trial),
        "", "## Before it is merged",
        "- Read the release notes: options, report, exit status, and everything between the two versions.",
        "- Where the output changed on purpose: `dev/record_reports.py`, and the new value in the tests.",
        f"- {_WAITS}",
        "", f"Written by [this run]({run}).",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _changes(trial: Trial | None) -> Iterator[str]:
    if trial is None:
        yield _NO_TRIAL
        return
    yield f"Tests with the new program: **{'passed' if trial.passed else 'failed'}**. {as_markdown(trial.tests)}"
    if not trial.differences:
        return
    yield ""
    yield "Findings and packages of the example images, with the same vulnerability database:"
    yield ""
    yield "| example | before | after | new | missing |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for difference in trial.differences:
        yield _row(difference)
    for difference in trial.differences:
        yield from _listed(difference)


def _row(difference: Difference) -> str:
    name = as_markdown(difference.example)
    if difference.failed:
        return f"| {name} | no comparison: {as_markdown(difference.failed)} | | | |"
    return f"| {name} | {difference.before} | {difference.after} | {difference.new} | {difference.missing} |"


def _listed(difference: Difference) -> Iterator[str]:
    name = as_markdown(difference.example)
    for words, lines, count in (
        ("New", difference.appeared, difference.new),
        ("Missing", difference.gone, difference.missing),
    ):
        if lines:
            yield ""
            yield f"{words} in {name}{f', the first {len(lines)}' if count > len(lines) else ''}:"
            yield from (f"- {as_markdown(line)}" for line in lines)
