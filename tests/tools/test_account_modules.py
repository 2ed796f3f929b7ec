"""The modules of an account, by the real Terraform: made, changed, destroyed, and as `goldenpath iam` prints."""

from __future__ import annotations

import importlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.terraform_provider import world as worlds
from tests.tools import account_world
from tests.tools.account_world import ACCOUNT, APP, SETTINGS

from goldenpath.delivery.registry import iam
from goldenpath.registries.account import role_policies
from goldenpath.registries.account.role_policies import RoleScope
from goldenpath.registries.terraform import program
from goldenpath.registries.terraform.program import passed_variables
from goldenpath.shared import process
from goldenpath.shared.errors import TerraformFailed
from goldenpath.shared.names import EcrRepository, Region

if TYPE_CHECKING:
    from pathlib import Path

    from tests.terraform_provider.world import World

pytestmark = pytest.mark.tools
MODULES = ("aws_ecr_registry", "github_oidc_roles")
WAITING = {**APP, "github_environment": "release", "refs": ["refs/heads/main", "refs/tags/v*"], "rescan": False}
MINE = {**APP, "ecr_repositories": ["my-app", "my-worker"]}
IDS: Any = {"owner_id": "12", "repository_id": "678"}
OURS: Any = {"owner_id": "12", "repository_id": "345"}
W = "our-org/platform/.github/workflows"


@pytest.fixture(scope="module")
def world(terraform_world: World) -> World:
    return terraform_world


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return account_world.checkout(tmp_path_factory.mktemp("account"))


@pytest.fixture(scope="module")
def made(world: World, checkout: Path) -> Path:
    """The account of two apps, applied."""
    world.forget()
    folder = checkout / "examples" / "account"
    apps = {"my-app-dev": MINE, "my-app-prod": WAITING}
    (folder / "terraform.tfvars.json").write_text(json.dumps({**SETTINGS, "apps": apps, "enterprise_id": "9"}))
    driver = account_world.terraform(world, folder)
    driver.init({})
    driver.plan(folder / "plan")
    driver.apply(folder / "plan")
    return folder


def names(world: World) -> set[str]:
    return {role["RoleName"] for role in world.client("iam").list_roles()["Roles"]}


def trust(world: World, role: str) -> Any:  # noqa: ANN401  a policy
    return listed(world.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])


def permissions(world: World, role: str) -> Any:  # noqa: ANN401  a policy
    return listed(world.client("iam").get_role_policy(RoleName=role, PolicyName="goldenpath")["PolicyDocument"])


def listed(value: Any, name: str = "") -> Any:  # noqa: ANN401  a policy
    """Return a policy with every value as a sorted list: AWS reads one value and a list of one the same."""
    if isinstance(value, dict):
        return {key: listed(inner, key) for key, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [listed(inner) for inner in value]
    if name in {"Version", "Effect", "Sid", "Federated"}:
        return value
    return sorted(value) if isinstance(value, list) else [value]


def test_the_roles_of_an_account_are_those_of_its_apps_and_environments(world: World, made: Path) -> None:
    assert names(world) == {
        "goldenpath-release-my-app-dev", "goldenpath-rescan-my-app-dev", "goldenpath-release-my-app-prod",
        "goldenpath-plan-dev", "goldenpath-apply-dev", "goldenpath-ecr-quarantine",
    }  # fmt: skip
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/goldenpath-boundary"
    for name in names(world) - {"goldenpath-ecr-quarantine"}:
        role = world.client("iam").get_role(RoleName=name)["Role"]
        assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary


SUBJECTS = {
    "goldenpath-release-my-app-dev": iam.Subject(
        "our-org/my-app", refs=("refs/heads/development",), enterprise_id="9",
        workflows=(f"{W}/_build-and-release.yml@refs/heads/main",), **IDS,
    ),
    "goldenpath-release-my-app-prod": iam.Subject(
        "our-org/my-app", environments=("release",), refs=("refs/heads/main", "refs/tags/v*"), enterprise_id="9",
        workflows=(f"{W}/_build-and-release.yml@refs/heads/main",), **IDS,
    ),
    "goldenpath-rescan-my-app-dev": iam.Subject(
        "our-org/my-app", refs=("refs/heads/main",), workflows=(f"{W}/_rescan.yml@refs/heads/main",),
        enterprise_id="9", **IDS,
    ),
    "goldenpath-plan-dev": iam.Subject(
        "our-org/platform", refs=("refs/heads/development", "refs/heads/main"), enterprise_id="9", **OURS,
        workflows=(
            f"{W}/create-ecr-registry.yml@refs/heads/development",
            f"{W}/retire-ecr-registry.yml@refs/heads/development",
            f"{W}/ecr-hygiene.yml@refs/heads/main",
        ),
    ),
    "goldenpath-apply-dev": iam.Subject(
        "our-org/platform", environments=("registry-apply-dev",), refs=("refs/heads/development",), enterprise_id="9",
        workflows=(f"{W}/_apply-registries.yml@refs/heads/main",), **OURS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("role", SUBJECTS)
def test_a_role_trusts_whom_the_command_prints(world: World, made: Path, role: str) -> None:
    assert trust(world, role) == listed(iam.trust_policy("aws", ACCOUNT, SUBJECTS[role]))


def test_a_role_may_do_what_the_command_prints(world: World, made: Path) -> None:
    region, app, worker = Region(worlds.REGION), EcrRepository("my-app"), EcrRepository("my-worker")
    scope = RoleScope("aws", ACCOUNT, region, "dev", "our-state")
    both = iam.pull_policy("aws", region, ACCOUNT, [app, worker])
    assert permissions(world, "goldenpath-rescan-my-app-dev") == listed(both)
    release = iam.push_policy("aws", region, ACCOUNT, app)
    assert permissions(world, "goldenpath-release-my-app-prod") == listed(release)
    assert permissions(world, "goldenpath-plan-dev") == listed(role_policies.plan_policy(scope))
    assert permissions(world, "goldenpath-apply-dev") == listed(role_policies.apply_policy(scope))


def test_what_roles_read_is_no_use_and_what_a_push_makes_is_quarantined(world: World, made: Path) -> None:
    ecr = world.client("ecr")
    excluded = ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"]
    assert {arn.rpartition("/")[2] for arn in excluded} == set(SUBJECTS)
    (template,) = ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]
    assert template["prefix"] == "ROOT"
    assert template["imageTagMutability"] == "IMMUTABLE"
    assert template["resourceTags"] == [{"Key": "goldenpath.idp/ungoverned", "Value": "created-by-push"}]
    assert json.loads(template["lifecyclePolicy"])["rules"][0]["selection"]["countNumber"] == 7


def test_an_applied_account_has_no_change_left(world: World, made: Path) -> None:
    assert account_world.terraform(world, made).plan(made / "again").changes == ()


def test_a_destroyed_account_holds_nothing_of_ours(world: World, made: Path) -> None:
    account_world.destroy(world, account_world.terraform(world, made))
    assert names(world) == set()
    assert world.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
    assert world.client("ecr").list_pull_time_update_exclusions()["pullTimeUpdateExclusions"] == []


def test_a_changed_account_is_changed_in_place(world: World, checkout: Path) -> None:
    world.forget()
    folder = caller(checkout, "changed", {"profile": "first", "days": 7, "frequency": "*", "target": "eu-west-1"})
    driver = account_world.terraform(world, folder)
    driver.init({})
    driver.plan(folder / "plan")
    driver.apply(folder / "plan")
    assert driver.plan(folder / "again").changes == ()
    caller(checkout, "changed", {"profile": "second", "days": 3, "frequency": "team-*", "target": "eu-west-3"})
    changes = driver.plan(folder / "plan").changes
    assert {tuple(change.actions) for change in changes} == {("update",)}
    driver.apply(folder / "plan")
    ecr = world.client("ecr")
    assert ecr.get_signing_configuration()["signingConfiguration"]["rules"] == [
        {
            "signingProfileArn": profile("second"),
            "repositoryFilters": [{"filter": "team/*", "filterType": "WILDCARD_MATCH"}],
        }
    ]
    rules = ecr.describe_registry()["replicationConfiguration"]["rules"]
    assert rules[0]["destinations"] == [{"region": "eu-west-3", "registryId": ACCOUNT}]
    (scanned,) = ecr.get_registry_scanning_configuration()["scanningConfiguration"]["rules"]
    assert scanned["repositoryFilters"] == [{"filter": "team-*", "filterType": "WILDCARD"}]
    account_world.destroy(world, driver)
    assert ecr.describe_repository_creation_templates()["repositoryCreationTemplates"] == []
    with pytest.raises(ecr.exceptions.SigningConfigurationNotFoundException):
        ecr.get_signing_configuration()


def test_an_apply_that_broke_in_the_middle_goes_on_when_it_is_run_again(world: World, checkout: Path) -> None:
    world.forget()
    ecr = world.client("ecr")
    ecr.create_repository_creation_template(prefix="ROOT", appliedFor=["CREATE_ON_PUSH"])
    folder = caller(checkout, "broken", {"profile": "first", "days": 7, "frequency": "*", "target": "eu-west-1"})
    driver = account_world.terraform(world, folder)
    driver.init({})
    driver.plan(folder / "plan")
    with pytest.raises(TerraformFailed, match="TemplateAlreadyExistsException"):
        driver.apply(folder / "plan")
    ecr.delete_repository_creation_template(prefix="ROOT")
    driver.plan(folder / "plan")
    driver.apply(folder / "plan")

    assert driver.plan(folder / "again").changes == ()


def profile(name: str) -> str:
    return f"arn:aws:signer:{worlds.REGION}:{ACCOUNT}:/signing-profiles/{name}"


def caller(checkout: Path, name: str, values: dict[str, Any]) -> Path:
    folder = checkout / "modules" / name
    folder.mkdir(exist_ok=True)
    copies = {
        "Sid": "Copies",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "ecr:ReplicateImage",
        "Resource": f"arn:aws:ecr:{worlds.REGION}:{ACCOUNT}:repository/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [copies]})
    body = {"source": "../aws_ecr_registry", "quarantine": {"expire_days": values["days"]},
            "signing": {"profile_arn": profile(values["profile"]), "repository_prefixes": ["team/*"]},
            "replication": {"destinations": [{"region": values["target"], "account": ACCOUNT}], "prefixes": ["team/"]},
            "scan_on_push": [values["frequency"]], "registry_policy_json": policy}  # fmt: skip
    (folder / "main.tf.json").write_text(json.dumps({"module": {"registry": body}}))
    return folder


@pytest.mark.parametrize("module", MODULES)
def test_every_test_of_a_module_passes(world: World, checkout: Path, module: str) -> None:
    folder = checkout / "modules" / module
    driver = account_world.terraform(world, folder)
    driver.init({})
    environment = {**passed_variables(world.variables), "TF_DATA_DIR": str(driver.working), "CHECKPOINT_DISABLE": "1"}
    done = process.run(program.find_program(), "test", "-no-color", cwd=folder, environment=environment, timeout=300)
    passed = re.search(rb"Success! (\d+) passed, 0 failed", done.stdout)
    assert passed, done.stdout.decode()
    runs = sum(path.read_text().count('\nrun "') for path in (worlds.ROOT / "modules" / module).glob("tests/*.hcl"))
    assert int(passed[1]) == runs


@pytest.mark.parametrize("module", MODULES)
def test_the_readme_lists_every_variable_and_output(module: str) -> None:
    module_readme = importlib.import_module("scripts.module_readme")
    folder = worlds.ROOT / "modules" / module

    assert module_readme.render(folder) == (folder / "README.md").read_text()


def test_terraform_formats_nothing_of_the_example() -> None:
    words = ("fmt", "-check", "-recursive", "-diff", worlds.ROOT / "examples" / "account")
    assert process.run(program.find_program(), *words, timeout=60).stdout == b""


def test_an_example_of_settings_is_what_the_configuration_takes(world: World, checkout: Path) -> None:
    world.forget()
    folder = checkout / "examples" / "newcomer"
    account_world.copy_example(checkout, folder)
    (folder / "terraform.tfvars").write_text((folder / "terraform.tfvars.example").read_text())
    driver = account_world.terraform(world, folder)
    driver.init({})

    assert len(driver.plan(folder / "plan").changes) > 20
    (folder / "terraform.tfvars").write_text('platform = { repository = "x" }\n')
    with pytest.raises(TerraformFailed):
        driver.plan(folder / "plan")
