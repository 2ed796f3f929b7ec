"""`goldenpath doctor`: each thing that can be wrong, and what it says to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from goldenpath.delivery.adoption import (
    doctor,
    reusable_workflow,
    scaffold,
)
from goldenpath.delivery.adoption.check_result import Level, Remark
from goldenpath.delivery.adoption.checkout import GitCheckout
from goldenpath.delivery.adoption.images import DeliveredImage
from goldenpath.delivery.adoption.protection_checks import BranchRules
from goldenpath.delivery.registry.ecr_client import RepositoryInfo
from goldenpath.shared.names import EcrRepository
from tests.unit.settings_double import HEALTHY, SettingsDouble

NAME = EcrRepository("web")
PLATFORM = reusable_workflow.read()
PINNED = "FROM debian:12@sha256:" + "5" * 64 + "\n"
SECRETS = frozenset(f"TF_AWS_IAM_ROLE_{name}" for name in ("DEV", "TEST", "STAGING", "PROD"))
REVIEWED = BranchRules(protected=True, approvals=1, code_owners=True, creation=True)
BRANCHES = frozenset({"main", "development"})
ROLE = "arn:aws:iam::123456789012:role/deliver"


@dataclass(frozen=True)
class Forge:
    default_branch: str | None = "main"
    branches: frozenset[str] | None = None
    code_security: bool | None = True
    secrets: frozenset[str] | None = SECRETS
    rules: BranchRules | None = REVIEWED
    tags: frozenset[str] | None = frozenset({"creation", "update", "deletion"})

    def branch_rules(self, branch: str) -> BranchRules | None:
        assert branch
        return self.rules

    def tag_rules(self, tag: str) -> frozenset[str] | None:
        assert tag == "v1.2.3"
        return self.tags


def described(name: EcrRepository) -> RepositoryInfo:
    return RepositoryInfo(name, f"registry/{name}", "123456789012", immutable=False)


@pytest.fixture
def healthy(tmp_path: Path) -> GitCheckout:
    """An app with everything in order, whose caller names a release."""
    scaffold.write(tmp_path, scaffold.plan(tmp_path, (DeliveredImage(NAME),), "v1.2.3"), force=False)
    (tmp_path / "Dockerfile").write_text(PINNED)
    (tmp_path / ".dockerignore").write_text(".git\n")
    (tmp_path / "CODEOWNERS").write_text("* @team/web\n")
    return GitCheckout(
        tmp_path, "mikeybeezy/web", "main", shallow=False, dockerfiles=("Dockerfile",), branches=BRANCHES
    )


def healthy_world(
    forge: Forge | None = None,
    describe: Callable[[EcrRepository], RepositoryInfo] = described,
    tag: Callable[[RepositoryInfo], str | None] | None = None,
    settings: SettingsDouble | None = None,
) -> doctor.Clients:
    """Return a world in which everything is as it should be, but for what a test gives."""
    return doctor.Clients(forge or Forge(), describe, tag, settings or SettingsDouble(HEALTHY))


def examined(checkout: GitCheckout, world: doctor.Clients | None = None) -> tuple[Remark, ...]:
    asked = doctor.DoctorOptions(checkout, ROLE)
    return doctor.examine(asked, PLATFORM, world or healthy_world())


def worst(checkout: GitCheckout, world: doctor.Clients | None = None) -> list[Remark]:
    """Return the remarks about what is not as it should be."""
    return [each for each in examined(checkout, world) if each.level > Level.GOOD]


def edit(checkout: GitCheckout, old: str, new: str) -> None:
    path = checkout.folder / scaffold.CALLER
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_nothing_is_wrong_with_what_init_wrote(healthy: GitCheckout) -> None:
    assert worst(healthy) == []


def test_without_a_network_it_says_what_it_left_out(healthy: GitCheckout) -> None:
    found = worst(healthy, doctor.Clients())
    assert {each.level for each in found} == {Level.LEFT_OUT}
    assert {each.about for each in found} == {"secrets", "registry", "code security", "protection", "github"}


def test_a_default_branch_that_prod_does_not_take_is_told(healthy: GitCheckout) -> None:
    forge = Forge(default_branch="master", branches=frozenset({"master", "development"}))
    remark = next(each for each in worst(healthy, healthy_world(forge)) if each.about == "branch")
    assert remark.what == "the default branch is `master`, but prod accepts only refs/heads/main, refs/tags/v*"


def test_a_mistake_in_the_app_s_rules_is_told_with_its_line(healthy: GitCheckout) -> None:
    (healthy.folder / ".goldenpath.yml").write_text("version: 2\n")
    (remark,) = worst(healthy)
    assert remark.level is Level.ERROR
    assert ".goldenpath.yml:1" in remark.what
