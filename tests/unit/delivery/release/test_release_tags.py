"""The tags that release a version."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery.model.event import Event
from goldenpath.delivery.release import release_request, release_tags
from goldenpath.shared.names import Commit
from tests.unit.builders import COMMIT
from tests.unit.registry_double import info
from tests.unit.run_builder import run


@pytest.mark.parametrize("tag", ["my-app-v1.2.3", "my-app@1.2.3", "my-app/v1.2.3"])
def test_a_tag_of_this_component_releases_its_version_where_release_tags_may(tmp_path: Path, tag: str) -> None:
    event = Event("push", Commit(COMMIT), f"refs/tags/{tag}", default_branch="main")
    here = run(tmp_path, "prod", event=event)
    release_request.refuse_pull_request(here)
    assert "1.2.3" in release_tags.wanted_tags(here, info(), Commit(COMMIT))
