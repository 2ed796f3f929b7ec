"""How callers trip, on a real runner: each time nothing is released, and what is told names the way out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from tests.e2e import events, platform_copy
from tests.e2e.conftest import CALLER
from tests.e2e.test_delivery import assert_nothing_released
from tests.tools import apps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from goldenpath.local.server import Local
    from tests.e2e.conftest import Deliver
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


def beside_master(app: App) -> Event:
    pushed = events.push(app, "main")
    repository = {**pushed.payload["repository"], "default_branch": "master"}
    return replace(pushed, payload={**pushed.payload, "repository": repository})


@dataclass(frozen=True)
class Trip:
    """A mistake: what is `changed` in the caller and the app's `files`, and what the run must `say`."""

    name: str
    says: tuple[str, ...]
    changed: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    event: Callable[[App], Event] = to_main


TRIPS = (
    Trip("a tag that is no version", ("the release tag very-nice gives no version", "name releases like `v1.4.2`"),
         event=lambda app: events.push_tag(app, "very-nice")),
    Trip("a dispatch to prod from a branch",
         ("refs/heads/feature may not be released to prod", "the platform allows refs/heads/main, refs/tags/v*"),
         event=lambda app: events.dispatch(app, "refs/heads/feature", environment="prod")),
    Trip("a release tag on a branch that was not merged",
         ("The tag v9.9.9 is on commit", "Merge first, then tag the merged commit"), event=unmerged_tag),
    Trip("a branch called main beside another default branch",
         ("refs/heads/main is not a reviewed branch", "Merge into master and release from there"),
         event=beside_master),
    Trip("the environment that is for terminals", ("the environment local is for terminals", "deliver to dev, or to"),
         event=lambda app: events.dispatch(app, environment="local")),
    Trip("an environment that is spelt otherwise", ("there is no environment 'Prod'", "local, dev, test, staging"),
         event=lambda app: events.dispatch(app, environment="Prod")),
    Trip("an address as the repository's name", ("is an address: give only the name, like 'my-app'",),
         {NAME: "      ecr_repository: 1.dkr.ecr.eu-west-2.amazonaws.com/my-app"}),
    Trip("a Dockerfile elsewhere", ("the repository has Dockerfile, docker/Dockerfile", "with `dockerfile_path`"),
         {NAME: f"{NAME}\n      dockerfile_path: ./Dockerfile.prod"}, {"docker/Dockerfile": apps.DOCKERFILE}),
    Trip("an empty Dockerfile", ("the Dockerfile cannot be empty", "mend Dockerfile"), files={"Dockerfile": ""}),
    Trip("a context that is not there", ("services/web is not a folder", "with `build_context`"),
         {NAME: f"{NAME}\n      build_context: services/web"}),
    Trip("an input with two mistakes at once", ("2 inputs cannot be used", "`build_args`: 'NOVALUE' is not NAME=value",
         "`platforms`: 'amd64' is not a platform (like `linux/amd64`)"),
         {NAME: f"{NAME}\n      build_args: NOVALUE\n      platforms: amd64"}),
    Trip("a repository that was never created", ("the ECR repository my-other does not exist", "make create-ecr"),
         {NAME: "      ecr_repository: my-other"}),
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
    app.git("branch", "--force", "feature")
    ended = deliver(trip.event(app))
    assert (ended.code, ended.jobs["verdict"]) == (1, "failure"), ended.story
    assert [words for words in trip.says if words not in ended.text] == [], ended.story
    assert "see the job that failed" in ended.text
    assert "Traceback" not in ended.text
    assert_nothing_released(emulator)


def test_folders_with_spaces_in_their_names_are_built(deliver: Deliver, emulator: Local, app: App) -> None:
    caller = platform_copy.CALLER.read_text()
    more = "      build_context: my web app\n      dockerfile_path: my web app/Dockerfile"
    app.write(CALLER, caller.replace(NAME, f"{NAME}\n{more}"))
    apps.plant_system(app, "my web app/rootfs")
    app.write("my web app/Dockerfile", apps.DOCKERFILE).save("Move it")
    ended = deliver(events.push(app, "main"))
    assert ended.code == 0, ended.story
    assert set(emulator.tags("my-app")) == {app.commit[:7], f"prod-{app.commit[:7]}"}
