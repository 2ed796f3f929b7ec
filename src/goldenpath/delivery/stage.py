"""A stage of the pipeline (`Stage`), everything that it may use (`Run`), and its result (`Outcome`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from goldenpath.delivery.model.event import DETACHED
from goldenpath.delivery.model.transfer import unwatched
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
    from goldenpath.delivery.model.transfer import Watch
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

    `environment` has the platform's rules, as this one request tightens them. `rules` adds the app's own rules, which
    are read from its checkout.

    `program` returns a pinned program by its name, and downloads it first if it is missing. `say` prints one line about
    the progress, and `watch` shows, where a view is live, what a function returns about a transfer. At most
    `annotated_at_most` warnings of a stage become annotations of the workflow run. Stages that run in one process share
    `layers`.
    """

    request: Request
    event: Event
    policy: Policy
    environment: Environment
    work: WorkFolder
    runner: Runner
    program: Callable[[str], Program]
    say: Callable[[str], None]
    watch: Watch = unwatched
    annotated_at_most: int = ANNOTATED_AT_MOST
    layers: UnpackedLayers | None = None
    resolution: Resolution = field(default_factory=Resolution, repr=False, compare=False)

    @property
    def rules(self) -> EffectiveRules:
        """The effective rules, read from the app's repository once.

        Raises `PolicyInvalid`, `SourceUnusable` or `NotReviewed` when they cannot be determined.
        """
        return self.resolution.resolve(self.policy, self.environment, self.request.source, self.event)

    @property
    def dockerfile(self) -> str:
        """The Dockerfile's path in the repository: where GitHub shows the findings of the image."""
        path, source = self.request.dockerfile_path, self.request.source
        return path.relative_to(source).as_posix() if path.is_relative_to(source) else path.name


def require_allowed_ref(run: Run) -> None:
    """Raise `BadInput` unless the platform allows the run's branch or tag to be released to its environment.

    Raises `NotReviewed` for a branch that is not reviewed, if the environment requires a review.
    """
    if not run.environment.allows_ref(run.event.ref):
        if run.event.ref == DETACHED:
            raise BadInput(
                f"The checkout is on no branch or tag, and {run.environment.name} accepts releases only from some",
                why=f"The platform allows {', '.join(run.environment.refs)}",
                fix="Name the branch or tag that contains the commit, like `--ref refs/heads/main` (GOLDENPATH_REF)",
            )
        raise BadInput(
            f"{run.event.ref} may not be released to {run.environment.name}",
            why=f"The platform allows {', '.join(run.environment.refs)}",
            fix="Release from one of these, or deliver to another environment",
        )
    reviewed_refs.require_branch(run.environment, run.event)


@dataclass(frozen=True)
class Outcome:
    """The result of a stage: a `sentence` for people and `outputs` for the steps that follow.

    `stop` is the error of a gate that blocks: it ends the pipeline although the stage itself worked. `summary` is the
    stage's own part of the job summary, as safe Markdown; if it is empty, the sentence and the warnings take its place.
    `at_places` are findings, shown at their file and line before the `warnings`.
    """

    sentence: str
    outputs: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    stop: GoldenPathError | None = None
    summary: str = ""
    at_places: tuple[Notice, ...] = ()

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The annotations: first the findings with a place, then the warnings."""
        return (*self.at_places, *map(Notice, self.warnings))


Ahead: TypeAlias = "Callable[[Run], Callable[[], Outcome]]"


@dataclass(frozen=True)
class Stage:
    """One stage: `name` is its action's folder, its module, its command and its heading in the documents.

    `outputs` maps the name of every output to its description. `gate` is the gate that the stage decides, if any. In a
    workflow run, a stage that `reads_files` of other stages reads only those that its input `evidence` lists.

    `ahead` does the first part of `run`, up to the point where it would write to the work folder, and returns a
    function for the rest. A delivery starts it while the stage before still runs, and discards the result if that
    stage ends the delivery.

    A delivery in a pull request leaves out a stage that `releases`. `preload` starts to load the libraries of a release
    while this stage waits for its program. The summary of a run shows how every `timed` stage ended; a stage that
    `writes_summary` adds no other section to it.
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
