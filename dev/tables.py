"""Tables that are read out of files: the index of workflows, actions and scripts, and the DevSecOps matrix."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.rules import matrix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
_TRIGGERS = {"workflow_call": "called by others", "workflow_dispatch": "by hand"}
_WORKFLOWS = (".github/workflows", "docs/templates/workflows")
_SCRIPTS = ("bin/*", "scripts/*", "dev/*.py")
_TARGET = re.compile(r"^(?P<name>[a-z-]+):.*?## (?P<text>.+)$", re.MULTILINE)
_DOCSTRING = re.compile(r'^"""(.+?)(?:"""|$)', re.MULTILINE)
_COMMENT = re.compile(r"^# (.+)$", re.MULTILINE)


def index() -> str:
    """Return the index of what this repository offers: workflows, templates, actions, `make` targets, scripts."""
    parts = {
        "Workflows": (["workflow", "when", "what it does"], list(_workflows())),
        "Actions": (["action", "what it does"], list(_actions())),
        "Make": (["target", "what it does"], list(_targets())),
        "Scripts": (["script", "what it does"], list(_scripts())),
    }  # fmt: skip
    return "\n\n".join(f"## {title}\n\n{table(head, rows)}" for title, (head, rows) in parts.items())


def devsecops() -> str:
    """Return the DevSecOps matrix: every control of the platform's policy, and what each environment asks of it."""
    rules = matrix.load().environments
    controls = {
        "secrets in the source (gitleaks-gate)": [rule.modes[Gate.GITLEAKS].value for rule in rules],
        "settled secrets in history (gitleaks-gate)": ["pass" if rule.settled_allowed else "decide" for rule in rules],
        "vulnerabilities in the image (trivy-gate)": [rule.modes[Gate.TRIVY].value for rule in rules],
        "severities that decide": [
            ", ".join(sorted(one.value for one in rule.vulnerabilities.severities)) for rule in rules
        ],
        "without a known fix": ["reported only" if rule.vulnerabilities.ignore_unfixed else "decide" for rule in rules],
        "secrets in the image (trivy-gate)": ["looked for" if rule.image_secrets else "not" for rule in rules],
        "oldest vulnerability database": [f"{rule.database_age.days} days" for rule in rules],
        "oldest Java database": [f"{rule.java_database_age.days} days" for rule in rules],
        "oldest verdict at the push": [f"{rule.verdict_age / timedelta(hours=1):g} hours" for rule in rules],
        "longest exception": [f"{rule.longest_exception.days} days" for rule in rules],
        "inventory (sbom)": ["required" if rule.sbom_required else "optional" for rule in rules],
        "findings in GitHub (sarif-upload)": ["yes" if rule.sarif_upload else "no" for rule in rules],
        "code scanning (gitleaks-gate)": [_code_scanning(rule) for rule in rules],
        "`latest` (ecr-push)": ["allowed" if rule.latest_allowed else "refused" for rule in rules],
        "AWS accounts (ecr-push)": [", ".join(rule.accounts) or "any of no other environment" for rule in rules],
        "IAM roles (ecr-push)": [", ".join(rule.roles) or "any of no other environment" for rule in rules],
        "may be released from (ecr-push)": [", ".join(f"`{ref}`" for ref in rule.refs) for rule in rules],
        "branches (gitleaks-gate)": ["default or protected" if rule.reviewed_branches else "any" for rule in rules],
        "tags (gitleaks-gate)": [_tags(rule) for rule in rules],
    }  # fmt: skip
    return table(["control", *(rule.name for rule in rules)], [[name, *cells] for name, cells in controls.items()])


def _code_scanning(environment: matrix.Environment) -> str:
    if not environment.sarif_upload:
        return "not asked for"
    return "required" if environment.code_scanning_required else "advised"


def _tags(environment: matrix.Environment) -> str:
    branches = environment.branches_of_tags("the default branch")
    return "any" if branches is None else f"on {' or '.join(branches)}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _workflows() -> Iterator[list[str]]:
    for path in (path for folder in _WORKFLOWS for path in sorted((ROOT / folder).glob("*.yml"))):
        text = path.read_text(encoding="utf-8")
        triggers = yaml.safe_load(text)[True]  # YAML 1.1 reads `on` as true
        listed = [triggers] if isinstance(triggers, str) else list(triggers)
        when = ", ".join(_TRIGGERS.get(trigger, trigger.replace("_", " ")) for trigger in listed)
        yield [_link(path), when, _sentence(_COMMENT, text)]


def _actions() -> Iterator[list[str]]:
    for path in (ROOT / "action.yml", *sorted(ROOT.glob("actions/*/action.yml"))):
        yield [_link(path), yaml.safe_load(path.read_text(encoding="utf-8"))["description"]]


def _targets() -> Iterator[list[str]]:
    for match in _TARGET.finditer((ROOT / "Makefile").read_text(encoding="utf-8")):
        yield [f"`make {match['name']}`", match["text"]]


def _scripts() -> Iterator[list[str]]:
    for path in sorted(path for pattern in _SCRIPTS for path in ROOT.glob(pattern) if path.is_file()):
        text = path.read_text(encoding="utf-8")
        pattern = _DOCSTRING if _DOCSTRING.search(text) else _COMMENT
        yield [_link(path), _sentence(pattern, text)]


def _link(path: Path) -> str:
    place = path.relative_to(ROOT)
    return f"[`{place}`](../{place})" if place.parts[0] != "docs" else f"[`{place}`]({place.relative_to('docs')})"


def _sentence(pattern: re.Pattern[str], text: str) -> str:
    """Return the first sentence of what a file says about itself; a comment may go over several lines."""
    match = pattern.search(text)
    if not match:
        return ""
    words = match[1]
    for line in text[match.end() :].lstrip("\n").splitlines():
        if words.endswith((".", ":")) or ". " in words or not line.startswith("# "):
            break
        words += " " + line.removeprefix("# ")
    return words.partition(". ")[0].rstrip(".:")
