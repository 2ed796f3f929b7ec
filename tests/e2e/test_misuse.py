"""How callers trip, on a real runner: each time nothing is released, and what is told names the way out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.e2e import events, platform_copy
from tests.e2e.delivery_runs import CALLER
from tests.e2e.outcomes import assert_nothing_released
from tests.tools import apps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from goldenpath.local.server import Local
    from tests.e2e.delivery_runs import Deliver
    from tests.e2e.events import Event
    from tests.tools.apps import App

pytestmark = pytest.mark.e2e

NAME = f"      ecr_repository: {platform_copy.OWN_NAME}"


def to_main(app: App) -> Event:
    return events.push(app, "main")


def unmerged_tag(app: App) -> Event:
    app.git("checkout", "--quiet", "-b", "unmerged")
    app.save("Not reviewed")
    return events.push_tag(app, "v9.9.9")


@dataclass(frozen=True)
class Trip:
    """A mistake: what is `changed` in the caller and the app's `files`, and what the run must `say`."""

    name: str
    says: tuple[str, ...]
    changed: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    event: Callable[[App], Event] = to_main


# What can only go wrong on a runner: the first needs the history that a job checks out, the others its files.
# tests/tools/test_bad_input.py, test_bad_release.py and tests/unit hold the other mistakes.
TRIPS = (
    Trip("a release tag on a branch that was not merged",
         ("The tag v9.9.9 is on commit", "Merge first, then tag the merged commit"), event=unmerged_tag),
    Trip("a Dockerfile elsewhere", ("The repository has Dockerfile, docker/Dockerfile", "with `dockerfile_path`"),
         {NAME: f"{NAME}\n      dockerfile_path: ./Dockerfile.prod"}, {"docker/Dockerfile": apps.DOCKERFILE}),
    Trip("an app's file with a mistake", (".goldenpath.yml:2: $.tighten.prod.trivy.mode: 'blocking' was expected",),
         files={".goldenpath.yml": "version: 1\ntighten: {prod: {trivy: {mode: advisory}}}\n"}),
)  # fmt: skip


@pytest.mark.parametrize("trip", TRIPS, ids=lambda trip: trip.name)
def test_a_mistake_of_the_caller_releases_nothing_and_names_the_way_out(
    deliver: Deliver, emulator: Local, app: App, trip: Trip
) -> None:
    caller = platform_copy.CALLER.read_text()
    for words, others in trip.changed.items():
        assert words in caller
        caller = caller.replace(words, others)
    app.write(CALLER, caller)
    for path, text in trip.files.items():
        app.write(path, text)
    app.save("A mistake")
    ended = deliver(trip.event(app))
    assert (ended.code, ended.jobs["verdict"]) == (1, "failure"), ended.story
    assert [words for words in trip.says if words not in ended.text] == [], ended.story
    assert "see the job that failed" in ended.text
    assert "Traceback" not in ended.text
    assert_nothing_released(emulator)
