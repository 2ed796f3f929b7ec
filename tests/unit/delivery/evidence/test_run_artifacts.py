"""The records of releases are fetched from GitHub once, and what cannot be had is listed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from msgspec.structs import replace
from requests.exceptions import ConnectTimeout

from goldenpath.delivery.evidence import artifact_folder, run_artifacts, run_records
from goldenpath.delivery.evidence.run_records import RecordKind
from goldenpath.shared import codec, github_api, runner
from goldenpath.shared.errors import BadInput, GithubRefused, RegistryUnreachable
from goldenpath.shared.names import EnvironmentName
from tests.doubles.github.artifacts import zipped
from tests.unit.delivery.evidence import evidence_records
from tests.unit.delivery.evidence.artifacts_double import API, RUN, SLUG, GitHubOfArtifacts

SINCE = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
BEFORE = SINCE - dt.timedelta(seconds=1)
RECEIPT = f"goldenpath-receipt-{RUN}"


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> GitHubOfArtifacts:
    return GitHubOfArtifacts(monkeypatch)


def kept(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def refused(github: GitHubOfArtifacts, folder: Path) -> GithubRefused:
    with pytest.raises(GithubRefused) as error:
        github.source().fetch("prod", SINCE, folder)
    assert error.value.what == f"The artifacts of {SLUG} could not be fetched"
    return error.value


def test_every_record_of_a_release_is_fetched_and_read(
    github: GitHubOfArtifacts, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    github.release(tmp_path / "run")
    github.artifacts.keep(SLUG, f"goldenpath-candidate-{RUN}", {"receipt.json": b"{}"})
    keep = tmp_path / "keep"
    assert github.source().fetch("prod", SINCE, keep) == ()
    read = run_records.read([keep])
    assert ({record.kind for record in read.records}, read.refused) == (set(RecordKind), ())
    assert {record.run for record in read.records} == {str(RUN)}
    assert f"{RUN}/{RECEIPT}/receipt.json" in kept(keep)
    assert capsys.readouterr().err.splitlines() == [
        f"listing the artifacts of {SLUG}, from page 1", f"fetching 1 artifact of run {RUN} (1 of 1)",
        f"fetching 4 artifacts of run {RUN} (1 of 1)",
    ]  # fmt: skip


def test_the_token_does_not_follow_to_the_storage(github: GitHubOfArtifacts, tmp_path: Path) -> None:
    github.release(tmp_path / "run")
    github.source().fetch("prod", SINCE, tmp_path / "keep")
    assert github.storage_headers == [{"User-Agent": "goldenpath"}] * 5
    assert github.storage_hosts == {"storage.api.github.example"}


def test_what_is_there_is_not_fetched_again(github: GitHubOfArtifacts, tmp_path: Path) -> None:
    github.release(tmp_path / "run")
    github.artifacts.keep(SLUG, f"goldenpath-scan-{RUN}0", {})
    for _ in range(2):
        assert github.source().fetch("prod", SINCE, tmp_path / "keep") == ()
    assert len(github.artifacts.downloads) == 6


def test_a_fetch_that_was_ended_goes_on(
    github: GitHubOfArtifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    github.release(tmp_path / "run")
    fill = artifact_folder.fill

    def ended(place: Path, *words: object) -> None:
        if "scan" in place.name:
            raise KeyboardInterrupt
        fill(place, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(artifact_folder, "fill", ended)
    with pytest.raises(KeyboardInterrupt):
        github.source().fetch("prod", SINCE, tmp_path / "keep")
    monkeypatch.setattr(artifact_folder, "fill", fill)
    before = len(github.artifacts.downloads)
    github.source().fetch("prod", SINCE, tmp_path / "keep")
    assert (before, len(github.artifacts.downloads)) == (4, 5)


def test_only_runs_that_released_since_the_date_are_fetched_but_all_of_their_records(
    github: GitHubOfArtifacts, tmp_path: Path
) -> None:
    scan = {"trivy.verdict.json": b"{}"}
    github.artifacts.keep(SLUG, "goldenpath-receipt-1", {"receipt.json": b"{}"}, run=1, created=SINCE)
    github.artifacts.keep(SLUG, "goldenpath-scan-1", scan, run=1, created=BEFORE)
    github.artifacts.keep(SLUG, "goldenpath-receipt-2", {"receipt.json": b"{}"}, run=2, created=BEFORE)
    github.artifacts.keep(SLUG, "goldenpath-scan-2", scan, run=2, created=SINCE)
    github.artifacts.keep(SLUG, "goldenpath-scan-3", scan, run=3)
    github.artifacts.keep("team/other", "goldenpath-receipt-4", {"receipt.json": b"{}"}, run=4)
    github.artifacts.keep(SLUG, "goldenpath-receipt-5", {"receipt.json": b"{}"}, run=5, of_fork=True)
    github.artifacts.keep(SLUG, "goldenpath-receipt-../../6", {"receipt.json": b"{}"}, run=6)
    assert github.source().fetch("prod", SINCE, tmp_path) == ()
    assert kept(tmp_path) == {"1/goldenpath-receipt-1/receipt.json", "1/goldenpath-scan-1/trivy.verdict.json"}


def test_a_run_that_released_to_another_environment_lacks_nothing(github: GitHubOfArtifacts, tmp_path: Path) -> None:
    github.release(tmp_path / "run")
    github.artifacts.keep(SLUG, "goldenpath-sbom-7", run=RUN, expired=True)
    assert github.source().fetch("dev", SINCE, tmp_path / "keep") == ()
    assert kept(tmp_path / "keep") == {f"{RUN}/{RECEIPT}/receipt.json"}
    # A run may release to several.
    other = replace(evidence_records.RECEIPT, environment=EnvironmentName("dev"))
    github.artifacts.keep(SLUG, "goldenpath-receipt-8", {"receipt.json": codec.encode(other)}, run=RUN)
    (gap,) = github.source().fetch("dev", SINCE, tmp_path / "keep")
    assert (gap.about.split()[1], len(kept(tmp_path / "keep"))) == ("goldenpath-sbom-7", 7)


def test_a_run_whose_receipt_has_expired_may_be_of_the_environment(github: GitHubOfArtifacts, tmp_path: Path) -> None:
    github.artifacts.keep(SLUG, RECEIPT, expired=True)
    github.artifacts.keep(SLUG, "goldenpath-scan-1", {"trivy.verdict.json": b"{}"})
    (gap,) = github.source().fetch("prod", SINCE, tmp_path)
    assert gap.about.split()[1] == RECEIPT
    assert kept(tmp_path) == {f"{RUN}/goldenpath-scan-1/trivy.verdict.json"}


def test_every_page_of_the_list_is_read(github: GitHubOfArtifacts, tmp_path: Path) -> None:
    github.release(tmp_path / "run")
    for number in range(195):
        github.artifacts.keep(SLUG, f"other-{number}")
    github.source().fetch("prod", SINCE, tmp_path / "keep")
    assert [path.rpartition("?")[2] for path in github.pages] == [f"per_page=100&page={page}" for page in (1, 2, 3)]
    assert len(github.artifacts.downloads) == 5


def test_a_list_without_an_end_is_refused(
    github: GitHubOfArtifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_artifacts, "PAGES_AT_MOST", 2)
    for number in range(200):
        github.artifacts.keep(SLUG, f"other-{number}")
    with pytest.raises(GithubRefused) as error:
        github.source().fetch("prod", SINCE, tmp_path)
    assert (error.value.what, error.value.why) == (f"{SLUG} has too many artifacts to list", "They are more than 200")


def test_an_expired_artifact_is_missing_evidence_unless_it_was_kept(github: GitHubOfArtifacts, tmp_path: Path) -> None:
    github.release(tmp_path / "run")
    github.artifacts.keep(SLUG, "goldenpath-sbom-7", run=RUN, expired=True)
    (gap,) = github.source().fetch("prod", SINCE, tmp_path / "keep")
    assert (gap.about, gap.what) == (
        f"artifact goldenpath-sbom-7 of run {RUN} of {SLUG}",
        "GitHub has deleted it: artifacts expire after 30 to 90 days",
    )
    (tmp_path / "keep" / str(RUN) / "goldenpath-sbom-7").mkdir()
    assert github.source().fetch("prod", SINCE, tmp_path / "keep") == ()


@pytest.mark.parametrize("status", [404, 410])
def test_an_artifact_that_is_deleted_meanwhile_is_missing_evidence(
    github: GitHubOfArtifacts, tmp_path: Path, status: int
) -> None:
    github.artifacts.keep(SLUG, RECEIPT, {"receipt.json": b"{}"})
    github.artifacts.refusal = (status, "Gone")
    (gap,) = github.source().fetch("prod", SINCE, tmp_path)
    assert gap.what == "GitHub has deleted it: artifacts expire after 30 to 90 days"


def test_an_artifact_that_cannot_be_read_is_missing_evidence_and_the_others_are_there(
    github: GitHubOfArtifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goldenpath.delivery.evidence.artifact_zip.LARGEST_FILE", 1 << 20)
    github.artifacts.keep(SLUG, RECEIPT, {"receipt.json": b"{}"})
    github.artifacts.keep(SLUG, "goldenpath-scan-1", b"no zip")
    github.artifacts.keep(SLUG, "goldenpath-scan-2", zipped({"trivy.verdict.json": bytes(2 << 20)}))
    github.artifacts.keep(SLUG, "goldenpath-scan-3", size=artifact_folder.LARGEST_ARTIFACT + 1)
    assert [(gap.about.split()[1], gap.what) for gap in github.source().fetch("prod", SINCE, tmp_path)] == [
        ("goldenpath-scan-1", "not taken: 'File is not a zip file'"),
        ("goldenpath-scan-2", "not taken: 'trivy.verdict.json in it is larger than 1 MB'"),
        ("goldenpath-scan-3", "not taken: 'it is larger than 256 MB'"),
    ]
    assert kept(tmp_path) == {f"{RUN}/{RECEIPT}/receipt.json"}


def test_a_storage_that_refuses_is_missing_evidence(github: GitHubOfArtifacts, tmp_path: Path) -> None:
    github.artifacts.keep(SLUG, RECEIPT, {"receipt.json": b"{}"})
    github.artifacts.storage_status = 503
    (gap,) = github.source().fetch("prod", SINCE, tmp_path)
    assert (gap.what, len(github.storage_headers)) == ("not taken: 'its storage responded with HTTP 503'", 5)


def test_an_artifact_is_not_fetched_without_https(github: GitHubOfArtifacts, tmp_path: Path) -> None:
    github.artifacts.keep(SLUG, RECEIPT, {"receipt.json": b"{}"})
    github.artifacts.storage_scheme = "http"
    assert refused(github, tmp_path).why == "The address that GitHub gives for one of them is not https"
    assert github.storage_headers == []
    # The emulator has no https at all.
    assert github.source("http://api.github.example").fetch("prod", SINCE, tmp_path) == ()


def test_a_token_that_is_not_valid_is_named(github: GitHubOfArtifacts, tmp_path: Path) -> None:
    github.token = "another"
    error = refused(github, tmp_path)
    assert (error.why, error.fix) == ("HTTP 401: Bad credentials", "Set GITHUB_TOKEN to a token that is valid")


def test_a_token_without_the_right_is_told_which_one(github: GitHubOfArtifacts, tmp_path: Path) -> None:
    github.artifacts.keep(SLUG, RECEIPT, {"receipt.json": b"{}"})
    github.artifacts.refusal = (403, "Resource not accessible by personal access token")
    error = refused(github, tmp_path)
    assert error.why == "HTTP 403: Resource not accessible by personal access token"
    assert error.fix == (
        f"Set GITHUB_TOKEN to a token with `actions: read` for {SLUG} (a classic token: the scope `repo`)"
    )


def test_a_repository_that_nobody_sees_is_named(github: GitHubOfArtifacts, tmp_path: Path) -> None:
    github.double.threads.absent.add(SLUG)
    error = refused(github, tmp_path)
    assert (error.why, error.fix) == (
        "HTTP 404: Not Found",
        f"Correct --repository, or set GITHUB_TOKEN to a token that may read {SLUG}: `actions: read`",
    )


@pytest.mark.parametrize(
    ("status", "words", "fix"),
    [
        (403, "API rate limit exceeded for user ID 1.", "Wait for an hour. Run the command again"),
        (500, "Server Error", "Run the command again"),
    ],
)
def test_other_refusals_of_github_are_explained(
    github: GitHubOfArtifacts, tmp_path: Path, status: int, words: str, fix: str
) -> None:
    github.artifacts.keep(SLUG, RECEIPT, {"receipt.json": b"{}"})
    github.artifacts.refusal = (status, words)
    assert refused(github, tmp_path).fix.startswith(fix)


def test_a_github_that_does_not_respond_is_explained(
    github: GitHubOfArtifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def timeout(*_: object) -> None:
        raise ConnectTimeout("timed out")

    monkeypatch.setattr(github_api, "artifacts", timeout)
    assert refused(github, tmp_path).why == "GitHub's API does not respond: timed out"


@pytest.mark.parametrize("listed", [[], {}, {"artifacts": [{"id": "1"}]}, {"artifacts": None}])
def test_a_list_of_another_shape_is_refused(
    github: GitHubOfArtifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed: object
) -> None:
    monkeypatch.setattr(github_api, "artifacts", lambda *_: listed)
    assert refused(github, tmp_path).why.startswith("GitHub's list of them is not as it is described: ")


def test_an_artifact_without_a_run_or_a_time_stops_nothing(
    github: GitHubOfArtifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"id": 1, "name": RECEIPT, "size_in_bytes": 1, "expired": True, "created_at": None, "digest": None}
    listed = {"artifacts": [{**known, "workflow_run": {"id": 7}}, {**known, "id": 2, "workflow_run": None}]}
    monkeypatch.setattr(github_api, "artifacts", lambda *_: listed)
    (gap,) = github.source().fetch("prod", SINCE, tmp_path)
    assert gap.about == f"artifact {RECEIPT} of run 7 of {SLUG}"


def test_a_storage_that_is_down_ends_the_command(
    github: GitHubOfArtifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object, **__: object) -> None:
        raise OSError("reset")

    github.artifacts.keep(SLUG, RECEIPT, {"receipt.json": b"{}"})
    monkeypatch.setattr("urllib3.PoolManager.request", down)
    with pytest.raises(RegistryUnreachable):
        github.source().fetch("prod", SINCE, tmp_path)


@pytest.mark.parametrize("slug", ["my-app", "", "a/b/c", "https://github.com/a/b", "a b/c"])
def test_a_repository_is_named_by_its_owner_and_name(slug: str) -> None:
    with pytest.raises(BadInput) as error:
        run_artifacts.named([slug], "token")
    assert error.value.what == f"--repository {slug!a} names no repository"


def test_nothing_is_fetched_without_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "variables", lambda: {"GITHUB_API_URL": API})
    with pytest.raises(BadInput) as error:
        run_artifacts.named([SLUG], "")
    assert (error.value.what, error.value.fix) == (
        "--repository needs a token", f"Set GITHUB_TOKEN to a token with `actions: read` for {SLUG}",
    )  # fmt: skip
    assert run_artifacts.named([], "") == ()
    assert run_artifacts.named([SLUG, SLUG], "t") == (run_artifacts.RunArtifacts(API, "t", SLUG),)
