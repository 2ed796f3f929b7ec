from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath import cli
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.shared import codec
from tests.unit.builders import report, vulnerability

if TYPE_CHECKING:
    import pytest

EXCEPTION = "exceptions:\n  - {gate: trivy, id: CVE-1, scope: {package: x}, reason: r, owner: o, expires: 2020-01-01}\n"


def told(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert cli.run(["policy", *words]) == code
    return capsys.readouterr().out


def test_show_says_what_every_environment_asks_for(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "show")
    assert text.count("gitleaks ") == 5
    assert "  trivy       blocking: CRITICAL, HIGH decide, those that nobody has fixed are only reported\n" in text
    assert text.count("  accounts    any that no other environment lists\n") == 5
    assert "A release to an ECR repository that nothing binds to an environment is reported, and allowed.\n" in text


def test_explain_says_that_a_ref_may_not_be_released_and_what_a_finding_does(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = told(capsys, "explain", "--environment=prod", "--ref=refs/heads/x", f"--source={tmp_path}")
    assert "refs/heads/x is REFUSED for prod: environments.yaml allows refs/heads/main, refs/tags/v*\n" in text
    assert "a finding of trivy that decides stops the release: blocking by environments.yaml\n" in text


def test_explain_knows_what_the_app_tightens_and_excepts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / ".goldenpath.yml").write_text(
        f"version: 1\ntighten: {{dev: {{gitleaks: {{mode: blocking}}}}}}\n{EXCEPTION}"
    )
    text = told(capsys, "explain", "--environment=dev", "--ref=refs/heads/x", f"--source={tmp_path}")
    assert "refs/heads/x may be released to dev" in text
    assert "a finding of gitleaks that decides stops the release: blocking by .goldenpath.yml\n" in text
    assert "a finding of trivy that decides warns, and releases: advisory by environments.yaml\n" in text
    assert "exception for CVE-1 (package x) expired on 2020-01-01 and counts no more; o: r\n" in text


def test_explain_of_an_unknown_environment_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert "The platform knows local, dev, test, staging, prod" in told(
        capsys, "explain", "--environment=production", "--ref=r", code=3
    )


def test_validate_says_that_both_files_are_good(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "mine.yml"
    file.write_text(f"version: 1\n{EXCEPTION}")
    assert told(capsys, "validate", str(file)) == f"✓ environments.yaml: 5 environments\n✓ {file}: 1 exception\n"


def test_validate_checks_the_records_of_settled_secrets(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".goldenpath-settled.yml").write_text("version: 1\nsettled: []\n")
    assert "✓ .goldenpath-settled.yml: 0 settled secrets\n" in told(capsys, "validate")


def test_validate_names_file_line_and_field_of_a_mistake(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".goldenpath.yml").write_text("version: 1\ntighten:\n  prod: {gitleaks: {mode: advisory}}\n")
    text = told(capsys, "validate", code=4)
    assert ".goldenpath.yml:3: $.tighten.prod.gitleaks.mode: 'blocking' was expected" in text
    assert "do:  Correct the fields named above. goldenpath.schema.json describes every field" in text


def explained(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = cli.run(["explain", *words])
    return code, capsys.readouterr().out


def test_explain_shows_the_page_of_an_error_however_its_code_is_copied(capsys: pytest.CaptureFixture[str]) -> None:
    pages = [explained(capsys, word) for word in ("gate-blocked", "error[gate-blocked]:")]
    assert pages[0][0] == 0
    assert pages[0][1].startswith("# `gate-blocked`\n")
    assert pages[0] == pages[1]


def test_explain_shows_a_finding_of_the_newest_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    for name, seconds, identity in (("old", 1, "CVE-2026-1"), ("new", 2, "CVE-2026-2")):
        work = WorkFolder(tmp_path / "goldenpath" / name)
        work.path.mkdir(parents=True)
        work.findings(Gate.TRIVY).write_bytes(codec.encode(report(vulnerability(identity=identity))))
        os.utime(work.findings(Gate.TRIVY), (seconds, seconds))
    assert explained(capsys, "cve-2026-2")[1].startswith("# CVE-2026-2\n")
    code, text = explained(capsys, "CVE-2026-1")
    assert (code, "is neither the code of an error nor a finding of" in text) == (2, True)
    assert explained(capsys, "CVE-2026-1", f"--work-dir={tmp_path}/goldenpath/old")[0] == 0


def test_explain_of_a_misspelt_code_names_the_one_that_is_near(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    code, text = explained(capsys, "gate-bloked")
    assert (code, "codes like gate-blocked" in text) == (2, True)
