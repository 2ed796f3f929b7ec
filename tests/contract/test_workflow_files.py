"""GitHub's own language service objects to no workflow, action or caller of ours, and to every mistake in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.judges import files

if TYPE_CHECKING:
    from tests.judges.files import File
    from tests.judges.judge import Judge

OURS = [*files.workflows(), *files.callers()]
FILES = [*OURS, *files.actions()]
AT_LEAST = 4
# What a hand may do to a file: what it changes, and into what.
MISTAKES = {
    "the jobs are called otherwise": (r"(?m)^jobs:", "job:"),
    "a key that does not exist": (r"(?m)^( +)(runs-on|uses|using):", r"\1\2x:"),
    "a context that does not exist": (r"\$\{\{ (?=\w+\.)", "${{ x"),
    "a function that does not exist": (r"\$\{\{ (.+?) \}\}", r"${{ lowercase(\1) }}"),
    "an expression that is not closed": (r"(\$\{\{ [^\n]+?) \}\}", r"\1"),
    "a job that does not exist": (r"needs: \[?([\w-]+)", "needs: [nobody"),
    "an action of ours that does not exist": (r"\$/actions/", "$/action/"),
    "a workflow of ours that does not exist": (r"(uses: \S+/workflows/)_", r"\1__"),
    "a queue that does not exist": ("queue: max", "queue: most"),
    "a kind of action that does not exist": ("using: composite", "using: composed"),
    "a flag that is neither": (r"required: (true|false)", "required: maybe"),
}
OF_WORKFLOWS = {
    "an input that nothing declares": (r"(?m)^( +)environment: (?!\{)", r"\1enviroment: "),
    "an input that does not exist": (r"\binputs\.(\w)", r"inputs.x\1"),
    "an output of a job that does not exist": (r"(needs\.[\w-]+\.outputs)\.", r"\1.x"),
    "an output of a stage that does not exist": (r"(steps\.(?:gate|trivy|release)\.outputs)\.", r"\1.x"),
    "a step that does not exist": (r"\bsteps\.(\w+)\.", r"steps.x\1."),
}
# Of a called workflow GitHub's code cannot know the event.
OF_CALLERS = {"a part of an event that does not exist": (r"\bgithub\.event\.(\w+)", r"github.event.x\1")}
KINDS = {**MISTAKES, **OF_WORKFLOWS, **OF_CALLERS}


def mistakes(file: File) -> dict[str, tuple[str, str]]:
    if file not in OURS:
        return MISTAKES
    return {**MISTAKES, **OF_WORKFLOWS} if "workflow_call:" in file.text else KINDS


@pytest.mark.parametrize("file", FILES, ids=str)
def test_github_has_nothing_to_say(judge: Judge, file: File) -> None:
    assert judge.judge(file.path, file.text) == []


@pytest.mark.parametrize("file", FILES, ids=str)
def test_github_finds_every_mistake_that_can_be_made_in_a_file(judge: Judge, file: File) -> None:
    spoiled = {name: re.sub(old, new, file.text, count=1) for name, (old, new) in mistakes(file).items()}
    changed = {name: text for name, text in spoiled.items() if text != file.text}
    assert len(changed) >= AT_LEAST
    assert [name for name, text in changed.items() if judge.judge(file.path, text) == []] == []


def test_every_kind_of_mistake_was_tried() -> None:
    assert [name for name, (old, _) in KINDS.items() if not any(re.search(old, file.text) for file in FILES)] == []


def test_every_fragment_of_a_workflow_in_the_pages_is_judged() -> None:
    assert {"README.md", "docs/guide.md", "docs/workflow.md"} <= {file.name.split(",")[0] for file in files.callers()}
