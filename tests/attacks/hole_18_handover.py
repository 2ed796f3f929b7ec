"""The apps' token writes where the name of a registry leads: into the repository of a team that never asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.shared.errors import GithubRefused
from tests.attacks.attack import Patch, Refused, attack
from tests.tools.registry_platform import caller

if TYPE_CHECKING:
    from tests.attacks.attack import Scene
    from tests.tools.registry_platform import Platform

TOLD = "no workflow on its default branch delivers to `x/other-repo`"
DELIVERS = Patch("goldenpath.registries.handover.delivers_to", lambda *_: True)


def require_told(platform: Platform) -> None:
    """Require an issue in the stranger's repository; without one, say why by the words of the pull request."""
    if not platform.github.threads.of("octo/other-repo"):
        raise Refused(GithubRefused.code, " ".join(platform.threads[0].comments.values()))


@attack(18, GithubRefused, TOLD, DELIVERS)
def a_registry_is_named_after_the_repository_of_a_stranger(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.made(name="x/other-repo")
    require_told(platform)


@attack(18, GithubRefused, TOLD, DELIVERS)
def the_stranger_delivers_to_a_registry_of_his_own(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.github.runs.files["octo/other-repo"] = {".github/workflows/x.yml": caller("other-repo")}
    platform.made(name="x/other-repo")
    require_told(platform)


@attack(18, GithubRefused, TOLD, DELIVERS)
def the_stranger_uses_another_platform(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    theirs = caller("x/other-repo").replace("octo/platform", "else/platform")
    platform.github.runs.files["octo/other-repo"] = {".github/workflows/x.yml": theirs}
    platform.made(name="x/other-repo")
    require_told(platform)
