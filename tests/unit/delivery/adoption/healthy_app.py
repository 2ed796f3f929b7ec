"""An app whose set-up has nothing wrong, and the remarks of doctor about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.delivery.adoption import doctor, reusable_workflow, scaffold
from goldenpath.delivery.adoption.protection_checks import BranchRules
from goldenpath.delivery.registry.ecr_client import RepositoryInfo
from goldenpath.shared.check_result import Level, Remark
from goldenpath.shared.names import EcrRepository
from tests.unit.settings_double import HEALTHY, SettingsDouble

if TYPE_CHECKING:
    from goldenpath.delivery.adoption.checkout import GitCheckout

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
