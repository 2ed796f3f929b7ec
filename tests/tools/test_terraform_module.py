"""The module `aws_ecr`, by the real Terraform: its own tests, its examples, its refusals, its documents."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

import pytest
from dev import environment_lists
from tests.terraform_provider import world as worlds

from goldenpath.policy import environments
from goldenpath.registries.terraform import program
from goldenpath.registries.terraform.program import Terraform, passed_variables
from goldenpath.shared import process
from goldenpath.shared.errors import TerraformFailed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.terraform_provider.world import World

pytestmark = pytest.mark.tools
MODULE = worlds.ROOT / "modules" / "aws_ecr"
ENVIRONMENTS = [rules.environment for rules in environments.registry_rules()]


@pytest.fixture(scope="module")
def world(terraform_world: World) -> World:
    terraform_world.forget()
    return terraform_world


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return worlds.checkout(tmp_path)


def terraform(world: World, folder: Path) -> Terraform:
    return Terraform(folder, folder / "work", world.variables, program.find_program())


def caller(checkout: Path, body: str) -> Path:
    folder = checkout / "modules" / "caller"
    folder.mkdir()
    (folder / "main.tf").write_text(f'module "repository" {{\n  source = "../aws_ecr"\n{body}\n}}\n')
    return folder


def planned(world: World, folder: Path) -> None:
    driver = terraform(world, folder)
    driver.init({})
    driver.plan(folder / "plan")


def passed(world: World, folder: Path, *options: str) -> int:
    """Run the tests of the module in `folder`, all of which have to pass; return how many there were."""
    driver = terraform(world, folder)
    driver.init({})
    environment = {**passed_variables(world.variables), "TF_DATA_DIR": str(driver.working), "CHECKPOINT_DISABLE": "1"}
    command = (program.find_program(), "test", "-no-color", *options)
    done = process.run(*command, cwd=folder, environment=environment, timeout=300)
    success = re.search(rb"Success! (\d+) passed, 0 failed", done.stdout)
    assert success, done.stdout.decode()
    return int(success[1])


def test_every_test_of_the_module_passes(world: World, checkout: Path) -> None:
    runs = sum(path.read_text().count('\nrun "') for path in MODULE.glob("tests/*.tftest.hcl"))
    assert passed(world, checkout / "modules" / "aws_ecr") == runs


def test_the_releases_of_an_environment_that_was_added_have_a_lifecycle_rule(world: World, checkout: Path) -> None:
    folder = checkout / "modules" / "aws_ecr"
    (folder / "environments.tf").write_text(environment_lists.terraform([*ENVIRONMENTS, "uat"]))
    name = "tests/lifecycle.tftest.hcl"
    assert passed(world, folder, f"-filter={name}") == (MODULE / name).read_text().count('\nrun "')


ARCHIVED = """mock_provider "aws" {}
variables {
  name     = "my-app"
  metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }
}
run "archived" {
  command = plan
  assert {
    condition = [for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : [rule.rulePriority, \
      rule.selection.countType, rule.selection.countNumber] if rule.action.type == "transition"] == [
      [10, "sinceImagePulled", 180], [20, "sinceImagePulled", 180], [30, "sinceImagePulled", 180],
      [40, "sinceImagePulled", 180]]
    error_message = aws_ecr_lifecycle_policy.this.policy
  }
}
""".replace("\\\n", "")


def test_a_risk_that_says_so_archives_releases_in_place_of_expiring_them(world: World, checkout: Path) -> None:
    folder = checkout / "modules" / "aws_ecr"
    risks = (folder / "risk.tf").read_text()
    (folder / "risk.tf").write_text(re.sub(r"(archive_after_days\s+= )null", r"\g<1>180", risks))
    (folder / "tests" / "archived.tftest.hcl").write_text(ARCHIVED)
    driver = terraform(world, folder)
    driver.init({})
    environment = {**passed_variables(world.variables), "TF_DATA_DIR": str(driver.working), "CHECKPOINT_DISABLE": "1"}
    words = ("test", "-no-color", "-filter=tests/archived.tftest.hcl")
    done = process.run(program.find_program(), *words, cwd=folder, environment=environment, timeout=300)
    assert b"Success! 1 passed, 0 failed" in done.stdout, done.stdout.decode()


def test_terraform_formats_nothing_that_is_committed() -> None:
    for name in ("modules", "envs"):
        done = process.run(
            program.find_program(), "fmt", "-check", "-recursive", "-diff", worlds.ROOT / name, timeout=60
        )
        assert done.stdout == b""


@pytest.mark.parametrize("example", ["minimal", "high-risk"])
def test_an_example_is_made_as_it_was_planned_and_taken_away_again(world: World, checkout: Path, example: str) -> None:
    world.forget()
    folder = checkout / "modules" / "aws_ecr" / "examples" / example
    driver = terraform(world, folder)
    planned(world, folder)
    driver.apply(folder / "plan")
    found = world.client("ecr").describe_repositories()["repositories"]
    assert [each["imageScanningConfiguration"] for each in found] == [{"scanOnPush": True}]
    assert driver.plan(folder / "again").changes == ()
    environment = {**passed_variables(world.variables), "TF_DATA_DIR": str(driver.working)}
    process.run(program.find_program(), "destroy", "-auto-approve", cwd=folder, environment=environment, timeout=60)
    assert world.client("ecr").describe_repositories()["repositories"] == []


REFUSALS = {
    'name = "my-app"\n metadata = {}': (
        "metadata.owner is missing or malformed: write the team that answers for the repository in lower case"
    ),
    'name = "my-app"\n metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "huge" }': (
        'metadata.risk is missing or unknown: write risk = "low", "medium" or "high"'
    ),
    'name = "my-app"\n metadata = { id = "REGISTRY_MINE", owner = "team-web", risk = "low" }': (
        'metadata.id does not belong to this name: write id = "REGISTRY_MY_APP"'
    ),
    'name = "my-app"\n kms_key = "arn:aws:kms:eu-west-2:123456789012:key/1"\n'
    ' metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "medium" }': (
        'kms_key needs risk = "high": at risk medium the repository is encrypted with AES-256, so leave it out'
    ),
    'name = "My App"\n metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }': (
        "name is not one that ECR takes: write 2 to 256 of a-z and 0-9"
    ),
    'name = "my-app"\n environment = "qa"\n metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }': (
        f"environment is unknown: write one of {', '.join(ENVIRONMENTS)}, or leave it out"
    ),
    'name = "my-app"\n immutability_exclusions = ["prod-*"]\n'
    ' metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "high" }': (
        f"(a commit id, {', '.join(f'{name}-' for name in ENVIRONMENTS)} and a commit id, or a version like"
    ),
}


@pytest.mark.parametrize("body", REFUSALS, ids=range(len(REFUSALS)))
def test_a_refusal_says_what_to_write(world: World, checkout: Path, body: str) -> None:
    with pytest.raises(TerraformFailed) as refused:
        planned(world, caller(checkout, body))
    assert REFUSALS[body] in refused.value.why


def test_a_module_without_metadata_is_refused_before_anything_is_planned(world: World, checkout: Path) -> None:
    with pytest.raises(TerraformFailed, match="terraform plan failed") as refused:
        planned(world, caller(checkout, 'name = "my-app"'))
    assert 'The argument "metadata" is required' in refused.value.why


def test_the_readme_lists_every_variable_and_output() -> None:
    module_readme = importlib.import_module("scripts.module_readme")

    assert module_readme.render(MODULE) == (MODULE / "README.md").read_text()
