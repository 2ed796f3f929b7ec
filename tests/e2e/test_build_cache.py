"""The build cache in a workflow run: who takes it, who leaves one, and where there is none."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.e2e import events

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.delivery_runs import Deliver
    from tests.tools.apps import App

pytestmark = pytest.mark.e2e

TAKE, LEAVE = "build / Take the build cache that an earlier run left", "build / Leave the build cache to the next run"
WARM, COLD = "using the build cache of commit", "cold build: "


@pytest.fixture
def caches(tmp_path: Path) -> Path:
    return tmp_path / "caches"


def kept(caches: Path) -> list[str]:
    """Return every cache that is kept, with the ref that it belongs to."""
    return sorted(str(each.relative_to(caches)) for each in caches.glob("*/*.key"))


def test_a_branch_leaves_a_cache_that_its_pull_requests_take_and_that_prod_never_does(
    deliver: Deliver, app: App, caches: Path
) -> None:
    first = deliver(events.push(app, "development"), caches=caches)
    assert (first.code, first.steps[TAKE], first.steps[LEAVE]) == (0, "success", "success"), first.story
    assert f"{COLD}there is no build cache yet" in first.text
    (left,) = kept(caches)
    assert left.startswith("refs%2Fheads%2Fdevelopment/goldenpath-build-1-dev-my-app-")

    app.git("checkout", "--quiet", "-b", "change")
    app.write("README.md", "A change\n").save()
    proposed = deliver(events.pull_request(app, onto="development"), caches=caches)
    assert (proposed.code, LEAVE in proposed.steps, kept(caches)) == (0, False, [left]), proposed.story
    assert WARM in proposed.text

    app.git("checkout", "--quiet", "main")
    plant_for_prod(caches)
    released = deliver(events.push(app, "main"), caches=caches)
    assert (released.code, {TAKE, LEAVE} & set(released.steps)) == (0, set()), released.story
    assert WARM not in released.text


def plant_for_prod(caches: Path) -> None:
    """Copy every cache to where a run of another workflow on `main` could have saved it for prod."""
    for record in list(caches.glob("*/*.key")):
        planted = caches / "refs%2Fheads%2Fmain" / record.name.replace("-dev-", "-prod-")
        shutil.copytree(
            record.with_name(record.name.removesuffix(".key")), planted.with_name(planted.name.removesuffix(".key"))
        )
        planted.write_text(record.read_text().replace("-dev-", "-prod-"))
