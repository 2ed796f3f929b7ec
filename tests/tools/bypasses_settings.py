"""Ways to get a secret past gitleaks-gate by what the app configures, what its caller does, or what policy says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.tools import command
from tests.tools.bypass import ALLOW_ALL, Attempt, Place, line, plant, row, zipped
from tests.tools.command import Command

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.shared import runner
from goldenpath.shared.errors import BadInput

# Files that the app has


@row()
def a_gitleaksignore_file(place: Place) -> None:
    place.app.plant_secret()
    lines = (f"{place.app.commit}:config.py:github-pat:1", "config.py:github-pat:1")
    plant(place, ".gitleaksignore", "\n".join(lines) + "\n")


@row()
def a_gitleaks_allow_comment(place: Place) -> None:
    plant(place, "config.py", line("  # gitleaks:allow"))


@row()
def rules_of_its_own_at_the_root(place: Place) -> None:
    place.app.plant_secret()
    place.app.write("gitleaks.toml", ALLOW_ALL)
    plant(place, ".gitleaks.toml", ALLOW_ALL)


@row()
def rules_of_its_own_in_dot_github(place: Place) -> None:
    place.app.plant_secret()
    plant(place, ".github/.gitleaks.toml", ALLOW_ALL)


@row("github-pat in .gitleaks.toml")
def a_secret_in_its_own_rules(place: Place) -> None:
    plant(place, ".gitleaks.toml", ALLOW_ALL + "# " + line())


@row()
def a_baseline_file(place: Place) -> Attempt:
    place.app.plant_secret()
    plant(place, "gitleaks-report.json", "[]")
    return Attempt({"GITLEAKS_BASELINE_PATH": str(place.app.folder / "gitleaks-report.json")})


# What the caller has


@row()
def rules_by_variable(place: Place) -> Attempt:
    place.app.plant_secret()
    (place.folder / "allow.toml").write_text(ALLOW_ALL)
    path = str(place.folder / "allow.toml")
    return Attempt({"GITLEAKS_CONFIG": path, "GITLEAKS_CONFIG_TOML": ALLOW_ALL, "GITLEAKS_ENABLE_RULE": "none"})


@row()
def a_gitleaks_of_the_callers_on_path(place: Place) -> Attempt:
    place.app.plant_secret()
    return Attempt({"PATH": f"{pretender(place, 'gitleaks')}:/usr/local/bin:/usr/bin:/bin"})


def pretender(place: Place, name: str) -> Path:
    """Return a folder with a program that finds nothing, whatever it is asked."""
    program = place.folder / "bin" / name
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nfor word; do [ "$last" = --report-path ] && echo "[]" >"$word"; last=$word; done\n')
    program.chmod(0o755)
    return program.parent


@row()
def git_configured_to_show_nothing(place: Place) -> Attempt:
    place.app.plant_secret()
    home = place.folder / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[color]\n\tui = always\n[log]\n\tshowRoot = false\n[diff]\n\texternal = true\n")
    ours = {"HOME": str(home), "GOLDENPATH_CACHE": str(runner.cache_dir())}
    return Attempt({**ours, "GIT_EXTERNAL_DIFF": "true", "GIT_DIFF_OPTS": "-U0"})


@row()
def the_clone_configured_to_show_nothing(place: Place) -> None:
    place.app.plant_secret()
    hides = {"color.ui": "always", "diff.noprefix": "true", "diff.external": "true", "log.showRoot": "false"}
    for name, value in {**hides, "diff.orderFile": "/dev/null", "log.diffMerges": "off"}.items():
        place.app.git("config", name, value)


@row()
def attributes_of_the_clone(place: Place) -> None:
    place.app.plant_secret()
    (place.app.folder / ".git" / "info").mkdir(exist_ok=True)
    (place.app.folder / ".git" / "info" / "attributes").write_text("* -diff\n* binary\n")
    (place.folder / "attributes").write_text("* -diff\n")
    place.app.git("config", "core.attributesFile", str(place.folder / "attributes"))


@row()
def a_replaced_commit(place: Place) -> None:
    clean = place.app.commit
    place.app.plant_secret()
    secret = place.app.commit
    (place.app.folder / "config.py").unlink()
    place.app.save("Take it out")
    place.app.git("replace", secret, clean)


@row()
def a_graft_that_skips_a_commit(place: Place) -> None:
    clean = place.app.commit
    place.app.plant_secret()
    (place.app.folder / "config.py").unlink()
    place.app.save("Take it out")
    info = place.app.folder / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "grafts").write_text(f"{place.app.commit} {clean}\n")


# What policy says


@row("refs/heads/feature may not be released to prod", BadInput)
def a_branch_that_policy_does_not_allow(place: Place) -> None:
    place.app.git("checkout", "--quiet", "-b", "feature")


@row("github-pat in a.zip!inner")
def a_temporary_folder_whose_path_gitleaks_lets_pass(place: Place) -> Attempt:
    plant(place, "a.zip", zipped(inner=line()))
    folder = place.folder / "node_modules" / "logo.svg"
    folder.mkdir(parents=True)
    return Attempt({"TMPDIR": str(folder), "RUNNER_TEMP": str(folder)})


@row()
def an_exception_for_another_secret_of_the_same_letters(place: Place) -> None:
    """It names the fingerprint of a secret that was let through, and whose place another takes."""
    first = place.app.plant_secret()
    work = place.folder / "before"
    words = ("gitleaks-gate", "--environment=dev", f"--source={place.app.folder}", f"--work-dir={work}")
    Command(command.surroundings()).run(*words).ok()
    (accepted,) = WorkFolder(work).read_findings(Gate.GITLEAKS).findings
    end = datetime.now(UTC).date() + timedelta(30)
    place.app.write(
        ".goldenpath.yml",
        "version: 1\nexceptions:\n  - {gate: gitleaks, id: github-pat, reason: revoked, owner: o, "
        f"scope: {{fingerprint: '{accepted.fingerprint}'}}, expires: {end}}}\n",
    )
    plant(place, "config.py", f'TOKEN = "ghp_{first[:3:-1]}"\n')
