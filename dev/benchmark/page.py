"""The result as a page of the documentation: docs/performance.md is written here and by nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dev import tables
from dev.benchmark import chart, store
from dev.benchmark.sides import recipe
from dev.benchmark.spread import Spread, pairs
from dev.benchmark.table import FIGURES, OVERVIEW, load, overview, stages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dev.benchmark.model import Benchmark
    from dev.benchmark.spread import Pairs

_INTRODUCTION = """\
# Performance

<!-- Written by `make bench WRITE=1`, from performance.json. A change here is lost: change dev/benchmark/page.py. -->

How long `goldenpath deliver` takes beside [the commands](#the-recipe) that a team without a platform would run:
gitleaks, a build, trivy twice, syft and a push of each tag. Both deliver the same commits of the same apps, in turns,
on one machine, with one engine, BuildKit and registry.
"""
_RECIPE = """\
## The recipe

<!-- not run: `make bench` runs them, which takes half an hour -->
```sh
{commands}
```
"""
_METHOD = """\
## How it is measured

- `make bench` makes the apps, starts an engine, a BuildKit, a registry and an AWS emulator of its own, and removes all
  of them at the end. Programs and databases are on the machine before anything is measured.
- In each round each side delivers every case; in the next round the other side begins. **cold**: nothing is kept of an
  earlier delivery, neither layers nor scans nor images. **unchanged**: the same commit again. **changed**: a commit
  that changes one line. **blocked**: a commit that adds a secret, where the rules block; both sides must end there.
- A ratio is ours divided by the recipe's of the same round. Its median and range are of those ratios.
- Processor time counts the command with all its children, and what Docker's daemon, containerd and BuildKit did
  meanwhile. The registry is not counted: elsewhere it is a service.
- Memory is the most that all processes of the command held together. Bytes are those that passed through calls that
  read or write: files, pipes and sockets.
- Our own work is the part of the time in which no scanner and no builder ran and nothing was sent to the registry.
- Of stages that run side by side, the one that ends later has only what it takes beyond the end of the other.
- The recipe does less: plain gitleaks reads no changes that a merge commit makes itself, and no file that git takes for
  binary; nothing looks for secrets in the image, or makes sure that a scan looked; a push that fails is not undone.
"""
_AGAIN = """\
## Measure it yourself

It needs root on Debian or Ubuntu, Python 3.11, git and some 10 GB.

<!-- not run: it takes half an hour -->
```sh
make bench                            # everything, three rounds, half an hour where nothing else runs
make bench ROUNDS=1 ONLY=static       # one round of one case, under a minute
make bench WRITE=1                    # everything, and write this page
```

Every run is in [performance.json](performance.json), in the form of [benchmark.json](schemas/benchmark.json).

| command | what it measures | time |
| --- | --- | --- |
| `make bench-build-cache` | builds as on a new runner, without and with the cache that a workflow keeps | 2 minutes |
| `make bench-limits` | work of our own that has limits: reports of 25,000 findings, a file of 1,000 registries | 10 s |
| `make bench-push` | a push beside `crane push`, and a run with nothing to do | 10 minutes |
| `make bench-secrets` | the search for secrets beside `gitleaks git`, on five histories | 15 minutes |
| `make bench-setup` | how long the code takes to be ready on a runner | 1 minute |
| `make run-model` | a workflow run on GitHub, job by job: computed, not measured | 5 s |
"""


def files(benchmark: Benchmark) -> dict[str, str]:
    """Return all that is written of a result, by the name of the file: every run, the chart and the page."""
    encoded = store.encode(benchmark)
    stored = store.decode(encoded.encode())
    return {
        "performance.json": encoded,
        "performance.svg": chart.render(stored),
        "performance.md": render(stored),
    }


def render(benchmark: Benchmark) -> str:
    """Return the page's text."""
    races = list(pairs(benchmark))
    parts = [
        _INTRODUCTION,
        _about(benchmark),
        "![Time of a delivery, as a multiple of the recipe's time](performance.svg)\n",
        _overview(races, benchmark),
        "## Stage by stage\n",
        *(_stages(case, about, [race for race in races if race.case == case]) for case, about in _cases(benchmark)),
        _RECIPE.format(commands=_commands()),
        _METHOD,
        _environment(benchmark),
        _AGAIN,
    ]
    return "\n".join(parts)


def _cases(benchmark: Benchmark) -> Iterator[tuple[str, str]]:
    measured = {race.case for race in pairs(benchmark)}
    return ((case, about) for case, about in benchmark.cases.items() if case in measured)


def _about(benchmark: Benchmark) -> str:
    rounds = len({run.round for run in benchmark.runs})
    count = "1 round" if rounds == 1 else f"up to {rounds} rounds"
    took = f"{count} in {benchmark.minutes:.0f} minutes"
    return f"Measured on {benchmark.date} at commit {benchmark.commit}, {took}.\n"


def _overview(races: Sequence[Pairs], benchmark: Benchmark) -> str:
    rows = [[race.case, race.state, *overview(race)] for race in races]
    named = "\n".join(f"- **{case}**: {about}" for case, about in _cases(benchmark))
    return f"{named}\n\n{tables.table(['case', 'state', *OVERVIEW], rows)}\n"


def _stages(case: str, about: str, mine: Sequence[Pairs]) -> str:
    blocks = "\n".join(f"**{race.state}**\n\n{_stage_table(race)}\n" for race in mine)
    return f"<details>\n<summary>{case}: {about}</summary>\n\n{blocks}\n{_programs(mine[0])}\n</details>\n"


def _stage_table(race: Pairs) -> str:
    head = ["recipe / ours", *(figure.name for figure in FIGURES)]
    return tables.table(head, [[stage, *cells] for stage, cells in stages(race)])


def _programs(race: Pairs) -> str:
    """Return which programs our first delivery of a case started, and what they took."""
    used = [run.programs for run in race.ours]
    rows = []
    for name in sorted({name for programs in used for name in programs}):
        uses = [programs[name] for programs in used if name in programs]
        figures = zip(*((use.processes, use.wall, use.processor) for use in uses), strict=True)
        count, wall_time, processor_time = (Spread.of(figure).median for figure in figures)
        rows.append([f"`{name}`", f"{count:.0f}", f"{wall_time:.2f}", f"{processor_time:.2f}"])
    listed = tables.table(["program", "processes", "seconds", "processor"], rows)
    return f"Programs of ours, {race.state}:\n\n{listed}\n"


def _commands() -> str:
    here = Path()
    listed = recipe(
        "$REGISTRY/app",
        ("a1b2c3d", "dev-a1b2c3d"),
        folder=".",
        build_contexts={},
        cache=here / "trivy-cache",
        reports=here,
    )
    return "\n".join(" ".join(command.words) for command in listed)


def _environment(benchmark: Benchmark) -> str:
    machine = benchmark.machine
    rows = [
        ["system", machine.system],
        ["processor", f"{machine.processor}, {machine.cores} cores"],
        ["memory", f"{machine.memory / 1e9:.0f} GB"],
        ["load meanwhile", load(benchmark)],
        *([name, version] for name, version in benchmark.programs.items()),
    ]
    return f"## Machine and programs\n\n{tables.table(['what', 'which'], rows)}\n"
