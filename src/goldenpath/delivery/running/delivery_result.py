"""What `goldenpath deliver --json` reports: the facts of a delivery that a script needs, in names that stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from goldenpath.delivery.report import finding_groups, job_summary
from goldenpath.delivery.report.release_difference import Novelty

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.delivery.model.verdict import Verdict
    from goldenpath.delivery.report.release_difference import ReleaseDifference
    from goldenpath.delivery.running.delivery_end import DeliveryEnd

DELIVERY_SCHEMA = "goldenpath.delivery/1"


class StageResult(Struct, frozen=True):
    """How a stage `end`ed (`done`, `warned`, `stopped`, `failed`); `code` is that of the error which ended it."""

    stage: str
    end: str
    seconds: float
    sentence: str
    code: str = ""


class GateResult(Struct, frozen=True):
    """The decision of a gate (`pass`, `advise`, `block`) on so many findings, `deciding` of which must be fixed."""

    gate: str
    result: str
    mode: str
    findings: int
    deciding: int
    accepted: int
    counts: dict[str, int]
    would_block_in: tuple[str, ...]


class PlatformResult(Struct, frozen=True):
    """The image of one platform; `size` is that of its layers in bytes."""

    platform: str
    digest: str
    layers: int
    size: int


class ReleaseComparison(Struct, frozen=True):
    """The difference to the last release of the environment in the image `digest`: how many findings are in which.

    `sentence` says so for people, and names the release.
    """

    digest: str
    known: int
    new: int
    gone: int
    sentence: str


class DeliveryResult(Struct, frozen=True):
    """How a delivery ended: `released`, `checked`, `blocked` or `failed`.

    `digest` is that of the candidate, released or not, and `image` the released image by digest; each is empty where
    there is none. `first_change` is the change that fixes most findings. `outputs` are those of the stages, by the
    names that the actions have. `work_dir` has the reports, the receipt and the SBOMs. `comparison` is that with the
    last release; `null` where none was scanned.
    """

    ending: str
    headline: str
    environment: str
    commit: str
    digest: str
    image: str
    tags: tuple[str, ...]
    platforms: tuple[PlatformResult, ...]
    gates: tuple[GateResult, ...]
    stages: tuple[StageResult, ...]
    first_change: str
    outputs: dict[str, str]
    work_dir: str
    comparison: ReleaseComparison | None = None
    schema: str = DELIVERY_SCHEMA


def of(end: DeliveryEnd, outputs: Mapping[str, str]) -> DeliveryResult:
    """Return the result of a delivery that came to this `end`."""
    facts = end.facts
    candidate, receipt = facts.candidate, facts.receipt
    released = receipt if receipt is not None and facts.ending is job_summary.Ending.RELEASED else None
    return DeliveryResult(
        ending=facts.ending.value,
        headline=end.headline,
        environment=facts.environment,
        commit=facts.commit,
        digest=str(receipt.digest if receipt else candidate.digest if candidate else ""),
        image=released.reference if released else "",
        tags=tuple(str(move.tag) for move in released.tags) if released else (),
        platforms=tuple(
            PlatformResult(image.platform, image.digest, image.layers, image.size)
            for image in (candidate.platforms if candidate else ())
        ),
        gates=tuple(map(_gate, facts.verdicts.values())),
        stages=tuple(
            StageResult(timing.stage, timing.end.value, timing.seconds, timing.sentence, timing.code)
            for timing in facts.timings.stages
        ),
        first_change=finding_groups.best_change(facts.to_fix),
        outputs=dict(outputs),
        work_dir=str(end.folder),
        comparison=_comparison(facts.difference) if facts.difference else None,
    )


def _comparison(difference: ReleaseDifference) -> ReleaseComparison:
    known, new = difference.count(Novelty.KNOWN), difference.count(Novelty.NEW)
    return ReleaseComparison(difference.subject, known, new, len(difference.gone), difference.sentence)


def _gate(verdict: Verdict) -> GateResult:
    return GateResult(
        gate=verdict.gate.value,
        result=verdict.result.value,
        mode=verdict.mode.value,
        findings=sum(verdict.counts.values()),
        deciding=verdict.deciding,
        accepted=verdict.accepted,
        counts={severity.value.lower(): count for severity, count in verdict.counts.items()},
        would_block_in=verdict.would_block_in,
    )
