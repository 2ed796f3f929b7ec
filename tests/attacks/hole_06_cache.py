"""Hole 6, at the build cache: GitHub's store keeps what anybody saved who may run a workflow on the branch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from goldenpath.delivery.builds import build_cache
from goldenpath.delivery.builds.build_secrets import GivenSecrets
from goldenpath.delivery.builds.cache_folder import CacheFolder
from goldenpath.delivery.model.build_secrets import BuildSecret
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.rules import matrix
from goldenpath.shared.errors import CacheRefused
from tests.attacks.attack import COLD_BUILD, Patch, Refused, attack
from tests.unit import cache_builder, layout_builder, run_builder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.delivery.builds.build_cache import CacheUse
    from tests.attacks.attack import Scene


class _Everything(tuple[str, ...]):
    """A list of refs that has every one."""

    __slots__ = ()

    def __contains__(self, _: object) -> bool:
        return True


def _whatever_links_lead_to(folder: Path) -> Iterator[tuple[str, int]]:
    for each in folder.rglob("*"):
        if each.is_file():
            yield str(each.relative_to(folder)), each.stat().st_size


def planned(scene: Scene, key: str, given: GivenSecrets = GivenSecrets()) -> CacheUse:  # noqa: B008  it cannot be changed
    """Return what a push to `main` for dev does with the restored cache."""
    said: list[str] = []
    run = run_builder.run(scene.folder, build_cache=restored(scene), build_cache_key=key, say=said.append)
    plan = build_cache.planned(run, cache_builder.pinned(), given, private_bases=False)
    if plan.used is None and not (given.searched and plan.options):
        raise Refused(COLD_BUILD.code, "\n".join(said))
    return plan


def restored(scene: Scene) -> Path:
    return scene.folder / "cache"


def saved(scene: Scene, **fields: Any) -> str:  # noqa: ANN401  any field of a record
    return cache_builder.saved(restored(scene), **fields)


@attack(6, COLD_BUILD, "is not what its digest says", Patch("goldenpath.delivery.model.layout.require_blob"))
def a_layer_of_the_build_cache_is_swapped(scene: Scene) -> None:
    key = saved(scene)
    layout = Layout(restored(scene) / "layout")
    layer = layout.blob(layout.images()[0].manifest.layers[0].digest)
    layer.write_bytes(layer.read_bytes()[::-1])
    planned(scene, key)


@attack(
    6, COLD_BUILD, "not the one that its key names", Patch("goldenpath.delivery.builds.cache_folder._require_named")
)
def another_build_cache_is_saved_under_the_same_key(scene: Scene) -> None:
    key = cache_builder.saved(scene.folder / "of main")
    saved(scene, content=b"poison")
    planned(scene, key)


@attack(
    6, COLD_BUILD, "is of 'refs/heads/attack'",
    Patch("goldenpath.delivery.builds.build_cache._trusted_refs", lambda _: _Everything()),
)  # fmt: skip
def a_build_cache_of_another_branch_is_taken(scene: Scene) -> None:
    planned(scene, saved(scene, ref="refs/heads/attack"))


@attack(6, COLD_BUILD, "'mallory/app'", Patch("goldenpath.delivery.builds.build_cache._require_same"))
def a_build_cache_of_a_fork_is_taken(scene: Scene) -> None:
    planned(scene, saved(scene, repository="mallory/app"))


@attack(6, COLD_BUILD, "is older than 24 hours", Patch("goldenpath.delivery.builds.build_cache._require_young"))
def a_build_cache_with_the_packages_of_last_month_is_taken(scene: Scene) -> None:
    planned(scene, saved(scene, created=datetime.now(UTC) - timedelta(days=30)))


@attack(
    6, COLD_BUILD, "which is no part of a cache",
    Patch("goldenpath.delivery.builds.cache_folder._files", _whatever_links_lead_to),
)  # fmt: skip
def a_link_leads_out_of_the_build_cache(scene: Scene) -> None:
    key = saved(scene)
    (restored(scene) / "layout").rename(scene.folder / "elsewhere")
    (restored(scene) / "layout").symlink_to(scene.folder / "elsewhere")
    planned(scene, key)


@attack(
    6, COLD_BUILD, "a step may have left one in a layer",
    Patch("goldenpath.delivery.builds.build_cache._unusable", lambda *_, **__: ""),
)  # fmt: skip
def a_secret_of_the_build_is_left_in_the_build_cache_for_everybody(scene: Scene) -> None:
    token = BuildSecret("npm", b"token-of-a-registry-0123456789")
    plan = planned(scene, "", GivenSecrets((token,), searched=(token,)))
    layout_builder.layout(restored(scene) / "layout", content=token.value)  # what a RUN step left in its layer
    assert plan.written()
    assert CacheFolder(restored(scene)).manifest()


@attack(
    6, CacheRefused, "prod does not allow that", Patch("goldenpath.delivery.builds.build_cache.require_allowed")
)  # fmt: skip
def an_image_that_dev_built_with_a_build_cache_is_released_to_prod(scene: Scene) -> None:
    used = planned(scene, saved(scene)).used
    candidate = replace(run_builder.candidate(layout_builder.layout(scene.folder / "candidate")), cache=used)
    build_cache.require_allowed(candidate, matrix.load().environment("prod"))
