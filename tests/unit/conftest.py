"""A unit test cannot touch the world by accident: no program starts, no socket opens, no shipped rule is read."""

from __future__ import annotations

import pytest
import pytest_socket
from hypothesis import HealthCheck, settings

from goldenpath.delivery.checkout import git_branches
from goldenpath.delivery.rules import effective
from goldenpath.shared import process
from goldenpath.shared.names import Commit
from tests.unit import policy_table
from tests.unit.builders import COMMIT

# A machine that is busy with something else is no reason to fail.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def _no_world(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*command: object, **_: object) -> None:
        raise AssertionError(f"unit test tried to start {command[0]}")

    monkeypatch.setattr(process, "start", refused)
    policy_table.use(monkeypatch)
    # The app of a unit test is no git repository: it has no rules of its own.
    monkeypatch.setattr(effective, "app_file", lambda *_: None)
    monkeypatch.setattr(git_branches, "tip", lambda *_: Commit(COMMIT))
    pytest_socket.disable_socket(allow_unix_socket=True)


def pytest_runtest_teardown() -> None:
    pytest_socket.enable_socket()
