"""Images that run are tagged in their registries; off unless roles are named; one registry does not stop another."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.registries.images.stored import KEYS, NAME, Registry, registry

from goldenpath.registries import protect
from goldenpath.registries.aws.clusters import ClusterReport, RunningImage
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.config.ecr_tf import RegistryEntry
from goldenpath.registries.images import in_use
from goldenpath.registries.request import Risk
from goldenpath.registries.terraform.planning import EnvironmentAccess, RoleKind
from goldenpath.shared.errors import AccessDenied, LoginRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

TODAY = dt.date(2026, 11, 21)
ENTRY = RegistryEntry("dev", NAME, "REGISTRY_MY_APP", "team-web", Risk.LOW)
URI = f"123456789012.dkr.ecr.eu-west-2.amazonaws.com/{NAME}"


@pytest.fixture(params=["MUTABLE", "IMMUTABLE"])
def held(request: pytest.FixtureRequest) -> Iterator[Registry]:
    with registry(imageTagMutability=request.param) as made:
        yield made


def protected(
    monkeypatch: pytest.MonkeyPatch, *digests: str, entries: tuple[RegistryEntry, ...] = (ENTRY,),
    notes: tuple[str, ...] = (), roles: str = "arn:aws:iam::123456789012:role/look",
) -> protect.ProtectionResult:  # fmt: skip
    report = ClusterReport(frozenset(RunningImage(URI, digest) for digest in digests), 1, notes)
    monkeypatch.setattr(in_use, "look", lambda *_: report)
    monkeypatch.setattr(ecr_tf, "load", lambda *_: entries)
    access = EnvironmentAccess(Path(), Path(), {**KEYS, in_use.ROLES: roles}, RoleKind.IN_USE)
    return protect.protect(access, "dev", TODAY)


def test_an_image_that_runs_is_tagged_and_loses_the_tag_a_week_after_it_ran(
    held: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = held.push("old", "dev-1")
    short = digest.removeprefix("sha256:")[:12]
    result = protected(monkeypatch, digest)
    assert held.tags(digest) == ["dev-1", f"in-use-20261121-{short}"]
    assert result.lines == (
        "dev: 1 images of ECR run in 1 clusters", "✓ my-app: 1 tags set, 0 taken away",
    )  # fmt: skip
    protected(monkeypatch, digest)
    assert held.tags(digest) == ["dev-1", f"in-use-20261121-{short}"]
    monkeypatch.setattr("tests.unit.registries.test_protect.TODAY", TODAY + dt.timedelta(days=8))
    assert "no tag is taken away" in protected(monkeypatch, notes=("a cluster was not looked at",)).lines[1]
    assert len(held.tags(digest)) == 2
    protected(monkeypatch)
    assert held.tags(digest) == ["dev-1"]


def test_it_is_off_unless_a_role_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert protected(monkeypatch, roles="") == protect.ProtectionResult(
        ("dev: off, because GOLDENPATH_IN_USE_ROLES names no role",)
    )


def test_a_registry_that_fails_does_not_stop_the_next_and_a_deprecated_one_is_no_failure(
    held: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = held.push("old", "dev-1")

    def refused(*_: object) -> None:
        raise AccessDenied("Not allowed to tag an image of my-app", fix="Allow it")

    monkeypatch.setattr("goldenpath.registries.aws.ecr.PlatformEcr.add_tag", refused)
    leaving = RegistryEntry("dev", NAME, ENTRY.id, ENTRY.owner, Risk.LOW, deprecated_since="2026-11-01")
    result = protected(monkeypatch, digest, entries=(ENTRY, leaving))
    assert result.failed == 1
    assert result.lines[1:] == (
        "! my-app: Not allowed to tag an image of my-app",
        f"! my-app: {digest} runs, and its registry refuses new tags because it is deprecated",
    )


def test_an_environment_that_cannot_be_entered_is_a_failure_and_one_without_a_role_is_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object) -> None:
        raise LoginRefused("Could not assume the role", fix="Correct its trust policy")

    monkeypatch.setattr(in_use, "look", refused)
    variables = {in_use.ROLES: "arn:aws:iam::123456789012:role/look"}
    access = EnvironmentAccess(Path(), Path(), variables, RoleKind.IN_USE)
    assert protect.protect(access, "dev", TODAY) == protect.ProtectionResult(
        ("! dev: Could not assume the role",), failed=1
    )
    other = EnvironmentAccess(Path(), Path(), {**variables, "TF_AWS_IN_USE_ROLE_PROD": "x"}, RoleKind.IN_USE)
    assert protect.protect(other, "dev", TODAY) == protect.ProtectionResult(
        ("! dev: nothing is protected, because TF_AWS_IN_USE_ROLE_DEV is not set",)
    )
