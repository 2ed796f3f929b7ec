from __future__ import annotations

import pytest
import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError

from goldenpath.local import reach


@pytest.mark.parametrize("trouble", [HTTPError("no route"), MaxRetryError(urllib3.HTTPSConnectionPool("x"), "/v2/")])
def test_a_server_that_gives_no_response_is_not_reachable(monkeypatch: pytest.MonkeyPatch, trouble: HTTPError) -> None:
    def refused(*_: object, **__: object) -> None:
        raise trouble

    monkeypatch.setattr(urllib3.PoolManager, "request", refused)
    assert not reach.reachable(reach.DOCKER_HUB)


def test_a_server_that_asks_for_a_login_is_reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[tuple[object, ...]]()
    monkeypatch.setattr(urllib3.PoolManager, "request", lambda _, *words: asked.append(words))
    assert reach.reachable(reach.TRIVY_DATABASE)
    assert asked == [("GET", "https://mirror.gcr.io/v2/")]
