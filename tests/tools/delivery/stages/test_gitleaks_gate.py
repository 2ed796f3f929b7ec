"""Real gitleaks on real history: what an app does in its own repository does not weaken the gate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps, command

from goldenpath.delivery.model.finding import Gate, Location

if TYPE_CHECKING:
    from tests.tools.apps import App
    from tests.tools.command import Command, Ended

    from goldenpath.delivery.model.work_folder import WorkFolder

pytestmark = pytest.mark.tools


def scan(goldenpath: Command, app: App, work: WorkFolder, **more: str) -> Ended:
    words = ("gitleaks-gate", "--environment=prod", f"--source={app.folder}", f"--work-dir={work.path}")
    return goldenpath.run(*words, more=more, cwd=app.folder)


def found(work: WorkFolder) -> list[tuple[str, str]]:
    """Return rule and path of every finding."""
    return sorted((each.id, each.location.path) for each in work.read_findings(Gate.GITLEAKS).findings)


def test_a_secret_that_both_scans_see_is_found_once(goldenpath: Command, app: App, work: WorkFolder) -> None:
    app.plant_secret()
    done = scan(goldenpath, app, work)
    assert done.code == 10, done.text
    assert found(work) == [("github-pat", "config.py")]


def test_what_only_the_contents_show_has_its_commit_too(goldenpath: Command, app: App, work: WorkFolder) -> None:
    """gitleaks leaves lock files out when it reads changes."""
    app.plant_secret("package-lock.json")
    commit = app.commit
    app.write("more.txt", "more\n").save()
    assert scan(goldenpath, app, work).code == 10
    (finding,) = work.read_findings(Gate.GITLEAKS).findings
    assert finding.location == Location("package-lock.json", 1, commit)


def test_in_a_pull_request_any_branch_is_checked(
    goldenpath: Command, app: App, work: WorkFolder, tmp_path: Path
) -> None:
    proposal = apps.event(tmp_path / "runner", app, "pull_request", ref="refs/pull/1/merge")
    assert scan(goldenpath, app, work, **proposal).code == 0


def test_what_is_not_scanned_is_in_the_verdict_and_the_summary(
    goldenpath: Command, app: App, work: WorkFolder, tmp_path: Path
) -> None:
    app.git("update-index", "--add", "--cacheinfo", f"160000,{app.commit},vendor/library")
    app.git("commit", "--quiet", "--no-gpg-sign", "--message=Submodule")
    assert scan(goldenpath, app, work, **apps.event(tmp_path / "runner", app)).code == 0
    (note,) = work.read_verdict(Gate.GITLEAKS).notes
    assert note.startswith("vendor/library is a submodule")
    assert "vendor/library is a submodule" in (tmp_path / "runner" / "summary").read_text()


def test_no_file_and_no_output_holds_the_secret(goldenpath: Command, app: App, work: WorkFolder) -> None:
    secret = app.plant_secret()
    done = scan(goldenpath, app, work)
    assert done.code == 10
    held = command.texts_below(work.path)
    assert sorted(path.name for path in held) == [
        "gitleaks-gate.timing.json", "gitleaks.json", "gitleaks.sarif", "gitleaks.verdict.json",
    ]  # fmt: skip
    assert not [path for path, content in held.items() if secret.encode() in content]
    assert secret not in done.text


def test_its_sarif_names_file_line_and_rule(goldenpath: Command, app: App, work: WorkFolder) -> None:
    app.write("a dir/ü.py", f'\n\nTOKEN = "{apps.secret()}"\n').save()
    assert scan(goldenpath, app, work).code == 10
    log = json.loads(work.sarif(Gate.GITLEAKS).read_bytes())
    (run,) = log["runs"]
    (result,) = run["results"]
    assert (log["version"], run["tool"]["driver"]["name"]) == ("2.1.0", "gitleaks")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "github-pat"
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("a%20dir/%C3%BC.py", 3)


def test_the_files_of_a_submodule_that_is_checked_out_are_scanned(
    goldenpath: Command, app: App, work: WorkFolder, tmp_path: Path
) -> None:
    library = apps.make(tmp_path / "library")
    library.plant_secret("library.py")
    app.git("clone", "--quiet", str(library.folder), "vendor")
    app.git("update-index", "--add", "--cacheinfo", f"160000,{library.commit},vendor")
    app.git("commit", "--quiet", "--message=A library")
    assert scan(goldenpath, app, work).code == 10
    assert found(work) == [("github-pat", "vendor/library.py")]
    (note,) = work.read_verdict(Gate.GITLEAKS).notes
    assert note.endswith("is in another repository: its files were scanned, its history was not")
