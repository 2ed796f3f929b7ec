"""What a stage is, what it is given, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from goldenpath.delivery.model.event import DETACHED
from goldenpath.delivery.report.annotations import Notice
from goldenpath.delivery.rules import reviewed_refs
from goldenpath.delivery.rules.effective import Resolution
from goldenpath.shared.errors import BadInput
from goldenpath.shared.runner import ANNOTATED_AT_MOST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from goldenpath.delivery.image.unpacked_layers import UnpackedLayers
    from goldenpath.delivery.model.event import Event
    from goldenpath.delivery.model.finding import Gate
    from goldenpath.delivery.model.inputs import Input, Request
    from goldenpath.delivery.model.work_folder import WorkFolder
    from goldenpath.delivery.rules.effective import EffectiveRules
    from goldenpath.delivery.rules.matrix import Environment, Policy
    from goldenpath.shared.errors import GoldenPathError
    from goldenpath.shared.runner import Runner
    from goldenpath.shared.toolchain import Program


EVIDENCE_OUTPUT = {
    "evidence": "SHA-256 of each file that this stage leaves, as JSON; stages in other jobs take it as `evidence`."
}


@dataclass(frozen=True)
class Run:
    """Everything a stage may use.

    `environment` has the platform's rules, as this one request tightens them; `rules` are those that the app tightens
    further, which need its checkout.

    `program` gives a pinned program by its name, obtained first when it is not here. `say` tells the user, in one line,
    what is going on. `annotated_at_most` is how many warnings of a stage become annotations of the workflow run. Stages
    that run in one process share `layers`.
    """

    request: Request
    event: Event
    policy: Policy
    environment: Environment
    work: WorkFolder
    runner: Runner
    program: Callable[[str], Program]
    say: Callable[[str], None]
    annotated_at_most: int = ANNOTATED_AT_MOST
    layers: UnpackedLayers | None = None
    resolution: Resolution = field(default_factory=Resolution, repr=False, compare=False)

    @property
    def rules(self) -> EffectiveRules:
        """The rules in force, read from the app's repository once.

        Raises `PolicyInvalid`, `SourceUnusable` or `NotReviewed` when they cannot be known.
        """
        return self.resolution.resolve(self.policy, self.environment, self.request.source, self.event)

    @property
    def dockerfile(self) -> str:
        """The Dockerfile's path in the repository: where GitHub shows the findings of the image."""
        path, source = self.request.dockerfile_path, self.request.source
        return path.relative_to(source).as_posix() if path.is_relative_to(source) else path.name


def require_allowed_ref(run: Run) -> None:
    """Raise `BadInput` unless the platform lets the run's branch or tag be released to its environment.

    Raises `NotReviewed` for a branch that is not reviewed, where the environment asks for that.
    """
    if not run.environment.allows_ref(run.event.ref):
        if run.event.ref == DETACHED:
            raise _detached(run)
        raise BadInput(
            f"{run.event.ref} may not be released to {run.environment.name}.",
            why=f"The platform allows {', '.join(run.environment.refs)}.",
            fix="Release from one of these, or deliver to another environment.",
        )
    reviewed_refs.require_branch(run.environment, run.event)


def _detached(run: Run) -> BadInput:
    return BadInput(
        f"The checkout is on no branch or tag, and {run.environment.name} accepts releases only from some.",
        why=f"The platform allows {', '.join(run.environment.refs)}.",
        fix="Name the branch or tag that contains the commit, like `--ref refs/heads/main` (GOLDENPATH_REF).",
    )


@dataclass(frozen=True)
class Outcome:
    """What a stage did: a `sentence` for people and `outputs` for the steps that follow.

    `stop` is the error that ends the pipeline although the stage itself worked: a gate that blocks. `summary` is the
    stage's own part of the job summary, safe Markdown; where it is empty, one is made of the sentence and the warnings.
    `at_places` are findings, each shown at its file and line, before the `warnings`.
    """

    sentence: str
    outputs: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    stop: GoldenPathError | None = None
    summary: str = ""
    at_places: tuple[Notice, ...] = ()

    @property
    def notices(self) -> tuple[Notice, ...]:
        """All that is shown besides the sentence: first what has a place, then the warnings."""
        return (*self.at_places, *map(Notice, self.warnings))


Ahead: TypeAlias = "Callable[[Run], Callable[[], Outcome]]"


@dataclass(frozen=True)
class Stage:
    """One stage: `name` is its action's folder, its module, its command and its heading in the documents.

    `outputs` maps each output's name to what it is; `gate` is the one that it decides, where it decides one. A stage
    that `reads_files` of other stages reads, in a workflow run, only those that its input `evidence` lists.

    `ahead` does the work of `run` up to what it leaves in the work folder, and returns the rest. A delivery starts it
    while the stage before still runs; nothing of it is seen unless that one lets the delivery go on.

    A stage that `releases` is left out of a delivery in a pull request. `preload` begins to load what a release needs
    while this stage waits for its program. The summary of a run shows how each `timed` stage ended, and one that
    `writes_summary` has no other part in it.
    """

    name: str
    help: str
    inputs: tuple[Input, ...]
    outputs: Mapping[str, str]
    run: Callable[[Run], Outcome]
    gate: Gate | None = None
    reads_files: bool = False
    ahead: Ahead | None = None
    releases: bool = False
    preload: Callable[[], object] | None = None
    timed: bool = False
    writes_summary: bool = False
