"""How long a workflow run takes on GitHub, and which jobs decide that: `python dev/run_model.py [WORKFLOW…]`.

Jobs, their order, steps and artifacts come from the workflow itself: GitHub's own code parses it and evaluates its
expressions for a push to `main`. The seconds come from dev/run_rates.yaml. So the result is a computation, not a
measurement: it shows what a change of the order saves, and which job to look at.
"""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from tests.judges import events, judge, reading, scenario  # noqa: E402
from tests.judges.caller import DELIVERY, Caller  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.judges.judge import Judge
    from tests.judges.steps import Job

SIZES = (60, 470, 2000)
_OWN = "$/actions/"
_CHART_COLUMNS = 60
_IMAGES = (".candidate", ".image", ".images")


@dataclass(frozen=True)
class Stage:
    """What an action of ours takes: seconds, seconds for each 100 MB of the image, seconds at servers, downloads."""

    fixed: float
    each_100_mb: float = 0
    network: float = 0
    megabytes: float = 0

    def work(self, image: int) -> float:
        """Return the seconds without downloads for an image of `image` MB."""
        return self.fixed + self.network + self.each_100_mb * image / 100


@dataclass(frozen=True)
class Rates:
    """The numbers of dev/run_rates.yaml; `cached` takes programs, databases and packages from GitHub's cache."""

    values: Mapping[str, float]
    environment: Stage
    stages: Mapping[str, Stage]
    cached: bool = False

    def fetch(self, megabytes: float) -> float:
        """Return the seconds to fetch programs, databases or packages."""
        if not megabytes:
            return 0
        if self.cached:
            return self.values["cache_request"] + megabytes / self.values["cache_restore"]
        return megabytes / self.values["download"]

    def transfer(self, megabytes: float, direction: str) -> float:
        """Return the seconds of a step that moves artifacts, in parallel; `direction` is `upload` or `download`."""
        return self.values["artifact_request"] + megabytes / self.values[f"artifact_{direction}"]


@dataclass(frozen=True)
class Order:
    """A run: its jobs, none for a skipped one and several for a matrix, and which that ran each of them waits for."""

    jobs: Mapping[str, tuple[Job, ...]]
    needs: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Timed:
    """The seconds at which a job was queued and at which it ended."""

    begin: float
    end: float


def load(*, cached: bool = False, path: Path = ROOT / "dev" / "run_rates.yaml") -> Rates:
    """Return the rates in the file at `path`."""
    tree = yaml.safe_load(path.read_text())
    values = {name: float(rate["value"]) for name, rate in tree["rates"].items()}
    stages = {name: _stage(stage) for name, stage in tree["stages"].items()}
    return Rates(values, _stage(tree["environment"]), stages, cached)


def _stage(tree: Mapping[str, Any]) -> Stage:
    return Stage(**{name: value for name, value in tree.items() if name != "source"})


def run(github: Judge, workflow: str) -> Order:
    """Return the jobs of the called `workflow` after a push to `main`, in which all goes well."""

    def read(path: str) -> Mapping[str, Any]:
        return github.read(workflow if path == DELIVERY else (ROOT / path).read_text())

    caller = Caller(github, read(reading.CALLERS["delivery.yml"]), read)
    call = caller.run(events.parse("push to main"), scenario.parse("")).call
    needs = {name: _list(job.get("needs")) for name, job in read(DELIVERY)["jobs"].items()}
    return Order(call.jobs, {name: tuple(_ran(need, call.jobs, needs)) for name, need in needs.items()})


def _list(needs: str | list[str] | None) -> list[str]:
    return [needs] if isinstance(needs, str) else list(needs or ())


def _ran(needed: Sequence[str], jobs: Mapping[str, tuple[Job, ...]], needs: Mapping[str, list[str]]) -> Iterator[str]:
    """Return the jobs of `needed` that ran; in the place of a skipped one, those that it waited for itself."""
    for name in needed:
        if jobs[name]:
            yield name
        else:
            yield from _ran(needs[name], jobs, needs)


def schedule(order: Order, rates: Rates, image: int) -> dict[str, Timed]:
    """Return the jobs that ran, in an order in which each follows those that it needs."""
    timed: dict[str, Timed] = {}
    for name, jobs in order.jobs.items():
        if jobs:
            begin = max((timed[need].end for need in order.needs[name]), default=0.0)
            timed[name] = Timed(begin, begin + max(job_seconds(job, rates, image) for job in jobs))
    return timed


def job_seconds(job: Job, rates: Rates, image: int) -> float:
    """Return the seconds from the moment the job is queued to its end."""
    seconds = rates.values["machine_start"] + rates.values["machine_end"]
    has_environment = False
    for step in job.tree["steps"]:
        if not job.ran(step):
            continue
        seconds += rates.values["step"] + step_seconds(job, step, rates, image)
        if step.get("uses", "").startswith(_OWN) and not has_environment:
            has_environment = True
            seconds += rates.environment.fixed + rates.fetch(rates.environment.megabytes)
    return seconds


def step_seconds(job: Job, step: Mapping[str, Any], rates: Rates, image: int) -> float:
    """Return the seconds of one step. A script, or an action that is not listed here, takes none."""
    uses = step.get("uses", "")
    if uses.startswith(_OWN):
        stage = rates.stages[uses.removeprefix(_OWN)]
        sent = image * rates.values["sent_share"] / rates.values["registry_upload"] if uses.endswith("/ecr-push") else 0
        return stage.work(image) + rates.fetch(stage.megabytes) + sent
    if uses.startswith("actions/checkout@"):
        return rates.values["checkout"]
    if uses.startswith("actions/upload-artifact@"):
        return rates.transfer(_size(f".{step['id']}", rates, image), "upload")
    if uses.startswith("actions/download-artifact@"):
        ids = job.evaluated(step["with"]["artifact-ids"]).replace(",", " ").split()
        return rates.transfer(sum(_size(artifact, rates, image) for artifact in ids if artifact != "0"), "download")
    return 0.0


def _size(artifact: str, rates: Rates, image: int) -> float:
    """Return the MB of an artifact by the name of the step that uploads it, like `build.candidate`."""
    if artifact.partition("@")[0].endswith(_IMAGES):
        return image * rates.values["sent_share"]
    return rates.values["inventory" if artifact.endswith(".inventory") else "reports"]


def critical_path(timed: Mapping[str, Timed], order: Order) -> list[str]:
    """Return the jobs that decide when the run ends, first to last."""
    path = [max(timed, key=lambda name: timed[name].end)]
    while needed := order.needs[path[0]]:
        path.insert(0, max(needed, key=lambda name: timed[name].end))
    return path


def chart(timed: Mapping[str, Timed], path: list[str]) -> Iterator[str]:
    """Return a line for each job, with a bar; `#` marks the critical path."""
    last = max(job.end for job in timed.values())
    for name, job in timed.items():
        first, after = (round(second / last * _CHART_COLUMNS) for second in (job.begin, job.end))
        bar = " " * first + ("#" if name in path else "-") * max(after - first, 1)
        yield f"  {name:<14} {job.begin:6.0f} {job.end:6.0f}  |{bar:<{_CHART_COLUMNS}}|"


def main(argv: Sequence[str]) -> int:
    """Print the run of each workflow for each size, with and without a cache."""
    with judge.opened() as github:
        for workflow in map(Path, argv or [str(ROOT / DELIVERY)]):
            order = run(github, workflow.read_text())
            print(f"{workflow.name}: seconds after a push to main")
            for image, cached in itertools.product(SIZES, (False, True)):
                timed = schedule(order, load(cached=cached), image)
                path = critical_path(timed, order)
                total = max(job.end for job in timed.values())
                source = "from a cache" if cached else "downloaded"
                print(f"\n{image} MB, programs {source}: {total:.0f} s, {' → '.join(path)}")
                print("\n".join(chart(timed, path)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
