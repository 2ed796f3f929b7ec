"""GitHub's own language service objects to no workflow, action or caller of ours, and to every mistake in them."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from tests.judges import files

if TYPE_CHECKING:
    from tests.judges.files import File
    from tests.judges.judge import Judge

OURS = [*files.workflows(), *files.callers()]
FILES = [*OURS, *files.actions()]
AT_MOST = 4
# The shortest file has no place for more kinds of mistakes.
AT_LEAST = 3
# Mistakes: a pattern, and its replacement.
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
    "a permission that does not exist": (r"(?m)^( +)(contents|id-token): (read|write)", r"\1\2s: \3"),
    "an event that does not exist": (r"(?m)^  (push|pull_request|schedule|workflow_\w+):", r"  x\1:"),
    "an input that nothing declares": (r"(?m)^( +)environment: (?!\{)", r"\1enviroment: "),
    "an input that does not exist": (r"\binputs\.(\w)", r"inputs.x\1"),
    "an output of a job that does not exist": (r"(needs\.[\w-]+\.outputs)\.", r"\1.x"),
    "an output of a stage that does not exist": (r"(steps\.(?:gate|trivy|release)\.outputs)\.", r"\1.x"),
    "a step that does not exist": (r"\bsteps\.(\w+)\.", r"steps.x\1."),
}
OF_DECLARED_SECRETS = {"a secret that is not declared": (r"secrets\.(TF|AWS)_", r"secrets.X\1_")}
# The event of a called workflow is its caller's.
OF_CALLERS = {"a part of an event that does not exist": (r"\bgithub\.event\.(\w+)", r"github.event.x\1")}


def fitting(file: File) -> dict[str, str]:
    """Return a copy of `file` for each kind of mistake that fits it."""
    kinds = {**MISTAKES, **(OF_WORKFLOWS if file in OURS else {})}
    if file in OURS and "workflow_call:" not in file.text:
        kinds |= OF_CALLERS
    if "\n    secrets:\n      " in file.text:
        kinds |= OF_DECLARED_SECRETS
    copies = {kind: re.sub(old, new, file.text, count=1) for kind, (old, new) in kinds.items()}
    return {kind: text for kind, text in copies.items() if text != file.text}


def chosen() -> list[tuple[File, dict[str, str]]]:
    """Return a few mistakes for each file, the least tried kinds first: all of them would take too long."""
    copies = [(file, fitting(file)) for file in FILES]
    places = Counter(kind for _, each in copies for kind in each)
    tried = Counter[str]()
    plan = []
    for file, each in copies:
        kinds = sorted(each, key=lambda kind: (tried[kind], places[kind]))[:AT_MOST]
        tried.update(kinds)
        plan.append((file, {kind: each[kind] for kind in kinds}))
    return plan


TRIED = chosen()


@pytest.mark.parametrize("file", FILES, ids=str)
def test_github_has_nothing_to_say(judge: Judge, file: File) -> None:
    assert judge.judge(file.path, file.text) == []


@pytest.mark.parametrize(("file", "copies"), TRIED, ids=[str(file) for file, _ in TRIED])
def test_github_finds_the_mistakes_that_a_hand_makes(judge: Judge, file: File, copies: dict[str, str]) -> None:
    assert len(copies) >= AT_LEAST
    assert [kind for kind, text in copies.items() if judge.judge(file.path, text) == []] == []


def test_every_kind_of_mistake_was_tried() -> None:
    assert {kind for _, copies in TRIED for kind in copies} == {
        *MISTAKES,
        *OF_WORKFLOWS,
        *OF_CALLERS,
        *OF_DECLARED_SECRETS,
    }


def test_every_fragment_of_a_workflow_in_the_pages_is_judged() -> None:
    assert {"README.md", "docs/guide.md", "docs/workflow.md"} <= {file.name.split(",")[0] for file in files.callers()}
