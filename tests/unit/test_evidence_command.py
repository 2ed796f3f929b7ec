"""`goldenpath evidence`: one archive, and a clear word about what it lacks."""

from __future__ import annotations

import datetime as dt
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from goldenpath import cli
from goldenpath.delivery.evidence import merged_exceptions, policies, registry_images
from goldenpath.delivery.evidence.merged_exceptions import RulesHistory
from goldenpath.delivery.evidence.policies import PolicyHistory, PolicyVersion
from goldenpath.delivery.evidence.registry_images import RegistryImage
from goldenpath.registries import plan_history
from goldenpath.registries.config import ecr_tf
from goldenpath.shared import git, merge_history, runner
from goldenpath.shared.evidence_archive import ArchivedFile
from goldenpath.shared.merge_history import MergedChange, MergeRecords
from goldenpath.shared.names import Digest
from tests.unit.delivery.evidence import evidence_records
from tests.unit.delivery.evidence.artifacts_double import API, RUN, GitHubOfArtifacts
from tests.unit.delivery.evidence.evidence_records import COMMIT, DIGEST, MANIFEST, REPOSITORY, TAG

IMAGE = RegistryImage(DIGEST, (TAG,), dt.datetime(2026, 10, 2, 8, tzinfo=dt.UTC), "ACTIVE")
CHANGE = MergedChange("c" * 40, "ann", IMAGE.pushed_at, "Add it (#7)", number=7, merged_by="bob", source="github")
RULES = Digest.of(b"rules")
WORDS = ("evidence", "--since=2026-10-01", "--environment=prod")


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_images, "connect", lambda *_: None)
    monkeypatch.setattr(registry_images, "released", lambda _, name, *__: (IMAGE,) if name == REPOSITORY else ())
    monkeypatch.setattr(registry_images, "manifests", lambda *_: {DIGEST: MANIFEST})
    monkeypatch.setattr(runner, "variables", dict)


@pytest.fixture
def checkouts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "affirms", lambda *_: True)
    monkeypatch.setattr(git, "is_shallow", lambda _: False)
    monkeypatch.setattr(git, "origin_url", lambda _: "https://github.com/team/platform")
    rules = RulesHistory(Path(), None, (), is_whole=True)
    monkeypatch.setattr(merged_exceptions, "read", lambda *_: rules)
    file = ArchivedFile("policies/c.yaml", b"rules")
    rules_as_they_were = PolicyHistory((PolicyVersion(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), file, RULES),))
    monkeypatch.setattr(policies, "history", lambda _: rules_as_they_were)
    monkeypatch.setattr(merge_history, "changes", lambda *_: (CHANGE,))
    monkeypatch.setattr(git, "output", lambda *_: b"+ registry")


def index_of(archive: Path) -> dict[str, Any]:
    with tarfile.open(archive) as packed:
        file = packed.extractfile("evidence-prod-since-2026-10-01/index.json")
        assert file
        return dict(json.loads(file.read()))


@pytest.mark.usefixtures("checkouts")
def test_everything_that_is_known_is_packed_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_history, "_missing", lambda *_: ())
    evidence_records.write_run(tmp_path / "records" / "12345678901")
    output = tmp_path / "evidence.tar.gz"
    options = (f"--source={tmp_path}", f"--platform={tmp_path}", f"--records={tmp_path / 'records'}")
    assert cli.run([*WORDS, f"--ecr-repository={REPOSITORY}", *options, f"--output={output}"]) == 0
    index = index_of(output)
    assert (index["missing"], index["schema"]) == ([], "goldenpath.evidence/1")
    assert index["releases"][0]["policies"] == ["policies/c.yaml"]
    assert index["registry_changes"][0]["merge"]["merged_by"] == "bob"
    printed = capsys.readouterr()
    assert "releases to prod since 2026-10-01 (UTC): 1; changes of registries: 1" in printed.out
    assert printed.err.splitlines() == ["reading team/my-app in ECR", "reading the changes of prod's registries"]


@pytest.mark.usefixtures("checkouts")
@pytest.mark.parametrize(("rules", "is_known"), [(RULES, True), (Digest.of(b"rules that nobody merged"), False)])
def test_the_rules_that_a_verdict_names_are_packed_or_missing_where_nobody_merged_them(
    rules: Digest, is_known: bool, tmp_path: Path
) -> None:
    records = tmp_path / "records"
    evidence_records.write_run(records, rules=rules)
    output = tmp_path / "evidence.tar.gz"
    words = (f"--ecr-repository={REPOSITORY}", f"--platform={tmp_path}", f"--records={records}", f"--output={output}")
    cli.run([*WORDS, *words, "--allow-missing"])
    index = index_of(output)
    assert index["releases"][0]["policies"] == (["policies/c.yaml"] if is_known else [])
    missing = f"the rules that decided, {rules}, are in no commit of the platform's branch"
    assert (missing in [gap["what"] for gap in index["missing"]]) is not is_known


def test_missing_evidence_is_listed_in_the_archive_and_ends_in_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    output, words = Path("evidence-prod-since-2026-10-01.tar.gz"), (*WORDS, f"--ecr-repository={REPOSITORY}")
    assert cli.run(words) == 44
    text = capsys.readouterr().out
    assert "error[evidence-incomplete]: 8 pieces of evidence are missing" in text
    assert f"why: `missing` in index.json lists all of them, first {REPOSITORY}@{DIGEST}: no receipt" in text
    assert f"no checkout has the commit {COMMIT}" in [gap["what"] for gap in index_of(output)["missing"]]
    # A file is not replaced unless that is asked for.
    before = output.read_bytes()
    assert cli.run([*words, "--allow-missing"]) == 2
    assert "exists already" in capsys.readouterr().out
    assert cli.run([*words, "--allow-missing", "--overwrite"]) == 0
    assert output.read_bytes() == before


@pytest.mark.usefixtures("checkouts")
def test_without_a_name_every_registry_of_the_environment_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Entry:
        """A double of a registry's entry."""

        name = "team/other"

    monkeypatch.setattr(ecr_tf, "load", lambda *_: (Entry, Entry))
    output = tmp_path / "evidence.tar.gz"
    assert cli.run([*WORDS, f"--platform={tmp_path}", f"--output={output}", "--allow-missing"]) == 0
    assert "releases to prod since 2026-10-01 (UTC): 0;" in capsys.readouterr().out
    monkeypatch.setattr(ecr_tf, "load", lambda *_: ())
    assert cli.run([*WORDS, f"--platform={tmp_path}", f"--output={tmp_path / 'other'}"]) == 2
    assert "describes none for prod" in capsys.readouterr().out


@pytest.mark.usefixtures("checkouts")
def test_a_clone_without_all_of_its_history_is_missing_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "is_shallow", lambda _: True)
    output = tmp_path / "evidence.tar.gz"
    words = (f"--ecr-repository={REPOSITORY}", f"--platform={tmp_path}", f"--output={output}", "--allow-missing")
    assert cli.run([*WORDS, *words]) == 0
    assert "only a part of its history was cloned" in [gap["what"] for gap in index_of(output)["missing"]]


@pytest.mark.usefixtures("checkouts")
def test_github_is_asked_once_for_a_change_where_a_token_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[MergeRecords] = []

    def confirmed(records: MergeRecords, change: MergedChange) -> MergedChange:
        calls.append(records)
        return change

    monkeypatch.setattr(MergeRecords, "confirmed", confirmed)
    monkeypatch.setattr(runner, "variables", lambda: {"GITHUB_TOKEN": "secret-token"})
    output = tmp_path / "evidence.tar.gz"
    words = (f"--ecr-repository={REPOSITORY}", f"--platform={tmp_path}", f"--output={output}", "--allow-missing")
    assert cli.run([*WORDS, *words]) == 0
    assert calls == [MergeRecords("https://api.github.com", "secret-token", "team/platform")]
    assert b"secret-token" not in output.read_bytes()


@pytest.mark.usefixtures("checkouts")
def test_the_files_of_a_release_are_fetched_kept_and_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    github = GitHubOfArtifacts(monkeypatch)
    variables = {"GITHUB_API_URL": API, "GITHUB_TOKEN": github.double.token}
    monkeypatch.setattr(runner, "variables", lambda: variables)
    monkeypatch.setattr(MergeRecords, "confirmed", lambda _, change: change)
    github.release(tmp_path / "run")
    github.artifacts.keep(REPOSITORY, "goldenpath-sbom-1", run=RUN, expired=True)
    output, keep = tmp_path / "evidence.tar.gz", tmp_path / "keep"
    words = [*WORDS, f"--ecr-repository={REPOSITORY}", f"--repository={REPOSITORY}", "--allow-missing", "--overwrite",
             f"--platform={tmp_path}", f"--source={tmp_path}", f"--output={output}"]  # fmt: skip
    for kept in ([f"--keep={keep}"], [f"--keep={keep}"], []):
        assert cli.run([*words, *kept]) == 0
        index = index_of(output)
        assert len(index["releases"][0]["records"]) == 6
        gaps = [gap["what"] for gap in index["missing"]]
        assert gaps == ["GitHub has deleted it: artifacts expire after 30 to 90 days", "no plan"]
    # Only the run without a folder fetched them again.
    assert len(github.artifacts.downloads) == 10
    assert len(list(keep.rglob("*.json"))) == 6
    assert github.double.token.encode() not in output.read_bytes()


def test_a_refusal_of_github_leaves_no_archive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    github = GitHubOfArtifacts(monkeypatch)
    github.token = "another"
    monkeypatch.setattr(runner, "variables", lambda: {"GITHUB_API_URL": API, "GITHUB_TOKEN": github.double.token})
    output = tmp_path / "evidence.tar.gz"
    words = (f"--ecr-repository={REPOSITORY}", f"--repository={REPOSITORY}", f"--output={output}")
    assert cli.run([*WORDS, *words]) == 69
    assert f"The artifacts of {REPOSITORY} could not be fetched" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--since=yesterday",), "--since 'yesterday' is no date"),
        (("--since=2999-01-01",), "--since 2999-01-01 is in the future"),
        (("--ecr-repository=../x",), "is not an ECR repository name"),
        (("--aws-region=nowhere",), "error[bad-input]"),
        (("--role-arn=x",), "error[bad-input]"),
        (("--registry-account=x",), "error[bad-input]"),
        (("--source=missing",), "missing is no git checkout"),
        (("--platform=missing",), "missing is no git checkout"),
        (("--records=missing",), "missing is no folder"),
        (("--environment=nowhere",), "error[unknown-environment]"),
        (("--repository=my-app",), "--repository 'my-app' names no repository"),
        (("--repository=team/my-app",), "--repository needs a token"),
        (("--keep=records",), "--keep has nothing to keep"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_with_what_to_write(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], what: str
) -> None:
    assert cli.run([*WORDS, f"--ecr-repository={REPOSITORY}", *options]) in {2, 3}
    assert what in capsys.readouterr().out


def test_without_any_repository_there_is_nothing_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(WORDS) == 2
    assert "No ECR repository was named" in capsys.readouterr().out
