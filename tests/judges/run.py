"""Simulates how GitHub runs a called workflow: job order, conditions, results and outputs.

GitHub's own code parses the file and evaluates the expressions (`judge`). These rules around them are ours:

- A job's `success()` is true when every ancestor succeeded, `failure()` when one failed, and both are false in a run
  that is being cancelled (actions/runner, GraphCondition; actions/runner#491; GitHub, "Expressions").
- A skipped job has no outputs. Outputs are evaluated whatever the result, and an empty one overrides nothing: after
  "Re-run failed jobs", and in a matrix, the earlier value stays (actions/runner, JobExtension; actions/runner#2598).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.judges.steps import Job, perform

if TYPE_CHECKING:
    from tests.judges.events import Event
    from tests.judges.judge import Judge
    from tests.judges.scenario import Scenario

BAD = ("failure", "cancelled", "skipped")


@dataclass(frozen=True)
class Call:
    """A finished run of a called workflow. `jobs` holds several jobs for a matrix, and none for a skipped job."""

    inputs: Mapping[str, Any]
    jobs: Mapping[str, tuple[Job, ...]]
    results: Mapping[str, str]
    job_outputs: Mapping[str, Mapping[str, str]]
    outputs: Mapping[str, str]

    def one(self, name: str) -> Job | None:
        """Return the job `name`, or `None` when it was skipped."""
        return next(iter(self.jobs[name]), None)


@dataclass
class Runner:
    """Runs a called workflow under an event: `tree` is the workflow as GitHub parses it."""

    judge: Judge
    tree: Mapping[str, Any]
    event: Event
    scenario: Scenario
    # Job outputs of an earlier attempt of the same run.
    earlier: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    cancelled: bool = False

    def call(self, given: Mapping[str, Any], secrets: Mapping[str, str]) -> Call:
        """Run the jobs, each after those that it needs."""
        inputs = {name: given.get(name, _default(each)) for name, each in self._interface("inputs").items()}
        base = {"github": self.event.github, "inputs": inputs, "secrets": secrets, "vars": {}}
        env = {name: self._text(each, base) for name, each in self.tree.get("env", {}).items()}
        jobs: dict[str, tuple[Job, ...]] = {}
        results: dict[str, str] = {}
        outputs: dict[str, dict[str, str]] = {}
        for name, tree in self._in_order():
            needs = {each: {"result": results[each], "outputs": outputs[each]} for each in _list(tree.get("needs"))}
            contexts = {**base, "needs": needs, "env": dict(env)}
            jobs[name] = tuple(self._job(name, tree, contexts, results))
            results[name] = worst([job.result for job in jobs[name]])
            outputs[name] = dict(self.earlier.get(name, {}))
            for job in jobs[name]:
                outputs[name] |= {key: value for key, value in job.outputs.items() if value}
        known = {"jobs": {name: {"result": results[name], "outputs": outputs[name]} for name in jobs}, **base}
        declared = {name: self._text(each["value"], known) for name, each in self._interface("outputs").items()}
        return Call(inputs, jobs, results, outputs, declared)

    def _job(
        self, name: str, tree: Mapping[str, Any], contexts: dict[str, Any], results: Mapping[str, str]
    ) -> Iterator[Job]:
        before = [results[each] for each in self._ancestors(name)]
        status = {
            "success": not self.cancelled and all(result == "success" for result in before),
            "failure": not self.cancelled and "failure" in before,
            "cancelled": self.cancelled,
            "always": True,
        }
        if not self.judge.holds(tree, contexts, status):
            return
        for matrix in self._matrix(tree, contexts):
            ending = self.scenario.of(name, matrix.get("platform", ""))
            self.cancelled |= ending.ends_run
            yield perform(self.judge, name, tree, {**contexts, "matrix": matrix}, ending)

    def _matrix(self, tree: Mapping[str, Any], contexts: Mapping[str, Any]) -> list[dict[str, Any]]:
        if "strategy" not in tree:
            return [{}]
        include = tree["strategy"]["matrix"]["include"]
        return list(self.judge.evaluate(include["$"], dict(contexts)).value)

    def _text(self, node: Any, contexts: Mapping[str, Any]) -> str:  # noqa: ANN401  what YAML gives
        return self.judge.evaluate(node["$"], dict(contexts)).text if isinstance(node, dict) else str(node)

    def _interface(self, kind: str) -> Mapping[str, Any]:
        return self.tree["on"]["workflow_call"].get(kind) or {}

    def _in_order(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        left, done = dict(self.tree["jobs"]), set[str]()
        while left:
            name = next(name for name, tree in left.items() if done.issuperset(_list(tree.get("needs"))))
            done.add(name)
            yield name, left.pop(name)

    def _ancestors(self, name: str) -> set[str]:
        needed = _list(self.tree["jobs"][name].get("needs"))
        return {*needed, *(each for one in needed for each in self._ancestors(one))}


def _default(tree: Mapping[str, Any]) -> Any:  # noqa: ANN401  what YAML gives
    return tree.get("default", {"boolean": False, "number": 0}.get(tree["type"], ""))


def _list(needs: str | list[str] | None) -> list[str]:
    return [needs] if isinstance(needs, str) else list(needs or ())


def worst(results: list[str]) -> str:
    """Return the result of a group of jobs, like those of a matrix; `skipped` when none ran."""
    return next((each for each in BAD if each in (results or ["skipped"])), "success")
