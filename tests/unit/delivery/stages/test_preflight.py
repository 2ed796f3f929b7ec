"""What is said before a release is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery.model.event import Event
from goldenpath.delivery.stages import ecr_push, preflight
from goldenpath.shared.names import Commit
from tests.unit.builders import COMMIT
from tests.unit.run_builder import run


@pytest.mark.parametrize("tag", ["my-api-v1.2.3", "my-api@1.2.3", "vault-sync-v1.2.3"])
def test_a_tag_of_another_component_releases_nothing_and_says_why(tmp_path: Path, tag: str) -> None:
    here = run(tmp_path, "prod", event=Event("push", Commit(COMMIT), f"refs/tags/{tag}", default_branch="main"))
    done = ecr_push.run(here)
    component = tag.removesuffix("1.2.3").rstrip("v@-")
    told = f"not released: the tag {tag} releases the component {component}, and this is the delivery of my-app"
    assert (done.sentence, done.stop, set(done.outputs.values())) == (told, None, {""})
    assert preflight.run(here).outputs["release"] == "false"
    assert not here.work.receipt.exists()
