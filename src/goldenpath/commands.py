"""The commands `explain`, `policy` and `tools`: pages of help, the rules that decide, and the pinned programs."""

from __future__ import annotations

from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import chain
from pathlib import Path

import click

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.report import finding_page, run_facts
from goldenpath.delivery.rules import app, explanation, matrix, settled
from goldenpath.registries.terraform.program import is_of_the_machine
from goldenpath.shared import error_pages
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import BadInput
from goldenpath.shared.pins import Group
from goldenpath.shared.toolchain import RECORD, Program, ProgramOrigin, Toolchain

_FOR_TESTS = frozenset(Group) - {Group.BUMPS}


@click.group()
def tools() -> None:
    """Install, list and verify the pinned programs that the stages start."""


@tools.command()
@click.argument("names", nargs=-1)
@click.option("--for-tests", is_flag=True, help="Every program, also those that only the project's own tests start.")
def install(names: tuple[str, ...], *, for_tests: bool) -> list[dict[str, str]]:
    """Install NAMES, or what the pipeline needs: from the release, checked against its hash, or built with Go."""
    progress = Progress()
    toolchain = Toolchain.load(say=progress.say)
    groups = _FOR_TESTS if for_tests else {Group.PIPELINE}
    wanted = (tool for tool in toolchain.entries() if tool.group in groups)
    chosen = names or tuple(tool.name for tool in wanted if not is_of_the_machine(tool.name))
    installed = []
    for name in chosen:
        with progress.working(name):
            program = toolchain.provide(name)
        progress.note(f"✓ {program.name} {program.version} ({program.origin}) {program.path}")
        installed.append(_described(program))
    return installed


def _described(program: Program) -> dict[str, str]:
    return {
        "name": program.name, "version": program.version, "origin": str(program.origin), "path": str(program.path),
    }  # fmt: skip


@tools.command("list")
def list_tools() -> list[dict[str, str]]:
    """List every pinned program, and whether it is installed."""
    toolchain, progress = Toolchain.load(), Progress()
    listed = []
    for tool in toolchain.entries():
        program = toolchain.installed(tool.name)
        progress.line(f"{tool.name:<12} {tool.version:<10} {program.origin if program else 'not installed'}")
        missing = {"name": tool.name, "version": tool.version, "origin": "", "path": ""}
        listed.append(_described(program) if program else missing)
    return listed


@tools.command()
def verify() -> list[dict[str, str]]:
    """Check every installed program against the hash that is pinned for it, or else the one that was recorded."""
    toolchain, progress = Toolchain.load(), Progress()
    verified = []
    for tool in toolchain.entries():
        if program := toolchain.installed(tool.name):
            progress.note(f"✓ {program.name} {program.version} is {_proof(program)}")
            verified.append({**_described(program), "proof": _proof(program)})
    return verified


def _proof(program: Program) -> str:
    if program.is_pinned:
        return "what toolchain.yaml pins"
    source = "Go's checksum database" if program.origin == ProgramOrigin.GO else "the pinned hash of its archive"
    return f"unchanged since it was checked against {source}; {RECORD} beside it says so"


@click.group()
def policy() -> None:
    """Show, check and explain the rules that decide."""


@policy.command()
def show() -> dict[str, list[str]]:
    """Show the platform's rules, environment by environment."""
    progress, known = Progress(), matrix.load()
    rules = {environment.name: [*explanation.rules(environment)] for environment in known.environments}
    rules["all environments"] = [explanation.unbound(known)]
    for name, lines in rules.items():
        progress.heading(name)
        for line in lines:
            progress.line(f"  {line}")
    return rules


@policy.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def validate(file: Path | None) -> dict[str, int]:
    """Check the platform's rules, and FILE as an app's `.goldenpath.yml` (by default the one in this folder).

    The records of settled secrets beside it are checked too.
    """
    progress, rules = Progress(), matrix.load()
    counts = {"environments": len(rules.environments)}
    progress.note(f"✓ {matrix.POLICY_FILE}: {_counted(len(rules.environments), 'environment')}")
    chosen = file or Path(app.FILE)
    if file or chosen.is_file():
        checked = app.parse(chosen.read_text(encoding="utf-8", errors="replace"), rules)
        counts["exceptions"] = len(checked.exceptions)
        progress.note(f"✓ {chosen}: {_counted(len(checked.exceptions), 'exception')}")
    recorded = chosen.parent / settled.FILE
    if recorded.is_file():
        records = settled.parse(recorded.read_text(encoding="utf-8", errors="replace"))
        counts["settled_secrets"] = len(records)
        progress.note(f"✓ {recorded}: {_counted(len(records), 'settled secret')}")
    return counts


@policy.command()
@click.option("--environment", required=True, help="The environment that a run would deliver to.")
@click.option("--ref", required=True, help="The git ref that a run would be on, like refs/heads/main.")
@click.option("--source", type=click.Path(path_type=Path), default=Path(), help="The app's checkout. [default: .]")
def explain(environment: str, ref: str, source: Path) -> list[str]:
    """Say what a run would do, and why, before anything is pushed."""
    progress, rules = Progress(), matrix.load()
    chosen = rules.environment(environment)
    text = app_text(source)
    mine = app.parse(text, rules) if text else app.NO_RULES
    lines = [*explanation.explain(chosen, mine, ref, datetime.now(UTC).date())]
    for line in lines:
        progress.line(line)
    return lines


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def app_text(source: Path) -> str:
    """Return the text of the app's file in the folder `source`; empty where there is none."""
    path = source / app.FILE
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


@click.command("explain", short_help="Explain an error, a finding or a vulnerability, and say what to do about it.")
@click.argument("word")
@click.option("--work-dir", type=click.Path(path_type=Path), help="The work folder of a run. [default: the newest]")
def explain_word(word: str, work_dir: Path | None) -> dict[str, str]:
    """Explain WORD: the code of an error, or a finding of the last run on this machine by its id or fingerprint."""
    code = word.strip().removeprefix("error[").rstrip("]:")
    page = error_pages.page(code) if code in error_pages.kinds() else _finding_page(code, work_dir)
    Progress().markdown(page)
    return {"word": code, "markdown": page}


def _finding_page(word: str, named: Path | None) -> str:
    work = run_facts.chosen(named)
    reports = [work.read_findings(gate) for gate in Gate if work.findings(gate).is_file()] if work else []
    if hits := finding_page.matching(chain.from_iterable(report.findings for report in reports), word):
        longest = min(environment.longest_exception for environment in matrix.load().environments)
        return finding_page.render(hits, datetime.now(UTC).date(), longest)
    raise BadInput(
        f"{word!a} is neither the code of an error nor a finding of {work.path if work else 'a run on this machine'}",
        why=f"Errors have codes like {', '.join(get_close_matches(word, error_pages.kinds())) or 'gate-blocked'}",
        fix="Name a code, or the folder with a run's gitleaks.json and trivy.json: --work-dir",
    )
