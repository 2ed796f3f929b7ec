# A test changes any field of a run.
# ruff: noqa: ANN401

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from goldenpath.delivery.github.code_scanning import AnalyzedCommit, UploadEnd, off
from goldenpath.delivery.model.event import Event
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.running import gate, upload_conditions
from goldenpath.delivery.stages import sarif_upload
from goldenpath.shared.errors import CodeScanningOff, SarifRefused
from goldenpath.shared.names import Commit
from goldenpath.shared.runner import Runner
from tests.unit.builders import COMMIT, report
from tests.unit.run_builder import run

if TYPE_CHECKING:
    from goldenpath.delivery.stage import Run

PUSH = Event("push", Commit(COMMIT), "refs/heads/main", "o/app", "https://github.com/o/app", default_branch="main")
IN_ACTIONS = Runner(in_actions=True, api_url="https://api.example")


class ScanningDouble:
    """A double of code scanning: it keeps what it is given, and ends each upload as `ends` says."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str]] = []
        self.uploads: list[tuple[bytes, AnalyzedCommit]] = []
        self.ends = [UploadEnd.PROCESSED, UploadEnd.PROCESSED]
        self.on: bool | None = True

    def __call__(self, api_url: str, token: str) -> ScanningDouble:
        self.made.append((api_url, token))
        return self

    def upload(self, sarif: bytes, analysis: AnalyzedCommit) -> UploadEnd:
        if self.on is False:
            raise off(analysis.repository)
        self.uploads.append((sarif, analysis))
        return self.ends[len(self.uploads) - 1]

    def is_on(self, repository: str) -> bool | None:
        assert repository == "o/app"
        return self.on


@pytest.fixture
def scanning(monkeypatch: pytest.MonkeyPatch) -> ScanningDouble:
    double = ScanningDouble()
    for module in (sarif_upload, upload_conditions):
        monkeypatch.setattr(module, "CodeScanning", double)
    return double


def ready(folder: Path, *gates: Gate, **changed: Any) -> Run:
    """Return a run for prod in which `gates` came to a verdict."""
    options: dict[str, Any] = {"environment": "prod", "runner": IN_ACTIONS, "github_token": "t", "event": PUSH}
    made = run(folder, **options | changed)
    for each in gates:
        gate.conclude(made, report(gate=each), category=each.value)
    return made


def test_every_gate_that_ran_is_uploaded_for_the_commit_and_ref(tmp_path: Path, scanning: ScanningDouble) -> None:
    made = ready(tmp_path, *Gate)
    outcome = sarif_upload.run(made)
    analysis = AnalyzedCommit("o/app", Commit(COMMIT), "refs/heads/main")
    assert scanning.made == [("https://api.example", "t")]
    assert scanning.uploads == [(made.work.sarif(each).read_bytes(), analysis) for each in Gate]
    assert outcome.outputs == {"uploaded": "gitleaks,trivy"}
    assert outcome.sentence == "SARIF processed by GitHub: gitleaks, trivy"


def test_where_only_the_first_gate_ran_its_findings_are_uploaded_alone(
    tmp_path: Path, scanning: ScanningDouble
) -> None:
    """A secret blocks before there is an image: its finding must be seen."""
    assert sarif_upload.run(ready(tmp_path, Gate.GITLEAKS)).outputs == {"uploaded": "gitleaks"}


def test_sarif_without_a_verdict_is_of_a_gate_that_crashed_and_is_not_uploaded(
    tmp_path: Path, scanning: ScanningDouble
) -> None:
    made = ready(tmp_path, Gate.GITLEAKS)
    made.work.sarif(Gate.TRIVY).write_text("{}")
    assert sarif_upload.run(made).outputs == {"uploaded": "gitleaks"}


REASONS: dict[str, tuple[dict[str, Any], str]] = {
    "an advisory environment": (
        {"environment": "dev"}, "the platform's rules for dev do not ask for it",
    ),
    "a SHA-256 repository": (
        {"event": replace(PUSH, commit=Commit("5" * 64))},
        "GitHub takes findings only for commits that are named by SHA-1",
    ),
    "no repository": ({"event": replace(PUSH, repository="")}, "this is no GitHub repository"),
    "a terminal without token": (
        {"runner": Runner(), "github_token": ""}, "there is no GITHUB_TOKEN at this terminal",
    ),
    "a fork": (
        {"event": replace(PUSH, name="pull_request", fork=True)},
        "the pull request comes from a fork, whose token may not write security events",
    ),
    "a merge queue": (
        {"event": replace(PUSH, name="merge_group", ref="refs/heads/gh-readonly-queue/main/pr-7-a")},
        "GitHub deletes a merge queue's branch before it takes findings; the run after the merge uploads them",
    ),
    "the push of a merge queue's branch": (
        {"event": replace(PUSH, ref="refs/heads/gh-readonly-queue/development/pr-7-a")},
        "GitHub deletes a merge queue's branch before it takes findings; the run after the merge uploads them",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REASONS)
def test_where_nothing_may_be_uploaded_the_reason_is_told_and_nobody_is_asked(
    tmp_path: Path, scanning: ScanningDouble, case: str
) -> None:
    changed, reason = REASONS[case]
    outcome = sarif_upload.run(ready(tmp_path, *Gate, **changed))
    assert outcome.sentence == f"no SARIF uploaded: {reason}"
    assert outcome.outputs == {"uploaded": ""}
    assert outcome.stop is None
    assert scanning.made == []


def test_a_run_in_which_no_gate_came_to_a_verdict_has_nothing_to_upload(tmp_path: Path) -> None:
    assert sarif_upload.run(ready(tmp_path)).sentence == "no SARIF uploaded: no gate came to a verdict"


def test_a_run_that_should_upload_and_has_no_token_says_what_to_pass(tmp_path: Path) -> None:
    with pytest.raises(SarifRefused) as caught:
        sarif_upload.run(ready(tmp_path, *Gate, github_token=""))
    assert caught.value.what == "There is no token to upload SARIF with"
    assert "security-events: write" in caught.value.fix


def required(made: Run) -> Run:
    """Return the same run where the platform requires code scanning."""
    return dataclasses.replace(made, environment=dataclasses.replace(made.environment, code_scanning_required=True))


def test_where_code_scanning_is_required_findings_of_a_sha_256_repository_are_sent_too(
    tmp_path: Path, scanning: ScanningDouble
) -> None:
    made = ready(tmp_path, *Gate, event=replace(PUSH, commit=Commit("5" * 64)))
    assert sarif_upload.run(required(made)).outputs == {"uploaded": "gitleaks,trivy"}


def test_where_code_scanning_is_off_and_only_advised_the_run_warns_and_goes_on(
    tmp_path: Path, scanning: ScanningDouble
) -> None:
    scanning.on = False
    outcome = sarif_upload.run(ready(tmp_path, *Gate))
    assert outcome.sentence == "no SARIF uploaded: code scanning is off"
    assert outcome.outputs == {"uploaded": ""}
    assert outcome.stop is None
    (warning,) = outcome.warnings
    assert warning.startswith("Code scanning is off for o/app: GitHub does not show these findings; the run's summary")


def test_where_code_scanning_is_off_and_required_the_upload_is_an_error(
    tmp_path: Path, scanning: ScanningDouble
) -> None:
    scanning.on = False
    with pytest.raises(CodeScanningOff, match=r"^Code scanning is off for o/app\. Private and internal"):
        sarif_upload.run(required(ready(tmp_path, *Gate)))


def test_where_code_scanning_is_required_and_off_the_run_ends_before_the_build(
    tmp_path: Path, scanning: ScanningDouble
) -> None:
    scanning.on = False
    with pytest.raises(CodeScanningOff, match=r"Settings → Advanced Security"):
        upload_conditions.require_code_scanning(required(ready(tmp_path)))
    assert scanning.made == [("https://api.example", "t")]


@pytest.mark.parametrize("on", [True, None], ids=["on", "not known"])
def test_where_code_scanning_is_not_known_to_be_off_the_run_goes_on(
    tmp_path: Path, scanning: ScanningDouble, *, on: bool | None
) -> None:
    scanning.on = on
    upload_conditions.require_code_scanning(required(ready(tmp_path)))


@pytest.mark.parametrize(
    "changed",
    [{"github_token": ""}, {"event": replace(PUSH, name="pull_request", fork=True)}, {"runner": Runner()}],
    ids=["no token", "a fork", "a terminal"],
)
def test_a_run_that_uploads_nothing_does_not_ask_whether_code_scanning_is_on(
    tmp_path: Path, scanning: ScanningDouble, changed: dict[str, Any]
) -> None:
    scanning.on = False
    made = ready(tmp_path, **changed)
    if changed.get("runner") == Runner():
        made = dataclasses.replace(made, request=dataclasses.replace(made.request, github_token=""))
    upload_conditions.require_code_scanning(required(made))
    upload_conditions.require_code_scanning(ready(tmp_path))
    assert scanning.made == []


@pytest.mark.parametrize("ref", ["refs/pull/7/merge", "refs/heads/feature", "refs/tags/v1"])
def test_a_ref_that_is_gone_is_told_and_turns_nothing_red(tmp_path: Path, scanning: ScanningDouble, ref: str) -> None:
    scanning.ends = [UploadEnd.PROCESSED, UploadEnd.REF_GONE]
    outcome = sarif_upload.run(ready(tmp_path, *Gate, event=replace(PUSH, ref=ref)))
    reason = f"GitHub no longer has {ref}: it was merged, closed or deleted during this run"
    assert (outcome.sentence, outcome.warnings) == (f"no SARIF uploaded: {reason}", (f"{reason}.",))
    assert (outcome.outputs, outcome.stop) == ({"uploaded": "gitleaks"}, None)


def test_a_pull_request_of_dependabot_is_uploaded_as_any_other(tmp_path: Path, scanning: ScanningDouble) -> None:
    event = replace(PUSH, name="pull_request", ref="refs/pull/7/merge", by_dependabot=True)
    assert sarif_upload.run(ready(tmp_path, *Gate, event=event)).outputs == {"uploaded": "gitleaks,trivy"}


def test_a_token_that_may_not_upload_is_an_error_and_in_dependabots_runs_a_warning(
    tmp_path: Path, scanning: ScanningDouble
) -> None:
    scanning.ends = [UploadEnd.NOT_PERMITTED, UploadEnd.NOT_PERMITTED]
    with pytest.raises(SarifRefused) as caught:
        sarif_upload.run(ready(tmp_path / "person", *Gate))
    assert caught.value.why == "The token of this job may not write security events"
    assert "permissions: security-events: write" in caught.value.fix
    outcome = sarif_upload.run(ready(tmp_path / "bot", *Gate, event=replace(PUSH, by_dependabot=True)))
    assert outcome.sentence.startswith("no SARIF uploaded: Dependabot's run has a token that may not write security")
    assert (outcome.outputs, outcome.stop, len(outcome.warnings)) == ({"uploaded": ""}, None, 1)
