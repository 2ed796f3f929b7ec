"""Which pushes start a workflow, and which environment its expression names for a branch."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from goldenpath.delivery.adoption import reusable_workflow
from goldenpath.delivery.adoption.triggers import PushFilter, environment_of, push_filter

KNOWN = ("dev", "test", "staging", "prod")
(JOB,) = yaml.safe_load(reusable_workflow.platform_file(reusable_workflow.TEMPLATE))["jobs"].values()
TEMPLATE = str(JOB["with"]["environment"])
EARLIER = "${{ inputs.environment || (github.base_ref || github.ref_name) == 'development' && 'dev' || 'prod' }}"


#    branches under `on: push:`              branch           starts
@pytest.mark.parametrize(
    ("patterns", "branch", "starts"),
    [
        (["main"], "main", True), (["main"], "main2", False), (["*"], "a/b", False), (["**"], "a/b", True),
        (["releases/**"], "releases/1/2", True), (["feature/*"], "feature/a/b", False), (["v[12].x"], "v1.x", True),
        (["**", "!wip/**"], "wip/a", False), (["!main", "main"], "main", True), (["ab?c"], "ac", True),
        (["a+b"], "aab", True), (["[broken"], "[broken", True), ([], "main", False),
    ],
)  # fmt: skip
def test_patterns_are_read_as_github_does(patterns: list[str], branch: str, *, starts: bool) -> None:
    found = push_filter({"push": {"branches": patterns}})
    assert found is not None
    assert found.starts(branch) is starts


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("push", PushFilter()),
        (["push", "pull_request"], PushFilter()),
        ({"push": None}, PushFilter()),
        ({"push": {"branches": "main"}}, PushFilter(("main",))),
        ({"push": {"tags": ["v*"]}}, PushFilter(tags=True)),
        ({"push": {"branches-ignore": ["gh-pages"]}}, PushFilter(ignored=("gh-pages",))),
        ("pull_request", None), ({"workflow_dispatch": None}, None), (None, None),
    ],
)  # fmt: skip
def test_every_way_to_write_push_is_read(on: Any, expected: PushFilter | None) -> None:  # noqa: ANN401  what YAML gives
    assert push_filter(on) == expected


def test_a_filter_for_tags_starts_for_no_branch_and_one_that_ignores_for_every_other() -> None:
    assert not PushFilter(tags=True).starts("main")
    assert PushFilter().starts("main")
    assert PushFilter(ignored=("gh-pages",)).starts("main")
    assert not PushFilter(ignored=("gh-pages",)).starts("gh-pages")


@pytest.mark.parametrize(
    ("written", "branch", "environment"),
    [
        (TEMPLATE, "development", "dev"), (TEMPLATE, "main", "prod"), (EARLIER, "development", "dev"),
        (EARLIER, "main", "prod"), (TEMPLATE.replace("development", "dev"), "dev", "dev"), ("test", "any", "test"),
        ("${{ github.ref == 'refs/heads/main' && 'prod' || 'dev' }}", "main", "prod"),
        ("${{ contains(fromJSON('[\"a\", \"b\"]'), github.ref_name) && 'dev' || 'prod' }}", "a", "dev"),
        # Not understood, so nothing is said of them.
        ("${{ github.ref_name == 'main' && 'prod' || github.ref_name == 'qa' && 'test' || 'dev' }}", "qa", ""),
        ("${{ github.event_name == 'push' && 'dev' || 'prod' }}", "main", ""),
        ("${{ github.ref_name != 'main' && 'dev' || 'prod' }}", "main", ""),
        ("${{ contains(github.ref, 'release') && 'prod' || 'dev' }}", "release/1", ""),
        ("${{ startsWith(github.ref_name, 'feature/') && 'dev' || 'prod' }}", "feature/a", ""),
        ("${{ vars.ENVIRONMENT }}", "main", ""), ("production", "main", ""),
    ],
)  # fmt: skip
def test_the_environment_of_a_branch(written: str, branch: str, environment: str) -> None:
    assert environment_of(written, branch, KNOWN) == environment
