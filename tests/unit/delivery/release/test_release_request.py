from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery.model.event import Event
from goldenpath.delivery.release import release_request
from goldenpath.shared.errors import BadInput
from goldenpath.shared.names import Commit
from tests.unit.builders import COMMIT
from tests.unit.run_builder import run


def test_a_pull_request_is_never_released(tmp_path: Path) -> None:
    event = Event("pull_request", Commit(COMMIT), "refs/pull/7/merge", "o/app")
    with pytest.raises(BadInput, match="A pull request is checked, never released"):
        release_request.refuse_pull_request(run(tmp_path, event=event))


def test_a_release_needs_the_name_of_its_repository(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No ECR repository was named"):
        release_request.wanted_access(run(tmp_path, ecr_repository=None))


def test_what_a_run_does_not_name_is_the_default(tmp_path: Path) -> None:
    access = release_request.wanted_access(run(tmp_path, "prod"))
    assert (access.environment, access.repository) == ("prod", "my-app")
    assert (access.region, access.audience) == ("eu-west-2", "sts.amazonaws.com")
