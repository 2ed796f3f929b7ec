"""From what was counted while a delivery ran to its figures: in total, by stage and by program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dev.benchmark.model import STAGES, Figures, ProgramUse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from dev.benchmark.counters import Counters
    from dev.benchmark.measuring import Measured
    from dev.benchmark.services import Request

_STAGE_OF = {
    "gitleaks-gate": "secrets",
    "build": "build",
    "trivy-gate": "vulnerabilities",
    "sbom": "inventory",
    "ecr-push": "push",
}
# Their time is not our own: they scan and build.
_SCANNERS_AND_BUILDERS = {"gitleaks", "trivy", "syft", "buildx", "docker", "docker-buildx"}
_PAUSE = 1.0  # a longer one between two requests ends a transfer

Interval = tuple[float, float]


def between(measured: Measured, begin: float, end: float, requests: Sequence[Request]) -> Figures:
    """Return the figures of a part of the command's time."""
    command, daemons = measured.between(begin, end)
    both: Counters = command + daemons
    inside = [request for request in requests if begin <= request.at < end]
    return Figures(
        wall=max(end - begin, 0.0),
        processor=command.processor,
        daemon_processor=daemons.processor,
        memory=measured.memory(begin, end),
        daemon_memory=measured.daemon_memory,
        read=both.read,
        written=both.written,
        processes=sum(begin <= begin_time < end for begin_time in measured.begun),
        requests=sum(not request.is_api for request in inside),
        api_calls=sum(request.is_api for request in inside),
    )


def whole(measured: Measured, requests: Sequence[Request]) -> Figures:
    """Return the figures of the whole command."""
    return between(measured, measured.begin, measured.end + 1e-6, requests)


def by_stage(measured: Measured, work: Path, requests: Sequence[Request]) -> dict[str, Figures]:
    """Return the figures of each stage of a `goldenpath deliver` that left its files in `work`.

    Where two stages run side by side, the one that ends later has what it takes beyond the end of the other, so that
    all stages together are the whole command.
    """
    result: dict[str, Figures] = {}
    reached = measured.begin
    rest = []
    for begin, end, name in sorted(_intervals(work, measured.begin), key=lambda interval: interval[1]):
        rest.append(between(measured, reached, max(begin, reached), requests))
        result[name] = between(measured, max(begin, reached), max(end, reached), requests)
        reached = max(end, reached)
    rest.append(between(measured, reached, measured.end + 1e-6, requests))
    return {**result, "rest": total(rest)}


def _intervals(work: Path, first: float) -> Iterable[tuple[float, float, str]]:
    """Yield the time of each stage since `first`: the file is written as the stage ends, and says how long it took."""
    for stage, name in _STAGE_OF.items():
        file = work / f"{stage}.timing.json"
        if file.exists() and (end := file.stat().st_mtime) >= first:
            yield end - json.loads(file.read_bytes())["seconds"], end, name


def total(parts: Iterable[Figures]) -> Figures:
    """Return the sum; of memory the most, as the parts ran one after another."""
    listed = list(parts)
    most = {
        name: max((getattr(figures, name) for figures in listed), default=0) for name in ("memory", "daemon_memory")
    }
    added = {
        name: sum(getattr(figures, name) for figures in listed)
        for name in Figures.__struct_fields__
        if name not in most
    }
    return Figures(**added, **most)


def stages_of(parts: Iterable[Mapping[str, Figures]]) -> dict[str, Figures]:
    """Return the stages of a delivery of several commands or images."""
    listed = list(parts)
    return {
        name: total(figures[name] for figures in listed if name in figures)
        for name in STAGES
        if any(name in figures for figures in listed)
    }


def programs(several: Iterable[Measured]) -> dict[str, ProgramUse]:
    """Return what each program was used for: processes, the time in which one of them ran, processor time."""
    spans = [span for measured in several for span in measured.programs]
    return {
        name: ProgramUse(
            sum(span.name == name for span in spans),
            sum(end - begin for begin, end in _merged((span.begin, span.end) for span in spans if span.name == name)),
            sum(span.processor for span in spans if span.name == name),
        )
        for name in sorted({span.name for span in spans})
    }


def own(measured: Measured, requests: Sequence[Request]) -> float:
    """Return the time in which no scanner and no builder ran, and nothing was transferred."""
    others = [(span.begin, span.end) for span in measured.programs if span.name in _SCANNERS_AND_BUILDERS]
    taken = _merged([*others, *_transfers([request.at for request in requests if not request.is_api])])
    return measured.end - measured.begin - sum(end - begin for begin, end in taken)


def _transfers(moments: Sequence[float]) -> list[Interval]:
    result: list[Interval] = []
    for at in moments:
        if result and at - result[-1][1] < _PAUSE:
            result[-1] = (result[-1][0], at)
        else:
            result.append((at, at))
    return result


def _merged(intervals: Iterable[Interval]) -> list[Interval]:
    result: list[Interval] = []
    for begin, end in sorted(intervals):
        if result and begin <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((begin, end))
    return result
