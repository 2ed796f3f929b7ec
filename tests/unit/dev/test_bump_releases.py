"""Which releases dev/bump.py may propose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from dev import bump
from dev.bumps import policy, releases
from dev.bumps.github import Api
from msgspec.structs import replace

from goldenpath.shared import pins
from goldenpath.shared.errors import BadInput, GithubRefused
from goldenpath.shared.pins import Asset, Group, Host, Tool
from tests.unit.releases_double import ORIGIN, GitHubOfReleases, asset, release

NOW = datetime(2026, 11, 30, tzinfo=UTC)
SHA = "ab" * 32
HELLO = Tool(
    name="hello", version="1.2.3", group=Group.TESTS, repository="acme/hello",
    assets=(Asset(platform=Host.LINUX_AMD64, name="hello_{version}", sha256=SHA),),
)  # fmt: skip
ROOT = Path(__file__).resolve().parents[3]


def ago(**before: int) -> str:
    """Return a time before NOW as GitHub writes it."""
    return f"{NOW - timedelta(**before):%Y-%m-%dT%H:%M:%SZ}"


# Why: GitHub's releases, and the version that is proposed.
NEWEST = {
    "a newer release that is old enough": ([release("1.2.4", published=ago(days=7))], "1.2.4"),
    "one that is a second too young": ([release("1.2.4", published=ago(days=7, seconds=-1))], None),
    "the newest of those that are old enough": (
        [release("1.4.0", published=ago(days=1)), release("1.3.0", published=ago(days=9)),
         release("1.2.4", published=ago(days=20))], "1.3.0",
    ),
    "versions are numbers": ([release("1.10.0"), release("1.9.0")], "1.10.0"),
    "an older line that was patched later": ([release("1.2.2", published=ago(days=8))], None),
    "the version that is pinned": ([release("1.2.3")], None),
    "a pre-release": ([release("1.2.4", prerelease=True)], None),
    "a draft": ([release("1.2.4", draft=True, published_at=None)], None),
    "a tag that is no version": ([release("1.2.4-rc.1"), release("x", tag_name="nightly")], None),
    "no release at all": ([], None),
    "an old release whose file was replaced yesterday": (
        [release("1.2.4", asset("hello_1.2.4", SHA, updated=ago(days=1)), published=ago(days=60))], None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", NEWEST)
def test_the_newest_release_whose_cool_down_is_over_is_proposed(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    listed, expected = NEWEST[why]
    GitHubOfReleases({"acme/hello": listed}).take_the_place_of_github(monkeypatch)
    found = releases.newest(HELLO, Api(ORIGIN, "the-token").releases("acme/hello"), NOW)
    assert (found.new if found else None) == expected


def test_a_proposal_knows_the_digests_that_github_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [release("1.2.4", asset("hello_1.2.4", SHA), asset("of-long-ago", None), immutable=True)]
    GitHubOfReleases({"acme/hello": listed}).take_the_place_of_github(monkeypatch)
    found = releases.newest(HELLO, Api(ORIGIN, "the-token").releases("acme/hello"), NOW)
    assert found
    assert (found.old, found.digests, found.immutable) == ("1.2.3", {"hello_1.2.4": SHA}, True)


def test_a_release_that_must_never_run_is_not_proposed(monkeypatch: pytest.MonkeyPatch) -> None:
    trivy = replace(HELLO, name="trivy", version="0.69.3")
    GitHubOfReleases({"acme/hello": [release("0.69.5")]}).take_the_place_of_github(monkeypatch)
    assert releases.newest(trivy, Api(ORIGIN, "the-token").releases("acme/hello"), NOW) is None


def test_an_answer_that_is_no_list_of_releases_is_refused() -> None:
    with pytest.raises(GithubRefused, match="GitHub's list of releases cannot be read"):
        releases.parse([{"tag_name": "v1.2.4"}])


def test_every_program_of_the_table_is_followed_or_held_with_a_reason() -> None:
    tools = pins.load()
    names = {tool.name for tool in tools}
    assert {tool.name for tool in bump.followed(tools)} == names - set(policy.HELD)
    assert set(policy.HELD) <= names
    assert set(policy.SIGNERS) <= names
    assert all(policy.HELD.values())


def test_a_program_that_says_not_where_its_releases_are_must_be_held() -> None:
    nowhere = replace(HELLO, name="new", repository=None, host="https://a.example", folder="x")
    with pytest.raises(BadInput, match="new has no `repository`"):
        list(bump.followed((nowhere,)))


def test_what_a_trial_uses_is_there() -> None:
    assert [path for path in policy.TESTS if not (ROOT / path).is_file()] == []
    assert [folder for _, folder in policy.EXAMPLES if not (ROOT / folder / "Dockerfile").is_file()] == []


def test_dependabot_waits_as_long_as_we_do() -> None:
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    assert {each["cooldown"]["default-days"] for each in updates} == {policy.COOL_DOWN.days}
