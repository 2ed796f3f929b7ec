"""Plans of a registry that exists already and is taken into the state, and of the others meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.terraform_provider import world as worlds
from tests.tools.registries.test_apply import asked, made

from goldenpath.registries import review
from goldenpath.registries.terraform import planning, plans, program
from goldenpath.shared import process
from goldenpath.shared.errors import PlanUnexpected

if TYPE_CHECKING:
    from pathlib import Path

    from tests.terraform_provider.world import World

    from goldenpath.registries.terraform.planning import TerraformWorkspace

pytestmark = pytest.mark.tools
REPOSITORY = 'module.ecr_repositories["hello-web"].aws_ecr_repository.this'
POLICY = 'module.ecr_repositories["hello-web"].aws_ecr_lifecycle_policy.this'


@pytest.fixture
def place(terraform_world: World, tmp_path: Path) -> TerraformWorkspace:
    terraform_world.forget()
    checkout = worlds.checkout(tmp_path)
    made(terraform_world, checkout, "hello-web")
    return terraform_world.workspace(checkout)


def write(place: TerraformWorkspace, text: str) -> None:
    (place.folder / "adoption.tf").write_text(text)


def imported(address: str, identity: str = "hello-web") -> str:
    return f'import {{\n  to = {address}\n  id = "{identity}"\n}}\n'


def test_an_import_is_reviewed_as_one_applied_and_stops_no_other_registry(
    terraform_world: World, place: TerraformWorkspace
) -> None:
    terraform_world.client("s3").delete_object(Bucket=worlds.BUCKET, Key=place.state_key)
    write(place, imported(REPOSITORY) + imported(POLICY))
    asked(place.checkout)
    made(terraform_world, place.checkout, "my-app")
    found = planning.plan(place, "hello-web")
    assert [(one.address, one.description) for one in found.changes] == [(POLICY, "import"), (REPOSITORY, "import")]
    assert "the one that AWS has as hello-web" in review.changes_table(found)
    planning.apply(place, "hello-web", plans.plan_digest(found, "dev"))
    assert planning.plan(place, "hello-web").changes == ()


def test_an_import_of_another_repository_is_refused(terraform_world: World, place: TerraformWorkspace) -> None:
    terraform_world.client("ecr").create_repository(repositoryName="other")
    terraform_world.client("s3").delete_object(Bucket=worlds.BUCKET, Key=place.state_key)
    write(place, imported(REPOSITORY, "other"))
    with pytest.raises(PlanUnexpected):
        planning.plan(place, "hello-web")


def test_a_move_is_reviewed_as_one_applied_and_stops_no_other_registry(
    terraform_world: World, place: TerraformWorkspace
) -> None:
    terraform = place.initialized()
    variables = {**program.passed_variables(place.variables), "TF_DATA_DIR": str(terraform.working)}
    words = ("state", "mv", REPOSITORY, "aws_ecr_repository.old")
    process.run(terraform.program, *words, cwd=place.folder, environment=variables, timeout=60)
    write(place, f"moved {{\n  from = aws_ecr_repository.old\n  to   = {REPOSITORY}\n}}\n")
    asked(place.checkout)
    made(terraform_world, place.checkout, "my-app")
    found = planning.plan(place, "hello-web")
    assert [(one.address, one.description) for one in found.changes] == [(REPOSITORY, "move")]
    assert "from aws" in review.changes_table(found)
    planning.apply(place, "hello-web", plans.plan_digest(found, "dev"))
    assert planning.plan(place, "hello-web").changes == ()
