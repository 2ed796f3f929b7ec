"""What dev/bump.py proposes: one pull request, with one changed entry, and text that nobody can make markup of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from dev import bump
from dev.bumps import pinning, text
from dev.bumps.github import Api
from dev.bumps.pinning import Pinned
from dev.bumps.releases import Proposal
from dev.bumps.trial import Difference, Trial

from goldenpath.delivery.model import evidence
from goldenpath.shared import codec, pins
from goldenpath.shared.errors import BadInput, EvidenceMismatch, GithubRefused
from goldenpath.shared.runner import Runner
from tests.unit.releases_double import COMMIT, ORIGIN, OURS, GitHubOfReleases

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 30, tzinfo=UTC)
TABLE = pins.TABLE.read_text(encoding="utf-8")
OLD = next(tool for tool in pins.load() if tool.name == "crane").version
CRANE = Proposal("crane", "google/go-containerregistry", OLD, "99.0.0", datetime(2026, 11, 20, tzinfo=UTC), False, {})  # noqa: FBT003
PINNED = Pinned(CRANE, pinning.with_version(TABLE, CRANE), ("Built with Go.",))
TRIAL = Trial("crane", passed=True, tests="12 passed in 3s", differences=())
RUNNER = Runner(in_actions=True, repository=OURS, ref="refs/heads/main", run_id="47")
BRANCH = "bump/crane-99.0.0"


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> GitHubOfReleases:
    """GitHub with our repository as it was checked out."""
    github = GitHubOfReleases(files={("main", bump.TABLE): TABLE.encode()})
    github.take_the_place_of_github(monkeypatch)
    return github


def proposed(folder: Path, *pinned: Pinned, trial: Trial | None = TRIAL) -> int:
    """Propose `pinned`, with or without a `trial`."""
    tools = ""
    for each in pinned:
        path = folder / "pinned" / f"{each.proposal.tool}.json"
        codec.write(path, each)
        tools += f" {each.proposal.tool}={evidence.sha256(path.read_bytes())}"
    if trial:
        codec.write(folder / "trials" / f"{trial.tool}.json", trial)
    return bump.propose(folder / "pinned", folder / "trials", tools, Api(ORIGIN, "the-token"), RUNNER)


def test_a_proposal_is_one_commit_on_a_branch_of_its_own_and_a_pull_request(
    github: GitHubOfReleases, tmp_path: Path
) -> None:
    assert proposed(tmp_path, PINNED) == 0
    assert github.branches == {"main": COMMIT, BRANCH: COMMIT}
    assert github.files[BRANCH, bump.TABLE].decode() == TABLE.replace(
        f"- name: crane\n  version: {OLD}\n", "- name: crane\n  version: 99.0.0\n"
    )
    (pull,) = github.pulls()
    assert (pull["title"], pull["head"]["ref"], pull["base"]["ref"]) == (f"crane {OLD} → 99.0.0", BRANCH, "main")


def test_what_was_begun_is_ended_by_the_next_run(github: GitHubOfReleases, tmp_path: Path) -> None:
    github.refusal = (500, "a bad day")
    with pytest.raises(GithubRefused, match=f"GitHub refused /repos/{OURS}/pulls"):
        proposed(tmp_path, PINNED)
    github.refusal = None
    assert proposed(tmp_path, PINNED) == 0
    assert len(github.pulls()) == 1
    assert [verb for verb, *_ in github.calls].count("PUT") == 1


def test_a_repository_that_lets_no_workflow_propose_is_told_where_the_setting_is(
    github: GitHubOfReleases, tmp_path: Path
) -> None:
    github.refusal = (403, "GitHub Actions is not permitted to create or approve pull requests.")
    with pytest.raises(GithubRefused) as caught:
        proposed(tmp_path, PINNED)
    assert caught.value.what == "GitHub Actions may not open pull requests in this repository"
    assert "Settings → Actions → General" in caught.value.fix


def test_a_table_that_changed_meanwhile_is_not_overwritten(github: GitHubOfReleases, tmp_path: Path) -> None:
    github.files["main", bump.TABLE] = b"somebody was quicker"
    with pytest.raises(GithubRefused, match=r"changed on bump/crane-99\.0\.0 since this run checked it out"):
        proposed(tmp_path, PINNED)
    assert github.pulls() == []


def test_a_table_with_another_entry_changed_is_not_proposed(github: GitHubOfReleases, tmp_path: Path) -> None:
    trivy = next(tool for tool in pins.load() if tool.name == "trivy")
    sneaky = Pinned(CRANE, PINNED.table.replace(trivy.assets[0].sha256, "ab" * 32), ())
    with pytest.raises(BadInput, match="the proposal of crane changes crane, trivy"):
        proposed(tmp_path, sneaky)
    assert github.calls == []


def test_a_table_that_the_trial_replaced_is_not_proposed(github: GitHubOfReleases, tmp_path: Path) -> None:
    path = tmp_path / "crane.json"
    codec.write(path, PINNED)
    with pytest.raises(EvidenceMismatch, match=r"crane\.json is not what the job pin wrote"):
        bump.propose(tmp_path, tmp_path, f"crane={'ab' * 32}", Api(ORIGIN, "the-token"), RUNNER)
    assert github.calls == []


def test_a_run_that_is_on_no_branch_has_nothing_to_propose_to(tmp_path: Path) -> None:
    on_a_tag = Runner(in_actions=True, repository=OURS, ref="refs/tags/v1.0.0")
    with pytest.raises(BadInput, match=r"refs/tags/v1\.0\.0 is not a branch"):
        bump.propose(tmp_path, tmp_path, "", Api(ORIGIN, "the-token"), on_a_tag)


def test_a_pull_request_that_was_closed_is_found_again(github: GitHubOfReleases, tmp_path: Path) -> None:
    proposed(tmp_path, PINNED)
    assert Api(ORIGIN, "the-token").pull_of(OURS, BRANCH) == github.pulls()[0]["html_url"]
    assert Api(ORIGIN, "the-token").pull_of(OURS, "bump/crane-99.0.1") == ""


#         the trial                                                            draft
DRAFTS = [
    (TRIAL, False),
    (Trial("crane", passed=False, tests="1 failed", differences=()), True),
    (Trial("other", passed=True, tests="", differences=()), True),
    (None, True),
]


@pytest.mark.parametrize(("trial", "draft"), DRAFTS)
def test_a_proposal_whose_trial_did_not_end_well_is_a_draft(
    github: GitHubOfReleases, tmp_path: Path, trial: Trial | None, *, draft: bool
) -> None:
    proposed(tmp_path, PINNED, trial=trial)
    (opened,) = [body for verb, place, body in github.calls if verb == "POST" and place.endswith("/pulls")]
    assert opened["draft"] is draft


def test_where_there_are_no_drafts_a_proposal_says_in_its_text_alone_that_its_trial_failed(
    github: GitHubOfReleases, tmp_path: Path
) -> None:
    github.takes_drafts = False
    proposed(tmp_path, PINNED, trial=None)
    assert [pull["title"] for pull in github.pulls()] == [f"crane {OLD} → 99.0.0"]


def test_a_trial_that_cannot_be_read_is_no_trial(github: GitHubOfReleases, tmp_path: Path) -> None:
    (tmp_path / "trials").mkdir()
    (tmp_path / "trials" / "crane.json").write_text('{"tool": "crane", "passed": true, "tests": "' + "x" * 500 + '"}')
    proposed(tmp_path, PINNED, trial=None)
    (pull,) = github.pulls()
    assert "The trial came to no end" in pull["body"]


def test_the_text_tells_what_was_checked_what_changes_and_that_the_checks_wait() -> None:
    trial = Trial("crane", passed=True, tests="12 passed in 3s", differences=(
        Difference("hello-web", 12, 9, 1, 4, ("trivy: HIGH CVE-2026-1 zlib 1.2 in usr/lib",), ("syft: perl 5.40",)),
        Difference("wordpress", failed="error: no engine"),
    ))  # fmt: skip
    body = text.body(PINNED, trial, "https://github.com/octo/platform/actions/runs/47", NOW)
    notes = "[release notes](https://github.com/google/go-containerregistry/releases/tag/v99.0.0)"
    for line in (
        f"crane {OLD} → 99.0.0, released 2026-11-20, 10 days ago: {notes}.",
        "- Built with Go.",
        "Tests with the new program: **passed**. 12 passed in 3s",
        "| hello-web | 12 | 9 | 1 | 4 |",
        "New in hello-web:",
        "Missing in hello-web, the first 1:",
        "| wordpress | no comparison: error: no engine | | | |",
        "- syft: perl 5.40",
        "Written by [this run](https://github.com/octo/platform/actions/runs/47).",
    ):
        assert line in body.splitlines()
    assert "presses *Approve and run workflows*" in body


def test_nothing_that_a_new_program_wrote_becomes_markup_or_a_mention() -> None:
    sly = "@octocat merge [this](https://evil.example) <img src=x> | closes #1"
    trial = Trial("crane", passed=True, tests=sly, differences=(Difference(sly, 1, 1, 1, 1, (sly,), (sly,)),))
    body = text.body(PINNED, trial, "https://github.com/x", NOW)
    assert "<img" not in body
    assert body.count("`@octocat`") == body.count("@octocat")
    assert body.count("`[this](https://evil.example)`") == body.count("evil.example")
    assert body.count("`#1`") == body.count("#1")


def test_a_version_whose_line_is_not_found_is_not_replaced() -> None:
    with pytest.raises(BadInput, match="the version of crane could not be replaced"):
        pinning.with_version(TABLE.replace(OLD, "0.0.1"), CRANE)
