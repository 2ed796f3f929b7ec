"""Real gitleaks on real history: what an app does in its own repository does not weaken the gate."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps, command

from goldenpath.model.finding import Gate

if TYPE_CHECKING:
    from tests.tools.apps import App
    from tests.tools.command import Command, Ended

    from goldenpath.model.work import WorkFolder

pytestmark = pytest.mark.tools

ALLOW_ALL = "[extend]\nuseDefault = true\n[[allowlists]]\nregexes = ['''.*''']\npaths = ['''.*''']\n"


def scan(goldenpath: Command, app: App, work: WorkFolder, **more: str) -> Ended:
    words = ("gitleaks-gate", "--environment=prod", f"--source={app.folder}", f"--work-dir={work.path}")
    return goldenpath.run(*words, more=more, cwd=app.folder)


def found(work: WorkFolder) -> list[tuple[str, str]]:
    """Return rule and path of every finding."""
    return sorted((each.id, each.location.path) for each in work.read_findings(Gate.GITLEAKS).findings)


def ignored_by_fingerprint(app: App) -> dict[str, str]:
    secret_commit = app.commit
    lines = (f"{secret_commit}:config.py:github-pat:1", "config.py:github-pat:1")
    app.write(".gitleaksignore", "\n".join(lines) + "\n").save("Ignore it")
    return {}


def allowed_by_comment(app: App) -> dict[str, str]:
    app.write("config.py", (app.folder / "config.py").read_text().rstrip() + "  # gitleaks:allow\n").save("Allow it")
    return {}


def allowed_by_own_rules(app: App) -> dict[str, str]:
    app.write(".gitleaks.toml", ALLOW_ALL).write("gitleaks.toml", ALLOW_ALL).save("Allow all")
    return {}


def allowed_by_environment(app: App) -> dict[str, str]:
    (app.folder.parent / "allow.toml").write_text(ALLOW_ALL)
    return {"GITLEAKS_CONFIG": str(app.folder.parent / "allow.toml"), "GITLEAKS_CONFIG_TOML": ALLOW_ALL}


def deleted_again(app: App) -> dict[str, str]:
    (app.folder / "config.py").unlink()
    app.save("Take it out")
    return {}


@pytest.mark.parametrize(
    "weaken",
    [ignored_by_fingerprint, allowed_by_comment, allowed_by_own_rules, allowed_by_environment, deleted_again],
)
def test_an_app_cannot_talk_the_gate_out_of_a_secret(
    goldenpath: Command, app: App, work: WorkFolder, weaken: Callable[[App], dict[str, str]]
) -> None:
    app.plant_secret()
    done = scan(goldenpath, app, work, **weaken(app))
    assert done.code == 10, done.text
    assert ("github-pat", "config.py") in found(work)


def in_a_merge(app: App) -> None:
    """A merge commit that brings a secret which neither of its parents has."""
    app.git("checkout", "--quiet", "-b", "side")
    app.write("side.txt", "side\n").save("Side")
    app.git("checkout", "--quiet", "main")
    app.write("main.txt", "main\n").save("Main")
    app.git("merge", "--quiet", "--no-ff", "--no-commit", "side")
    app.plant_secret()


def in_a_file_said_to_be_binary(app: App) -> None:
    app.write(".gitattributes", "config.py -diff\n*.py binary\n").save("Attributes")
    app.plant_secret()


def in_a_file_with_nul_bytes(app: App) -> None:
    app.write("config.py", b"\0\0\0\n" + f'TOKEN = "{apps.secret()}"\n'.encode() + b"\0\n").save("Binary")


def in_a_file_of_another_branch_point(app: App) -> None:
    """A secret that only an ancestor on a merged branch had."""
    app.git("checkout", "--quiet", "-b", "side")
    app.plant_secret()
    (app.folder / "config.py").unlink()
    app.save("Take it out")
    app.git("checkout", "--quiet", "main")
    app.git("merge", "--quiet", "--no-ff", "-m", "Merge", "side")


@pytest.mark.parametrize(
    "hide", [in_a_merge, in_a_file_said_to_be_binary, in_a_file_with_nul_bytes, in_a_file_of_another_branch_point]
)
def test_a_secret_is_found_wherever_history_has_it(
    goldenpath: Command, app: App, work: WorkFolder, hide: Callable[[App], None]
) -> None:
    hide(app)
    done = scan(goldenpath, app, work)
    assert done.code == 10, done.text
    assert found(work) == [("github-pat", "config.py")]


def test_a_push_is_judged_by_the_commits_it_brings(
    goldenpath: Command, app: App, work: WorkFolder, tmp_path: Path
) -> None:
    app.plant_secret()
    before = app.commit
    app.write("more.txt", "more\n").save()
    after_the_secret = apps.event(tmp_path / "runner", app, before=before)
    assert scan(goldenpath, app, work, **after_the_secret).code == 0
    assert work.read_verdict(Gate.GITLEAKS).seen == {"commits": "1", "revisions": f"{app.commit} ^{before}"}
    rewritten = apps.event(tmp_path / "runner", app, before="b" * 40)
    assert scan(goldenpath, app, work, **rewritten).code == 10
    assert work.read_verdict(Gate.GITLEAKS).seen["commits"] == "3"


def test_no_file_and_no_output_holds_the_secret(goldenpath: Command, app: App, work: WorkFolder) -> None:
    secret = app.plant_secret()
    done = scan(goldenpath, app, work)
    assert done.code == 10
    held = command.texts_below(work.path)
    assert sorted(path.name for path in held) == ["gitleaks.json", "gitleaks.sarif", "gitleaks.verdict.json"]
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
