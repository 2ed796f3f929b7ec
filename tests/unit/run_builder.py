"""A `Run` for tests of stages: everything a stage may use, in a folder of the test's own, without the world."""

# A test changes any field of a run.
# ruff: noqa: ANN401

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldenpath.delivery.model.candidate import Candidate, PlatformImage
from goldenpath.delivery.model.event import Event
from goldenpath.delivery.model.inputs import Request
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.delivery.rules import matrix
from goldenpath.delivery.stage import Run
from goldenpath.shared.names import Commit, EcrRepository
from goldenpath.shared.runner import Runner
from tests.unit.builders import COMMIT
from tests.unit.program_double import program

if TYPE_CHECKING:
    from goldenpath.delivery.model.layout import Layout


@dataclass
class Said:
    """Everything a run told its user."""

    lines: list[str] = field(default_factory=list)


def run(folder: Path, environment: str = "dev", **changed: Any) -> Run:
    """Return a run on a push to `main`; `changed` replaces fields of its request, its event or the run itself."""
    policy = matrix.load()
    request = Request(
        environment=environment,
        source=folder / "app",
        ecr_repository=EcrRepository("my-app"),
        build_context=folder / "app",
        dockerfile_path=folder / "app" / "Dockerfile",
    )
    event = Event("push", Commit(COMMIT), "refs/heads/main", "o/app", "https://github.com/o/app", default_branch="main")
    for name in list(changed):
        if name in Request.__dataclass_fields__:
            request = replace(request, **{name: changed.pop(name)})
    return Run(
        request=request,
        event=changed.pop("event", event),
        policy=policy,
        environment=policy.environment(environment),
        work=WorkFolder(folder / "work"),
        runner=changed.pop("runner", Runner()),
        program=program,
        say=changed.pop("say", lambda _: None),
    )


def candidate(layout: Layout, *, version: str = "") -> Candidate:
    """Return the record that `build` leaves of `layout`."""
    root = layout.root()
    return Candidate(
        digest=root.digest,
        media_type=root.media_type,
        platforms=tuple(
            PlatformImage(layout.platform(each), each.descriptor.digest, each.manifest.config.digest, 1, 1)
            for each in layout.images()
        ),
        size=1,
        commit=Commit(COMMIT),
        source="https://github.com/o/app",
        version=version,
        created="2026-01-01T00:00:00+00:00",
        builder="buildx 0, remote driver",
    )
