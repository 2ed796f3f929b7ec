"""What `goldenpath doctor` says of the logins for private base images."""

from __future__ import annotations

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
from tests.unit.delivery.adoption.test_doctor import Forge, edit, healthy_world

NAME = EcrRepository("web")


PLATFORM = reusable_workflow.read()


PINNED = "FROM debian:12@sha256:" + "5" * 64 + "\n"


SECRETS = frozenset(f"TF_AWS_IAM_ROLE_{name}" for name in ("DEV", "TEST", "STAGING", "PROD"))


REVIEWED = BranchRules(protected=True, approvals=1, code_owners=True, creation=True)


BRANCHES = frozenset({"main", "development"})


ROLE = "arn:aws:iam::123456789012:role/deliver"


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


def examined(checkout: GitCheckout, world: doctor.Clients | None = None) -> tuple[Remark, ...]:
    asked = doctor.DoctorOptions(checkout, ROLE)
    return doctor.examine(asked, PLATFORM, world or healthy_world())


HOST = "123456789012.dkr.ecr.eu-west-2.amazonaws.com"


@pytest.mark.parametrize(
    ("images", "handed_on", "known", "found"),
    [
        (f"{HOST}/base:1", "inherit", {"TF_AWS_IAM_ROLE_BASES"}, [(Level.GOOD, "the secret TF_AWS_IAM_ROLE_BASES ")]),
        (f"{HOST}/base:1", "inherit", set(), [(Level.ERROR, "the secret TF_AWS_IAM_ROLE_BASES does not exist")]),
        (f"ghcr.io/a/b {HOST}/core:1", "inherit", {"BASES_LOGINS"},
         [(Level.GOOD, "the secret BASES_LOGINS exists"), (Level.ERROR, "the secret TF_AWS_IAM_ROLE_BASES ")]),
        ("python:3", "inherit", None, [(Level.LEFT_OUT, "they need the secret BASES_LOGINS")]),
        ("python:3", "{AWS_ROLE_ARN: x}", set(), [(Level.WARNING, "does not pass BASES_LOGINS")]),
        ("python:3", "{AWS_ROLE_ARN: x, BASES_LOGINS: y}", set(), [(Level.GOOD, "passes BASES_LOGINS")]),
        ("Python:3", "inherit", set(), [(Level.ERROR, "'Python:3' is not the name of an image")]),
        ("${{ vars.BASES }}", "inherit", set(), []),
    ],
)  # fmt: skip
def test_the_logins_of_private_base_images_are_looked_for(
    healthy: GitCheckout, images: str, handed_on: str, known: set[str] | None, found: list[tuple[Level, str]]
) -> None:
    lines = "".join(f"\n        {each}" for each in (images.split() if "$" not in images else [images]))
    edit(healthy, "    with:\n", f"    with:\n      private_bases: |{lines}\n")
    edit(healthy, "secrets: inherit", f"secrets: {handed_on}")
    forge = Forge(secrets=None if known is None else SECRETS | known)
    remarks = [each for each in examined(healthy, healthy_world(forge)) if each.about == "private base images"]
    assert [each.level for each in remarks] == [level for level, _ in found]
    assert all(text in each.what for each, (_, text) in zip(remarks, found, strict=True)), remarks
