"""The callers that people copy: which rules they choose for each event, and where they report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e import platform_copy
from tests.e2e.texts import DELIVERY, EXAMPLE, TEMPLATES, jobs, named, read
from tests.judges import judge as judges
from tests.tools.command import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.judges.judge import Judge

CALLERS = [path for path in (*TEMPLATES, EXAMPLE) if "_build-and-release.yml" in path.read_text()]
_RELEASES = re.compile(
    r"!startsWith\(github\.event_name, 'pull_request'\)\s+&& !startsWith\(github\.ref, 'refs/heads/gh-"
)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    """GitHub's own evaluator of expressions."""
    with judges.opened() as opened:
        yield opened


@pytest.mark.parametrize("path", CALLERS, ids=named)
def test_a_caller_judges_a_change_again_when_it_is_moved_to_another_base(path: Path) -> None:
    started = read(path)[True]
    assert started["pull_request"] == {"types": ["opened", "synchronize", "reopened", "edited"]}
    condition = "github.event.action != 'edited' || github.event.changes.base"
    assert {job["if"] for job in jobs(path).values() if "_build-and-release" in job["uses"]} == {condition}


def test_every_caller_reports_its_check_in_a_merge_queue() -> None:
    """A required check that does not report there holds the queue for ever. `pull-request.yml` stands beside one."""
    assert [path.name for path in CALLERS if "merge_group" not in read(path)[True]] == ["pull-request.yml"]


@pytest.mark.parametrize("job", ["preflight", "push"])
def test_nothing_is_released_from_a_merge_queue_whatever_event_its_branch_started(job: str) -> None:
    assert _RELEASES.search(jobs(DELIVERY)[job]["if"])


def test_the_readme_shows_the_caller_as_it_is() -> None:
    template = platform_copy.CALLER.read_text()
    shown = re.findall(r"```yaml\n(jobs:\n  delivery:\n.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert shown == [template[template.index("jobs:\n") :]]


def test_every_caller_chooses_the_environment_by_the_same_expression() -> None:
    called = [job for path in CALLERS for job in jobs(path).values() if "_pull-request-comment" not in job["uses"]]
    chosen = [job["with"]["environment"] for job in called]
    assert len(set(chosen)) == 2, "and a pull request of its own workflow needs only the base"


#          what the expression reads of each event: the queue's base, the pull request's base, the ref's name
EVENTS = {
    "a push to development": (None, "", "development", "dev"),
    "a push to main": (None, "", "main", "prod"),
    "a release tag": (None, "", "v1.2.3", "prod"),
    "a pull request into development": (None, "development", "7/merge", "dev"),
    "a pull request into main": (None, "main", "7/merge", "prod"),
    "a pull request into another pull request": (None, "feature/x", "7/merge", "prod"),
    "a pull request of a branch called development": (None, "main", "development", "prod"),
    "a queue of development": ("refs/heads/development", "", "gh-readonly-queue/development/pr-7-0123456", "dev"),
    "a queue of main": ("refs/heads/main", "", "gh-readonly-queue/main/pr-7-0123456", "prod"),
    "a queue of a branch that is called nearly so": ("refs/heads/x-development", "", "gh-readonly-queue/x", "prod"),
}


@pytest.mark.parametrize("name", EVENTS)
def test_the_base_of_a_change_chooses_its_rules(name: str, judge: Judge) -> None:
    queue, base, ref, environment = EVENTS[name]
    expression = jobs(platform_copy.CALLER)["delivery"]["with"]["environment"]
    event = {"merge_group": {"base_ref": queue}} if queue else {}
    contexts = {"github": {"base_ref": base, "ref_name": ref, "event": event}, "inputs": {"environment": None}}
    assert judge.evaluate(expression.strip().removeprefix("${{").removesuffix("}}"), contexts).text == environment
