from __future__ import annotations

import pytest
from github import GithubException
from github.Requester import Requester

from goldenpath.shared import github_api
from goldenpath.shared.github_api import has_marker, marker_line

MARKER = "<!-- goldenpath: apply -->"


@pytest.mark.parametrize(
    ("text", "is_marked"),
    [
        (f"{MARKER}\n## Verdict", True),
        (f"applied\r\n{MARKER}", True),
        (f"applied\n{MARKER}\n", True),
        (MARKER, True),
        (f"somebody wrote:\n{MARKER}\nthat was it", False),
        (f"about {MARKER}", False),
        ("<!-- goldenpath: applying -->", False),
        ("", False),
        (None, False),
    ],
)
def test_a_marker_is_the_first_or_the_last_line(text: str | None, is_marked: bool) -> None:
    assert marker_line("apply") == MARKER
    assert has_marker(text, "apply") is is_marked


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (410, {}, '{"message": "Artifact has expired"}', "Artifact has expired"),
        (500, {}, "<html>", ""),
        (500, {}, '["a list"]', ""),
        (302, {}, "", ""),
        (200, {"location": "https://storage.example"}, "PK", ""),
    ],
)
def test_an_artifact_without_an_address_is_refused_in_the_words_of_github(
    monkeypatch: pytest.MonkeyPatch, status: int, headers: dict[str, str], body: str, words: str
) -> None:
    monkeypatch.setattr(Requester, "requestJson", lambda *_: (status, headers, body))
    repository = github_api.connect("https://api.github.example", "token").get_repo("o/app")
    with pytest.raises(GithubException) as error:
        github_api.artifact_address(repository, 7)
    assert (error.value.status, github_api.message(error.value)) == (status, words)


def test_the_address_of_an_artifact_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, str]] = []

    def request(_: Requester, verb: str, url: str) -> tuple[int, dict[str, str], str]:
        calls.append((verb, url))
        return 302, {"location": "https://storage.example/7.zip?sig=1"}, ""

    monkeypatch.setattr(Requester, "requestJson", request)
    repository = github_api.connect("https://api.github.example", "token").get_repo("o/app")
    assert github_api.artifact_address(repository, 7) == "https://storage.example/7.zip?sig=1"
    assert calls == [("GET", "/repos/o/app/actions/artifacts/7/zip")]


def test_a_client_of_a_github_enterprise_server_speaks_to_that_server_only() -> None:
    # No socket opens in a unit test: a client that asked anything here would fail.
    client = github_api.connect("https://github.example/api/v3", "token")
    assert client.requester.base_url == "https://github.example/api/v3"
