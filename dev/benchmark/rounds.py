"""The race: both sides deliver the same commits, in turns, and what each delivery took is recorded."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from dev.benchmark import figuring, measuring
from dev.benchmark.model import Run, State
from dev.benchmark.sides import Checkout, Ours, Recipe

from goldenpath.local.demo import sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dev.benchmark.cases import Case, Image
    from dev.benchmark.measuring import Measured
    from dev.benchmark.model import Figures
    from dev.benchmark.services import Request, Services

_CONFIGURATION = "settings.py"
_ORDERS: tuple[tuple[Callable[[Services, Path], Recipe | Ours], ...], ...] = ((Recipe, Ours), (Ours, Recipe))
_QUOTED_BYTES = 4_000


class DeliveryFailedError(Exception):
    """A delivery did not end as it must; what it printed."""


def race(case: Case, services: Services, kept: Path, number: int) -> Iterator[Run]:
    """Yield the runs of one round: each side begins cold, and each begins every other round.

    Raises `DeliveryFailedError`.
    """
    origin = case.repository(kept)
    contexts = case.build_contexts()
    for kind in _ORDERS[number % 2]:
        folder = services.folder / "round"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        subprocess.run(["git", "clone", "--quiet", "--local", str(origin), str(folder / "source")], check=True)
        sample.git(folder / "source", "remote", "set-url", "origin", f"https://github.com/team-bench/{case.name}.git")
        services.forget()
        side = kind(services, folder)
        for state in case.states:
            _change(case, folder / "source", state, number)
            checkout = Checkout(folder / "source", _head(folder / "source"), contexts)
            parts = [
                _deliver(side, image, services, checkout, state, repository=_repository(case, side, image, number))
                for image in case.images
            ]
            yield _run(case, state, side, number, parts)


def _repository(case: Case, side: Recipe | Ours, image: Image, number: int) -> str:
    return f"bench/{case.name}-{image.name}-{side.side}-{number}"


def _change(case: Case, source: Path, state: State, number: int) -> None:
    """Make the commit that `state` is about."""
    if state is State.CHANGED:
        path = source / case.changed
        path.write_text(f"{path.read_text()}# Round {number}\n")
        sample.commit(source, "Change one line")
    elif state is State.BLOCKED:
        # Put together here, so that no file of this repository holds what a scanner takes for a secret.
        token = "ghp_" + "".join(
            "aB3dE5fG7hJ9kL2mN4pQ6rS8tU1vW0xYzZyX"[(place * 7 + number) % 36] for place in range(36)
        )
        (source / _CONFIGURATION).write_text(f'TOKEN = "{token}"\n')
        sample.commit(source, "Configure it")


def _head(source: Path) -> str:
    words = ["git", "-C", str(source), "rev-parse", "--short=7", "HEAD"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


class _Delivered:
    """One image that was delivered: the commands that ran, and the requests meanwhile."""

    def __init__(self) -> None:
        self.measured: list[Measured] = []
        self.stages: list[dict[str, Figures]] = []
        self.totals: list[Figures] = []
        self.own = 0.0

    def add(self, measured: Measured, requests: list[Request], stages: dict[str, Figures], total: Figures) -> None:
        self.measured.append(measured)
        self.stages.append(stages)
        self.totals.append(total)
        self.own += figuring.own(measured, requests)


def _deliver(
    side: Recipe | Ours, image: Image, services: Services, checkout: Checkout, state: State, *, repository: str
) -> _Delivered:
    services.repository(repository)
    log = services.folder / "round" / "output.log"
    done = _Delivered()
    for command in side.commands(image, repository, checkout, state):
        offset = services.log_size()
        measured = measuring.run(
            command.words, environment=side.variables, folder=checkout.folder, log=log, daemons=services.daemons
        )
        requests = services.requests(offset)
        total = figuring.whole(measured, requests)
        stages = {command.stage: total} if command.stage else {}
        if command.work:
            stages = figuring.by_stage(measured, command.work, requests)
        done.add(measured, requests, stages, total)
        if measured.code:
            break
    _require_end(done, state, log)
    return done


def _require_end(done: _Delivered, state: State, log: Path) -> None:
    """Raise `DeliveryFailedError` for a delivery that did not end as it must: what it took would mean nothing."""
    code, requests = done.measured[-1].code, sum(total.requests for total in done.totals)
    if not ended_well(state, code, requests):
        output_tail = log.read_bytes()[-_QUOTED_BYTES:].decode("utf-8", "replace")
        raise DeliveryFailedError(f"it ended with {code} after {requests} requests to the registry:\n{output_tail}")


def ended_well(state: State, code: int, requests: int) -> bool:
    """Tell whether a delivery ended as it must: released, or stopped before anything was sent to the registry."""
    if state is State.BLOCKED:
        return code != 0 and requests == 0
    return code == 0 and requests > 0


def _run(case: Case, state: State, side: Recipe | Ours, number: int, parts: list[_Delivered]) -> Run:
    return Run(
        case=case.name,
        state=state,
        side=side.side,
        round=number,
        total=figuring.total(total for part in parts for total in part.totals),
        stages=figuring.stages_of(stage for part in parts for stage in part.stages),
        programs=figuring.programs(step for part in parts for step in part.measured),
        own=sum(part.own for part in parts),
        load=os.getloadavg()[0],
    )
