"""What trivy and checkov say of the module, of the environments and of plans: nothing that is not explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.terraform_provider import world as worlds
from tests.tools import account_world

from goldenpath.registries.request import Risk
from goldenpath.registries.terraform import program
from goldenpath.registries.terraform.program import Terraform
from goldenpath.shared import process
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from tests.terraform_provider.world import World

pytestmark = pytest.mark.tools
# Why we live with each (docs/registries.md has the same two tables).
MUTABLE, NO_KMS = "tags may move at low and medium risk", "low and medium risk are encrypted with AES-256, not with KMS"
TRIVY = {"AWS-0031": MUTABLE, "AWS-0033": NO_KMS}
CHECKOV = {"CKV_AWS_51": MUTABLE, "CKV_AWS_136": NO_KMS}
# A plan does not hold the reasons that stand in the code (examples/account/state.tf).
ACCOUNT_PLAN = {"CKV_AWS_18", "CKV_AWS_144", "CKV_AWS_145", "CKV2_AWS_61", "CKV2_AWS_62"}
KEY = "arn:aws:kms:eu-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.fixture(scope="module")
def world(terraform_world: World) -> World:
    terraform_world.forget()
    return terraform_world


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return worlds.checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of an account, beside the modules that it uses."""
    return account_world.checkout(tmp_path_factory.mktemp("account")) / "examples" / "account"


@pytest.fixture(scope="module")
def account_plan(world: World, account: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plan of a whole account, as JSON."""
    world.forget()
    (account / "terraform.tfvars.json").write_text(json.dumps(account_world.SETTINGS))
    driver = account_world.terraform(world, account)
    driver.init({})
    driver.plan(account / "plan")
    made = tmp_path_factory.mktemp("plan") / "tfplan.json"
    made.write_bytes(driver.show_json(account / "plan"))
    return made


@pytest.fixture(scope="module")
def checkov() -> Path:
    """The checkov of the locked list `scan`, in an environment of its own."""
    python = process.run(worlds.ROOT / "bin" / "environment", "scan", timeout=900).stdout.decode().strip()
    return Path(python).with_name("checkov")


@pytest.fixture(scope="module")
def plans(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[Risk, Path]:
    """The plan of one repository of each risk, as JSON; at high risk with a key of its own."""
    made = {}
    for risk in Risk:
        folder = worlds.checkout(tmp_path_factory.mktemp(risk.value)) / "modules" / "caller"
        folder.mkdir()
        key = f'\n  kms_key = "{KEY}"' if risk is Risk.HIGH else ""
        metadata = f'{{ id = "REGISTRY_MY_APP", owner = "team-web", risk = "{risk}" }}'
        body = f'  source = "../aws_ecr"\n  name = "my-app"\n  metadata = {metadata}{key}'
        (folder / "main.tf").write_text(f'module "repository" {{\n{body}\n}}\n')
        driver = Terraform(folder, folder / "work", world.variables, program.find_program())
        driver.init({})
        driver.plan(folder / "plan")
        # In a folder of its own: a scanner looks at all that lies beside a plan.
        made[risk] = tmp_path_factory.mktemp("plan") / "tfplan.json"
        made[risk].write_bytes(driver.show_json(folder / "plan"))
    return made


def by_trivy(place: Path) -> set[str]:
    trivy = Toolchain.load().provide("trivy").path
    words = ("config", "--quiet", "--skip-check-update", "--format", "json", place)
    report = json.loads(process.run(trivy, *words, timeout=120).stdout)
    seen = [result for result in report["Results"] if result["Class"] == "config"]
    assert seen, "trivy looked at nothing"
    return {each["ID"] for result in seen for each in result.get("Misconfigurations", [])}


def by_checkov(checkov: Path, place: Path) -> set[str]:
    words = ("--directory", place, "--framework", "terraform") if place.is_dir() else (
        "--file", place, "--framework", "terraform_plan")  # fmt: skip
    quiet = ("--quiet", "--compact", "--skip-download", "--soft-fail", "--output", "json")
    report = json.loads(process.run(checkov, *words, *quiet, timeout=120).stdout)
    (only,) = report if isinstance(report, list) else (report,)
    assert only["summary"]["parsing_errors"] == 0
    assert only["summary"]["passed"] > 0, "checkov looked at nothing"
    return {each["check_id"] for each in only["results"]["failed_checks"]}


def test_trivy_finds_only_what_is_explained_in_the_module_and_the_environments(checkout: Path) -> None:
    assert by_trivy(checkout / "modules") == set(TRIVY)
    assert by_trivy(checkout / "envs") <= set(TRIVY)


def test_checkov_finds_nothing_in_the_module_and_the_environments(checkov: Path, checkout: Path) -> None:
    assert by_checkov(checkov, checkout / "modules") == set()
    assert by_checkov(checkov, checkout / "envs") == set()


@pytest.mark.parametrize("risk", Risk)
def test_a_plan_shows_what_its_risk_leaves_open_and_nothing_else(
    plans: dict[Risk, Path], checkov: Path, risk: Risk
) -> None:
    found = {"trivy": by_trivy(plans[risk]), "checkov": by_checkov(checkov, plans[risk])}
    expected = (set(), set()) if risk is Risk.HIGH else (set(TRIVY), set(CHECKOV))
    assert found == dict(zip(("trivy", "checkov"), expected, strict=True))


def test_trivy_finds_nothing_in_an_account(account: Path) -> None:
    assert by_trivy(account) == set()


def test_checkov_finds_nothing_in_an_account_nor_in_its_plan_that_is_not_explained(
    account: Path, account_plan: Path, checkov: Path
) -> None:
    assert by_checkov(checkov, account) == set()
    assert by_checkov(checkov, account_plan) == set(ACCOUNT_PLAN)


def test_trivy_finds_nothing_in_the_plan_of_an_account_that_is_not_explained(account_plan: Path) -> None:
    assert by_trivy(account_plan) == {"AWS-0089", "AWS-0132"}


def test_every_finding_that_we_live_with_is_explained_to_people() -> None:
    told = (worlds.ROOT / "docs" / "registries.md").read_text()
    assert all(f"`{finding}`" in told for finding in (*TRIVY, *CHECKOV))
