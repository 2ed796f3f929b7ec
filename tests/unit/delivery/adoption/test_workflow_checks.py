"""What `goldenpath doctor` says of the workflow that calls the platform."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.adoption import (
    workflow_checks,
)
from goldenpath.shared.check_result import Level
from tests.unit.delivery.adoption.healthy_app import (
    PLATFORM,
    edit,
    worst,
)

if TYPE_CHECKING:
    from goldenpath.delivery.adoption.checkout import GitCheckout


def test_an_app_without_a_caller_is_sent_to_init(tmp_path: Path) -> None:
    _, (remark,) = workflow_checks.find(tmp_path)
    assert (remark.level, remark.fix) == (Level.ERROR, "run `goldenpath init`, then commit the files that it writes")


def test_a_workflow_that_is_not_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / ".github" / "workflows" / "delivery.yml"
    path.parent.mkdir(parents=True)
    path.write_text("on: push\njobs: [\n")
    _, (remark,) = workflow_checks.find(tmp_path)
    assert remark.what == (
        ".github/workflows/delivery.yml:3 is not YAML: expected the node content, but found '<stream end>'"
    )


@pytest.mark.parametrize(
    ("old", "new", "level", "about"),
    [
        ("      id-token: write\n", "", Level.ERROR, "permissions"),
        ("      contents: read\n", "      contents: write\n", Level.WARNING, "permissions"),
        ("      contents: read\n", "      packages: write\n      contents: read\n", Level.WARNING, "permissions"),
        ("@v1.2.3", "@main", Level.WARNING, "pin"),
        ("ecr_repository: web", "ecr_repository: Web", Level.ERROR, "inputs"),
        ("ecr_repository: web", "ecr_repositry: web", Level.ERROR, "inputs"),
        ("ecr_repository: web", "ecr_repository: 1.dkr.ecr.eu-west-2.amazonaws.com/web", Level.ERROR, "inputs"),
        ("      ecr_repository: web", "    ecr_repository: web", Level.ERROR, "inputs"),
        ("    with:\n", "    with: all\n    more:\n", Level.ERROR, "inputs"),
        ("@v1.2.3", "", Level.ERROR, "pin"),
        ("secrets: inherit", "secrets: {TF_AWS_IAM_ROLE_PRD: x}", Level.ERROR, "secrets"),
        ("secrets: inherit", "secrets: 7", Level.WARNING, "secrets"),
    ],
)
def test_a_slip_in_the_caller_is_found(healthy: GitCheckout, old: str, new: str, level: Level, about: str) -> None:
    edit(healthy, old, new)
    assert (level, about) in {(each.level, each.about) for each in worst(healthy)}


def test_a_caller_that_grants_nothing_is_told_all_it_must_grant(healthy: GitCheckout) -> None:
    ((caller,),) = [each.callers for each in workflow_checks.find(healthy.folder)[0]]
    found = list(workflow_checks.check(replace(caller, permissions=None), PLATFORM, "team/web"))[1]
    assert found.level is Level.ERROR
    assert all(f"{name}: {level}" in found.fix for name, level in PLATFORM.permissions.items())


def test_a_commit_is_a_pin(healthy: GitCheckout) -> None:
    edit(healthy, "@v1.2.3", "@" + "a" * 40)
    assert worst(healthy) == []


def test_secrets_that_are_not_handed_on_are_told(healthy: GitCheckout) -> None:
    edit(healthy, "secrets: inherit", "secrets:\n      TF_AWS_IAM_ROLE_DEV: ${{ secrets.TF_AWS_IAM_ROLE_DEV }}")
    assert [each.about for each in worst(healthy)] == ["secrets"] * 3
