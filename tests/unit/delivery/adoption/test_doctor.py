"""`goldenpath doctor`: each thing that can be wrong, and what it says to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from goldenpath.delivery.adoption import (
    doctor,
    remote_checks,
    reusable_workflow,
    scaffold,
    source_checks,
    workflow_checks,
)
from goldenpath.delivery.adoption.check_result import Level, Remark
from goldenpath.delivery.adoption.checkout import Checkout
from goldenpath.delivery.adoption.images import Image
from goldenpath.delivery.adoption.protection_checks import BranchRules
from goldenpath.delivery.registry.ecr_client import RepositoryInfo
from goldenpath.delivery.rules import matrix
from goldenpath.shared.errors import AccessDenied, RepositoryMissing
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


def missing(name: EcrRepository) -> RepositoryInfo:
    raise RepositoryMissing(f"the ECR repository {name} does not exist", fix="create it")


def denied(name: EcrRepository) -> RepositoryInfo:
    raise AccessDenied(f"not allowed to look at {name}", fix="ask")


@pytest.fixture
def healthy(tmp_path: Path) -> Checkout:
    """An app with everything in order, whose caller names a release."""
    scaffold.write(tmp_path, scaffold.plan(tmp_path, (Image(NAME),), "v1.2.3"), force=False)
    (tmp_path / "Dockerfile").write_text(PINNED)
    (tmp_path / ".dockerignore").write_text(".git\n")
    (tmp_path / "CODEOWNERS").write_text("* @team/web\n")
    return Checkout(tmp_path, "mikeybeezy/web", "main", shallow=False, dockerfiles=("Dockerfile",), branches=BRANCHES)


def healthy_world(
    forge: Forge | None = None,
    describe: Callable[[EcrRepository], RepositoryInfo] = described,
    tag: Callable[[RepositoryInfo], str | None] | None = None,
    settings: SettingsDouble | None = None,
) -> doctor.World:
    """Return a world in which everything is as it should be, but for what a test gives."""
    return doctor.World(forge or Forge(), describe, tag, settings or SettingsDouble(HEALTHY))


def examined(checkout: Checkout, world: doctor.World | None = None) -> tuple[Remark, ...]:
    asked = doctor.Asked(checkout, ROLE)
    return doctor.examine(asked, PLATFORM, world or healthy_world())


def worst(checkout: Checkout, world: doctor.World | None = None) -> list[Remark]:
    """Return the remarks about what is not as it should be."""
    return [each for each in examined(checkout, world) if each.level > Level.GOOD]


def edit(checkout: Checkout, old: str, new: str) -> None:
    path = checkout.folder / scaffold.CALLER
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_nothing_is_wrong_with_what_init_wrote(healthy: Checkout) -> None:
    assert worst(healthy) == []


def test_without_a_network_it_says_what_it_left_out(healthy: Checkout) -> None:
    found = worst(healthy, doctor.World())
    assert {each.level for each in found} == {Level.LEFT_OUT}
    assert {each.about for each in found} == {"secrets", "registry", "code security", "protection", "github"}


def test_an_app_without_a_caller_is_sent_to_init(tmp_path: Path) -> None:
    _, (remark,) = workflow_checks.find(tmp_path)
    assert (remark.level, remark.fix) == (Level.ERROR, "run `goldenpath init`, then commit what it wrote")


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
def test_a_slip_in_the_caller_is_found(healthy: Checkout, old: str, new: str, level: Level, about: str) -> None:
    edit(healthy, old, new)
    assert (level, about) in {(each.level, each.about) for each in worst(healthy)}


def test_a_caller_that_grants_nothing_is_told_all_it_must_grant(healthy: Checkout) -> None:
    ((caller,),) = [each.callers for each in workflow_checks.find(healthy.folder)[0]]
    found = list(workflow_checks.check(replace(caller, granted=None), PLATFORM, "team/web"))[1]
    assert found.level is Level.ERROR
    assert all(f"{name}: {level}" in found.fix for name, level in PLATFORM.permissions.items())


def test_a_commit_is_a_pin(healthy: Checkout) -> None:
    edit(healthy, "@v1.2.3", "@" + "a" * 40)
    assert worst(healthy) == []


@pytest.mark.parametrize(
    ("text", "loose"),
    [
        (PINNED, []),
        ("FROM python:3\n", ["python:3"]),
        ("FROM --platform=$BUILDPLATFORM golang:1 AS made\nFROM scratch\nCOPY --from=made /a /a\n", ["golang:1"]),
        ("FROM debian:12@sha256:5 AS one\nFROM one\n", []),
        ("ARG BASE\nFROM $BASE\n", []),
    ],
)
def test_base_images_without_a_digest_are_named(text: str, loose: list[str]) -> None:
    assert source_checks.unpinned(text) == loose


def test_a_missing_dockerfile_is_looked_for_elsewhere(healthy: Checkout) -> None:
    (healthy.folder / "Dockerfile").unlink()
    (remark,) = worst(replace(healthy, dockerfiles=("docker/Dockerfile",)))
    assert (remark.level, remark.fix) == (Level.ERROR, "give `dockerfile_path: ./docker/Dockerfile`")


def test_where_several_dockerfiles_are_elsewhere_all_are_listed(healthy: Checkout) -> None:
    (healthy.folder / "Dockerfile").unlink()
    (remark,) = worst(replace(healthy, dockerfiles=("api/Dockerfile", "web/Dockerfile")))
    assert remark.fix.startswith("give one of them as `dockerfile_path`: api/Dockerfile, web/Dockerfile; for an image")


@pytest.mark.parametrize("text", ["node_modules\n", ".git\n!.git\n"])
def test_a_context_with_the_git_folder_is_found(healthy: Checkout, text: str) -> None:
    (healthy.folder / ".dockerignore").write_text(text)
    assert [each.about for each in worst(healthy)] == ["context"]


@pytest.mark.parametrize(("text", "about"), [(".git\n", []), ("node_modules\n", ["context"])])
def test_an_ignore_file_of_the_dockerfile_takes_the_place_of_the_folder_s(
    healthy: Checkout, text: str, about: list[str]
) -> None:
    (healthy.folder / ".dockerignore").write_text("!.git\n" if not about else ".git\n")
    (healthy.folder / "Dockerfile.dockerignore").write_text(text)
    assert [each.about for each in worst(healthy)] == about


def test_a_default_branch_that_prod_does_not_take_is_told(healthy: Checkout) -> None:
    forge = Forge(default_branch="master", branches=frozenset({"master", "development"}))
    remark = next(each for each in worst(healthy, healthy_world(forge)) if each.about == "branch")
    assert remark.what == "the default branch is `master`; prod takes only refs/heads/main, refs/tags/v*"


def test_a_shallow_clone_is_told(healthy: Checkout) -> None:
    assert [each.about for each in worst(replace(healthy, shallow=True))] == ["history"]


def test_a_submodule_without_an_entry_is_named_since_actions_checkout_fails_on_it(healthy: Checkout) -> None:
    (healthy.folder / ".gitmodules").write_text('[submodule "known"]\n\tpath = known\n\turl = ../known.git\n')
    edit(healthy, "    with:\n", "    with:\n      submodules: 'true'\n")
    (remark,) = worst(replace(healthy, submodules=("known", "vendor/stray")))
    assert remark == Remark(
        Level.ERROR,
        "submodules",
        "vendor/stray is committed as a submodule without an entry in .gitmodules: the workflow cannot check it out",
        "run `git rm --cached vendor/stray`, or `git submodule add <address> vendor/stray`",
    )


def test_a_mistake_in_the_app_s_rules_is_told_with_its_line(healthy: Checkout) -> None:
    (healthy.folder / ".goldenpath.yml").write_text("version: 2\n")
    (remark,) = worst(healthy)
    assert remark.level is Level.ERROR
    assert ".goldenpath.yml:1" in remark.what


def test_an_environment_without_its_role_is_named(healthy: Checkout) -> None:
    forge = Forge(secrets=SECRETS - {"TF_AWS_IAM_ROLE_PROD"})
    (remark,) = worst(healthy, healthy_world(forge))
    assert remark.what == "prod has no role: neither TF_AWS_IAM_ROLE_PROD nor AWS_ROLE_ARN is there"


def test_one_role_for_all_works_and_is_warned_about(healthy: Checkout) -> None:
    (remark,) = worst(healthy, healthy_world(Forge(secrets=frozenset({"AWS_ROLE_ARN"})), described))
    assert (remark.level, remark.about) == (Level.WARNING, "secrets")
    assert remark.what.startswith("AWS_ROLE_ARN is the role of dev, test, staging, prod: a run with the rules")
    assert remark.fix.endswith("TF_AWS_IAM_ROLE_STAGING, TF_AWS_IAM_ROLE_PROD), then delete AWS_ROLE_ARN")


HOST = "123456789012.dkr.ecr.eu-west-2.amazonaws.com"


@pytest.mark.parametrize(
    ("images", "handed_on", "known", "found"),
    [
        (f"{HOST}/base:1", "inherit", {"TF_AWS_IAM_ROLE_BASES"}, [(Level.GOOD, "the secret TF_AWS_IAM_ROLE_BASES is")]),
        (f"{HOST}/base:1", "inherit", set(), [(Level.ERROR, "the secret TF_AWS_IAM_ROLE_BASES is missing")]),
        (f"ghcr.io/a/b {HOST}/core:1", "inherit", {"BASES_LOGINS"},
         [(Level.GOOD, "the secret BASES_LOGINS is there"), (Level.ERROR, "the secret TF_AWS_IAM_ROLE_BASES is")]),
        ("python:3", "inherit", None, [(Level.LEFT_OUT, "they need the secret BASES_LOGINS")]),
        ("python:3", "{AWS_ROLE_ARN: x}", set(), [(Level.WARNING, "does not hand on BASES_LOGINS")]),
        ("python:3", "{AWS_ROLE_ARN: x, BASES_LOGINS: y}", set(), [(Level.GOOD, "hands on BASES_LOGINS")]),
        ("Python:3", "inherit", set(), [(Level.ERROR, "'Python:3' is not the name of an image")]),
        ("${{ vars.BASES }}", "inherit", set(), []),
    ],
)  # fmt: skip
def test_the_logins_of_private_base_images_are_looked_for(
    healthy: Checkout, images: str, handed_on: str, known: set[str] | None, found: list[tuple[Level, str]]
) -> None:
    lines = "".join(f"\n        {each}" for each in (images.split() if "$" not in images else [images]))
    edit(healthy, "    with:\n", f"    with:\n      private_bases: |{lines}\n")
    edit(healthy, "secrets: inherit", f"secrets: {handed_on}")
    forge = Forge(secrets=None if known is None else SECRETS | known)
    remarks = [each for each in examined(healthy, healthy_world(forge)) if each.about == "private base images"]
    assert [each.level for each in remarks] == [level for level, _ in found]
    assert all(text in each.what for each, (_, text) in zip(remarks, found, strict=True)), remarks


def test_a_role_for_all_that_serves_one_environment_is_that_ones(healthy: Checkout) -> None:
    forge = Forge(secrets=SECRETS - {"TF_AWS_IAM_ROLE_DEV"} | {"AWS_ROLE_ARN"})
    assert worst(healthy, healthy_world(forge)) == []


@pytest.mark.parametrize(
    ("tag", "level", "what"),
    [
        ("prod", Level.GOOD, "web belongs to prod: only its rules release to it"),
        ("", Level.WARNING, "nothing says to which environment web belongs: any rules release to it"),
        (None, Level.LEFT_OUT, "this login may not read the tags of web"),
    ],
)
def test_a_registry_tells_to_which_environment_it_belongs(
    healthy: Checkout, tag: str | None, level: Level, what: str
) -> None:
    found = examined(healthy, healthy_world(Forge(), described, lambda _: tag))
    assert [(each.level, each.what) for each in found if each.about == "binding"] == [(level, what)]


def test_a_registry_belongs_to_the_environment_that_lists_its_account(
    healthy: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    *others, prod = matrix.load().environments
    policy = replace(matrix.load(), environments=(*others, replace(prod, accounts=("123456789012",))))
    monkeypatch.setattr(matrix, "load", lambda: policy)
    found = examined(healthy, healthy_world(Forge(), described, lambda _: ""))
    assert [each.what for each in found if each.about == "binding"] == [
        "web belongs to prod, as everything in the account 123456789012"
    ]


def test_secrets_that_are_not_handed_on_are_told(healthy: Checkout) -> None:
    edit(healthy, "secrets: inherit", "secrets:\n      TF_AWS_IAM_ROLE_DEV: ${{ secrets.TF_AWS_IAM_ROLE_DEV }}")
    assert [each.about for each in worst(healthy)] == ["secrets"] * 3


@pytest.mark.parametrize(("required", "level"), [(False, Level.WARNING), (True, Level.ERROR)])
def test_code_security_that_is_off_is_an_error_where_an_environment_requires_it(
    healthy: Checkout, monkeypatch: pytest.MonkeyPatch, level: Level, *, required: bool
) -> None:
    *others, prod = matrix.load().environments
    policy = replace(matrix.load(), environments=(*others, replace(prod, code_scanning_required=required)))
    monkeypatch.setattr(matrix, "load", lambda: policy)
    (remark,) = worst(healthy, healthy_world(Forge(code_security=False), described))
    assert (remark.level, remark.about) == (level, "code security")


def test_a_registry_that_is_missing_is_an_error_and_one_we_may_not_see_is_left_out(healthy: Checkout) -> None:
    assert [each.level for each in worst(healthy, healthy_world(Forge(), missing))] == [Level.ERROR]
    assert [each.level for each in worst(healthy, healthy_world(Forge(), denied))] == [Level.LEFT_OUT]


@pytest.mark.parametrize(("arn", "level"), [(ROLE, Level.GOOD), ("", Level.LEFT_OUT), ("deliver", Level.ERROR)])
def test_a_role_is_known_by_its_form(arn: str, level: Level) -> None:
    assert remote_checks.role(arn, "team/web").level is level
