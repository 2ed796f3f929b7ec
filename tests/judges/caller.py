"""Simulates how GitHub runs a caller: whether an event starts it, and the workflows that it calls."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.judges.judge import REPOSITORY, Judge
from tests.judges.run import Call, Runner, worst

if TYPE_CHECKING:
    from tests.judges.events import Event
    from tests.judges.scenario import Scenario

DELIVERY = ".github/workflows/_build-and-release.yml"


@dataclass(frozen=True)
class Delivery:
    """A finished run of a caller: the calls of each job, several for a matrix; no job when the event starts no run."""

    calls: Mapping[str, tuple[Call, ...]]

    @property
    def call(self) -> Call:
        """The first call of the first job: the delivery of one image."""
        return next(call for calls in self.calls.values() for call in calls)


@dataclass(frozen=True)
class Caller:
    """A caller's workflow; `read` returns a file of the platform as GitHub parses it."""

    judge: Judge
    tree: Mapping[str, Any]
    read: Callable[[str], Mapping[str, Any]]
    # More inputs for the delivery.
    more: Mapping[str, Any] = field(default_factory=dict)

    def run(self, event: Event, scenario: Scenario, before: Scenario | None = None) -> Delivery:
        """Run the caller for `event`; `before` is the scenario of an earlier attempt of the same run."""
        if not event.starts(self.tree["on"]):
            return Delivery({})
        earlier = self.run(event, before).calls if before else {}
        calls: dict[str, tuple[Call, ...]] = {}
        for name, job in self.tree["jobs"].items():
            needed = {other: calls[other] for other in _ancestors(self.tree["jobs"], name)}
            contexts = {"github": event.github, "inputs": event.inputs, "needs": _needs(needed), "vars": {}}
            if not self.judge.holds(job, contexts, _status(needed, cancelled=bool(calls) and scenario.ends_run)):
                calls[name] = ()
                continue
            old = [call.job_outputs for call in earlier.get(name, ())]
            calls[name] = tuple(
                self._call(job, {**contexts, "matrix": matrix}, event, scenario, old[number] if old else {})
                for number, matrix in enumerate(_matrix(job))
            )
        return Delivery(calls)

    def _call(
        self, job: Mapping[str, Any], contexts: dict[str, Any], event: Event, scenario: Scenario, old: Mapping[str, Any]
    ) -> Call:
        path = job["uses"].removeprefix(f"{REPOSITORY}/").partition("@")[0]
        given = {key: self._value(each, contexts) for key, each in job.get("with", {}).items()}
        more = self.more if path == DELIVERY else {}
        runner = Runner(self.judge, self.read(path), event, scenario, old)
        return runner.call({**given, **more}, self._secrets(job, contexts, event.secrets))

    def _secrets(self, job: Mapping[str, Any], contexts: dict[str, Any], known: Mapping[str, str]) -> Mapping[str, Any]:
        if job.get("secrets") == "inherit":
            return known
        return {key: self._value(each, {**contexts, "secrets": known}) for key, each in job.get("secrets", {}).items()}

    def _value(self, node: Any, contexts: dict[str, Any]) -> Any:  # noqa: ANN401  what YAML gives
        return self.judge.evaluate(node["$"], contexts).value if isinstance(node, dict) else node


def _ancestors(jobs: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return the jobs that `name` waits for, and those that they wait for: its status functions are about them."""
    needs = jobs[name].get("needs", ())
    direct = (needs,) if isinstance(needs, str) else tuple(needs)
    return tuple(dict.fromkeys(each for one in direct for each in (*_ancestors(jobs, one), one)))


def _needs(calls: Mapping[str, tuple[Call, ...]]) -> dict[str, Any]:
    return {
        name: {"result": _result(each), "outputs": dict(each[0].outputs) if each else {}}
        for name, each in calls.items()
    }  # fmt: skip


def _result(calls: tuple[Call, ...]) -> str:
    ran = [result for call in calls for result in call.results.values() if result != "skipped"]
    return worst(ran)


def _status(calls: Mapping[str, tuple[Call, ...]], *, cancelled: bool) -> dict[str, bool]:
    results = [_result(each) for each in calls.values()]
    return {
        "success": not cancelled and all(result == "success" for result in results),
        "failure": not cancelled and "failure" in results,
        "cancelled": cancelled, "always": True,
    }  # fmt: skip


def _matrix(job: Mapping[str, Any]) -> list[dict[str, Any]]:
    matrix = job.get("strategy", {}).get("matrix", {})
    return [dict(zip(matrix, values, strict=True)) for values in itertools.product(*matrix.values())]
