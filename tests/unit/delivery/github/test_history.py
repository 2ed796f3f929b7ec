"""Which of two commits is the later one, as GitHub says it; whatever it answers, nothing is raised."""

from __future__ import annotations

import json

import pytest
from urllib3.exceptions import ProtocolError

from goldenpath.delivery.github.history import CommitOrder, History
from goldenpath.shared.names import Commit
from tests.unit.http_double import Response, pool

API = "https://api.github.example"
OURS, THEIRS = Commit("a" * 40), Commit("b" * 40)
COMPARED = f"{API}/repos/o/app/compare/{THEIRS}...{OURS}?per_page=1&page=2"
OWN = f"{API}/repos/o/app/commits/{OURS}?per_page=1&page=2"


def body(**fields: str) -> Response:
    return Response(200, {}, json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("status", "order"),
    [
        ("ahead", CommitOrder.LATER),
        ("behind", CommitOrder.EARLIER),
        ("diverged", CommitOrder.UNRELATED),
        ("identical", CommitOrder.UNRELATED),
        ("sideways", CommitOrder.UNKNOWN),
    ],
)
def test_the_order_is_what_github_compares(monkeypatch: pytest.MonkeyPatch, status: str, order: CommitOrder) -> None:
    double = pool(monkeypatch, body(status=status))
    assert History(API, "the-token", "o/app").order(OURS, THEIRS) is order
    assert [(each.method, each.url) for each in double.requests] == [("GET", COMPARED)]
    assert double.requests[0].headers["Authorization"] == "Bearer the-token"


@pytest.mark.parametrize("refused", [401, 403, 404, 422])
def test_a_commit_that_is_not_in_the_repository_is_told_from_a_repository_that_is_hidden(
    monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    double = pool(monkeypatch, Response(refused), body(sha=OURS))
    assert History(API, "t", "o/app").order(OURS, THEIRS) is CommitOrder.UNRELATED
    assert [each.url for each in double.requests] == [COMPARED, OWN]
    pool(monkeypatch, Response(refused), Response(refused))
    assert History(API, "t", "o/app").order(OURS, THEIRS) is CommitOrder.HIDDEN


@pytest.mark.parametrize(
    "answer",
    [
        Response(503),
        ProtocolError("broken"),
        Response(403, {"Retry-After": "60"}),
        Response(403, {"X-RateLimit-Remaining": "0"}),
        Response(301, {"Location": "https://elsewhere.example"}),
        Response(200, {}, b"<html>"),
        Response(200, {}, b"[]"),
    ],
)
def test_where_github_gives_no_answer_the_order_is_unknown(
    monkeypatch: pytest.MonkeyPatch, answer: Response | BaseException
) -> None:
    pool(monkeypatch, answer, answer, answer)
    assert History(API, "t", "o/app").order(OURS, THEIRS) is CommitOrder.UNKNOWN


def test_a_ref_is_asked_for_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    double = pool(monkeypatch, body(sha=OURS))
    assert History(API, "t", "o/app").tip("refs/heads/release/1 ü?") == OURS
    assert double.requests[0].url == f"{API}/repos/o/app/commits/heads%2Frelease%2F1%20%C3%BC%3F?per_page=1&page=2"


@pytest.mark.parametrize("answer", [Response(422), Response(200, {}, b"[]"), Response(200, {}, b"{}")])
def test_a_ref_that_names_nothing_has_no_tip(monkeypatch: pytest.MonkeyPatch, answer: Response) -> None:
    pool(monkeypatch, answer)
    assert History(API, "t", "o/app").tip("refs/tags/v1") == ""
