"""The rules of a GitHub environment."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from urllib3.exceptions import ProtocolError

from goldenpath.delivery.release import approval
from goldenpath.shared import oidc
from goldenpath.shared.errors import ReleaseUnapproved
from goldenpath.shared.runner import Runner
from tests.unit.http_double import PoolDouble, Response, pool
from tests.unit.run_builder import run

if TYPE_CHECKING:
    from goldenpath.delivery.stage import Run


API = "https://api.example"


def token(**claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.c2ln"


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[Run, PoolDouble]]:
    """Return a run for prod, whose rules demand an approval, in a job with these claims, and what GitHub answers."""

    def made(*answers: Response | BaseException, **claims: object) -> tuple[Run, PoolDouble]:
        monkeypatch.setattr(oidc, "token", lambda _: token(**claims))
        here = run(tmp_path, "prod", runner=Runner(in_actions=True, api_url=API), github_token="t")
        demanding = replace(here.environment, approval_required=True)
        return replace(here, environment=demanding), pool(monkeypatch, *answers)

    return made


BUSY = [Response(503)] * 5


BROKEN = [ProtocolError("broken")] * 5


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([Response(403)], "HTTP 403"),
        ([Response(404)], "HTTP 404"),
        (BUSY, "HTTP 503"),
        (BROKEN, "broken"),
        ([Response(200, {}, b"[]")], "The response is not a JSON object"),
    ],
)
def test_rules_that_cannot_be_read_let_nothing_through(
    job: Callable[..., tuple[Run, PoolDouble]], answers: list[Response | BaseException], why: str
) -> None:
    here, _ = job(*answers, environment="prod")
    with pytest.raises(ReleaseUnapproved, match="could not be read") as caught:
        approval.require(here)
    assert why in caught.value.why
