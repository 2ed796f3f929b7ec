"""Who merged a change: what a commit says, and what GitHub records."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from goldenpath.shared import git, github_rest, merge_history
from goldenpath.shared.errors import GithubRefused
from goldenpath.shared.http import HttpResponse
from goldenpath.shared.merge_history import MergedChange, MergeRecords

AT = "2026-10-02T10:00:00+02:00"
CHANGE = MergedChange("c" * 40, "ann", dt.datetime(2026, 10, 2, tzinfo=dt.UTC), "Accept it (#7)", number=7)
RECORDS = MergeRecords("https://api.github.com", "t", "o/app")


def record(subject: str, *, parents: str = "p", author: str = "ann", committer: str = "GitHub") -> str:
    return "\n".join(("c" * 40, parents, author, committer, AT, subject, ""))


@pytest.mark.parametrize(
    ("given", "number", "merged_by"),
    [
        (record("Merge pull request #12 from o/branch", parents="p q"), 12, "ann"),
        (record("Accept it (#7)"), 7, ""),
        (record("Accept it (#7)", committer="bob"), 7, ""),
        (record("Accept it", committer="bob"), None, "bob"),
        (record("Accept it"), None, ""),
        (record("Accept it (#7) and more", committer="GitHub"), None, ""),
    ],
    ids=["merge", "squash", "squash-by-hand", "direct", "web-editor", "no-number"],
)
def test_a_commit_names_who_merged_it_only_where_it_can(
    monkeypatch: pytest.MonkeyPatch, given: str, number: int | None, merged_by: str
) -> None:
    monkeypatch.setattr(git, "run", lambda *_: f"{given}\0")
    (change,) = merge_history.changes(Path(), "HEAD", "file")
    assert (change.number, change.merged_by, change.source) == (number, merged_by, "git" if merged_by else "")
    assert change.at == dt.datetime.fromisoformat(AT)


@pytest.mark.parametrize(
    ("address", "slug"),
    [
        ("https://github.com/o/app", "o/app"),
        ("https://github.com/o/a/b", ""),
        ("https://gitlab.com/o/app", ""),
        ("file:///o/app", ""),
        ("", ""),
    ],
)
def test_a_slug_is_owner_and_name_of_that_github(address: str, slug: str) -> None:
    assert merge_history.github_slug(address, "https://github.com") == slug


def responding(monkeypatch: pytest.MonkeyPatch, contents: dict[str, Any]) -> None:
    def get(url: str, _: str) -> HttpResponse:
        path, _, query = url.partition("/repos/o/app/")[2].partition("?")
        content = contents[path]
        if isinstance(content, list) and query:
            page = int(query.rpartition("page=")[2])
            content = content[100 * (page - 1) : 100 * page]
        status = content if isinstance(content, int) else 200
        return HttpResponse(status, {}, b"{}" if isinstance(content, int) else json.dumps(content).encode())

    monkeypatch.setattr(github_rest, "get", get)


def test_github_names_who_merged_and_who_approved(monkeypatch: pytest.MonkeyPatch) -> None:
    responding(monkeypatch, {
        f"commits/{CHANGE.commit}/pulls": [{"number": 7, "merged_at": AT}, {"number": 8, "merged_at": None}],
        "pulls/7": {"merged_by": {"login": "carol"}, "body": "why"},
        "pulls/7/reviews": [
            {"user": {"login": login}, "state": state} for login, state in (
                ("dan", "APPROVED"), ("dan", "COMMENTED"), ("eve", "APPROVED"), ("eve", "CHANGES_REQUESTED"),
            )
        ] + [{"user": None, "state": "APPROVED"}],
    })  # fmt: skip
    confirmed = RECORDS.confirmed(CHANGE)
    assert (confirmed.merged_by, confirmed.source, confirmed.approved_by, confirmed.body) == (
        "carol", "github", ("dan",), "why",
    )  # fmt: skip


def test_a_decision_on_a_later_page_of_the_reviews_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    dan = {"user": {"login": "dan"}}
    reviews = [{**dan, "state": "APPROVED"}, *[{**dan, "state": "COMMENTED"}] * 200, {**dan, "state": "DISMISSED"}]
    responding(monkeypatch, {
        f"commits/{CHANGE.commit}/pulls": [*[{"number": 8, "merged_at": None}] * 100, {"number": 7, "merged_at": AT}],
        "pulls/7": {"merged_by": {"login": "carol"}}, "pulls/7/reviews": reviews,
    })  # fmt: skip
    confirmed = RECORDS.confirmed(CHANGE)
    assert (confirmed.number, confirmed.approved_by) == (7, ())


def test_a_list_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    responding(monkeypatch, {f"commits/{CHANGE.commit}/pulls": [{"number": 8}] * 5001})
    with pytest.raises(GithubRefused, match=r"The merges of o/app could not be read") as error:
        RECORDS.confirmed(CHANGE)
    assert error.value.why == f"commits/{CHANGE.commit}/pulls has more than 5000 items"


@pytest.mark.parametrize("listed", [404, [], [{"number": 1, "merged_at": AT}, {"number": 2, "merged_at": AT}]])
def test_what_github_does_not_know_for_certain_stays_unknown(monkeypatch: pytest.MonkeyPatch, listed: Any) -> None:  # noqa: ANN401
    responding(monkeypatch, {f"commits/{CHANGE.commit}/pulls": listed})
    assert RECORDS.confirmed(CHANGE) == CHANGE


@pytest.mark.parametrize("listed", [403, {"message": "no list"}])
def test_a_refusal_of_github_ends_in_an_error(monkeypatch: pytest.MonkeyPatch, listed: Any) -> None:  # noqa: ANN401
    responding(monkeypatch, {f"commits/{CHANGE.commit}/pulls": listed})
    with pytest.raises(GithubRefused, match="The merges of o/app could not be read"):
        RECORDS.confirmed(CHANGE)
