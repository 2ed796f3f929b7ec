"""What attacks on the scans share: one stage of the pipeline on an app, in a blocking environment, in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.model.work_folder import WorkFolder
from tests.attacks.attack import Refused, Scene
from tests.tools import apps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.delivery.model.finding import Gate
    from goldenpath.delivery.model.verdict import Verdict
    from tests.tools.apps import App

ENVIRONMENT = "test"


def app(scene: Scene, **files: str | bytes) -> App:
    """Return a clean app, with `files` in its first commit."""
    return apps.make(scene.folder / "app", **files)


def work(scene: Scene) -> WorkFolder:
    """Return the work folder."""
    return WorkFolder(scene.folder / "work")


def run(scene: Scene, stage: str, made: App, *words: str, more: Mapping[str, str] | None = None) -> None:
    """Run one `stage` on the app `made`. Raises `Refused` with its error, and whatever it did not catch itself."""
    where = (f"--environment={ENVIRONMENT}", f"--source={made.folder}", f"--work-dir={work(scene).path}")
    ended = scene.fixture("inside")(stage, *where, *words, more=more)
    if ended.code:
        raise Refused(ended.error["code"], ended.text)


def passed(scene: Scene, gate: Gate) -> Verdict:
    """Return the verdict of `gate`, which found nothing."""
    verdict = work(scene).read_verdict(gate)
    assert verdict.deciding == 0, verdict
    return verdict
