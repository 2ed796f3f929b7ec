from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.model.event import Event
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.running import upload_conditions
from goldenpath.shared.names import Commit
from goldenpath.shared.runner import Runner
from tests.unit.builders import COMMIT
from tests.unit.run_builder import run

ON_RUNNER = Runner(in_actions=True)
BOTH = tuple(Gate)


def pull_request(*, fork: bool) -> Event:
    return Event("pull_request", Commit(COMMIT), "refs/pull/7/merge", "o/app", fork=fork)


@pytest.mark.parametrize(
    ("environment", "ready", "changed", "reason"),
    [
        ("local", BOTH, {}, "the platform's rules for local do not ask for it"),
        ("prod", (), {}, "no gate came to a verdict"),
        ("prod", BOTH, {"event": Event("push", Commit(COMMIT), "refs/heads/main", "")}, "this is no GitHub repository"),
        ("prod", BOTH, {"runner": Runner()}, "there is no GITHUB_TOKEN at this terminal"),
        ("prod", BOTH, {"event": pull_request(fork=True)}, "whose token may not write security events"),
        ("prod", BOTH, {"event": pull_request(fork=False)}, ""),
        ("prod", BOTH, {}, ""),
    ],
)
def test_why_nothing_is_uploaded_is_said(
    tmp_path: Path, environment: str, ready: tuple[Gate, ...], changed: dict[str, Any], reason: str
) -> None:
    here = run(tmp_path, environment, **{"runner": ON_RUNNER, **changed})
    why = upload_conditions.why_not(here, ready)
    assert reason in why
    assert bool(why) == bool(reason)
