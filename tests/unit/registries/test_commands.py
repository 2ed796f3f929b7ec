from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.unit.registries.images import stored

from goldenpath.cli import goldenpath
from goldenpath.registries import catalogue
from goldenpath.registries.aws.ecr import EcrDescription, PlatformEcr
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.terraform import planning
from goldenpath.registries.terraform.plans import TerraformPlan
from goldenpath.shared import runner
from goldenpath.shared.errors import BadInput, RegistryConfigUnexpected, RegistryRequestInvalid, RegistryUnknown

if TYPE_CHECKING:
    from goldenpath.registries.terraform.planning import TerraformWorkspace

ROOT = Path(__file__).resolve().parents[3]
DIGEST = "sha256:" + "0" * 64


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("envs", "modules"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns(".terraform*"))
    return tmp_path


def run(checkout: Path, command: str, *flags: str, **options: str) -> str:
    given = {"checkout": str(checkout), **options}
    words = [*flags]
    words += [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    done = CliRunner(env={"GOLDENPATH_ENVIRONMENT": ""}).invoke(
        goldenpath, ["registry", command, *words], standalone_mode=False
    )
    if done.exception:
        raise done.exception
    return done.output


def test_a_request_writes_the_entry_and_the_catalogue(checkout: Path) -> None:
    wanted = {"environment": "test", "name": "shop/cart", "owner": "team-shop", "risk": "high"}
    assert "shop/cart (REGISTRY_SHOP_CART) is now in envs/test/ecr.tf" in run(checkout, "request", **wanted)
    assert "is already in envs/test/ecr.tf" in run(checkout, "request", **wanted)
    assert [each.name for each in ecr_tf.load(checkout, "test")] == ["shop/cart"]
    assert (
        "| `shop/cart` | team-shop | - | high | immutable | KMS | 50 |" in (checkout / catalogue.FOR_PEOPLE).read_text()
    )


ADOPTED = """    "my-app" = {
      id            = "REGISTRY_MY_APP"
      owner         = "team-web"
      risk          = "low"
      adopted       = true
      pull_accounts = ["210987654321"]
    }
"""


def test_an_adoption_writes_an_entry_that_describes_what_ecr_has(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement = '{"Effect": "Allow", "Principal": {"AWS": "210987654321"}, "Action": "ecr:BatchGetImage"}'
    uri = "123456789012.dkr.ecr.eu-west-2.amazonaws.com/my-app"
    policy = f'{{"Statement": [{statement}]}}'
    there = EcrDescription(uri, "MUTABLE", "AES256", True, {}, dt.datetime.now(dt.UTC), policy=policy)  # noqa: FBT003
    monkeypatch.setattr(PlatformEcr, "__init__", lambda *_: None)
    monkeypatch.setattr(PlatformEcr, "describe", lambda *_: there)
    wanted = {"environment": "dev", "name": "my-app", "owner": "team-web", "risk": "low"}
    assert "my-app is now in envs/dev/ecr.tf, as ECR has it" in run(checkout, "adopt", **wanted)
    assert ADOPTED in (checkout / "envs/dev/ecr.tf").read_text()
    assert "my-app is already in envs/dev/ecr.tf" in run(checkout, "adopt", **wanted)


def test_an_adoption_into_an_older_module_call_writes_nothing(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = EcrDescription("1.dkr", "MUTABLE", "AES256", True, {}, dt.datetime.now(dt.UTC))  # noqa: FBT003
    monkeypatch.setattr(PlatformEcr, "__init__", lambda *_: None)
    monkeypatch.setattr(PlatformEcr, "describe", lambda *_: there)
    path = checkout / "envs/dev/ecr.tf"
    path.write_text(path.read_text().replace("entry.adopted", "false"))
    before = path.read_text()
    with pytest.raises(RegistryConfigUnexpected, match="does not pass on `adopted`"):
        run(checkout, "adopt", environment="dev", name="my-app", owner="team-web", risk="low")
    assert path.read_text() == before


def test_a_request_that_cannot_be_used_writes_nothing(checkout: Path) -> None:
    before = {path: path.read_bytes() for path in checkout.rglob("*") if path.is_file()}
    with pytest.raises(RegistryRequestInvalid):
        run(checkout, "request", environment="dev", name="my-app", owner="team-web", risk="extreme")
    assert before == {path: path.read_bytes() for path in checkout.rglob("*") if path.is_file()}


def test_the_list_shows_what_the_risk_brings(checkout: Path) -> None:
    (line,) = run(checkout, "list").splitlines()
    assert line.split() == ["dev", "hello-web", "team-web", "low", "mutable", "AES256", "keeps", "20"]


def test_the_catalogue_can_be_written_anew(checkout: Path) -> None:
    (checkout / catalogue.FOR_PROGRAMS).unlink()
    assert "are up to date" in run(checkout, "catalogue")
    assert (checkout / catalogue.FOR_PROGRAMS).read_bytes() == (ROOT / catalogue.FOR_PROGRAMS).read_bytes()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "`state_bucket` is missing"),
        ({"aws_region": "london"}, "`state_bucket` is missing; `aws_region`: 'london' is not an AWS region"),
    ],
)
def test_a_plan_needs_to_know_where_its_state_is(checkout: Path, options: dict[str, str], why: str) -> None:
    with pytest.raises(BadInput) as refused:
        run(checkout, "plan", environment="dev", name="hello-web", **options)
    assert refused.value.why.startswith(why)


@pytest.mark.parametrize(
    ("options", "variables", "region"),
    [
        ({}, {}, "eu-west-2"),
        ({}, {"AWS_REGION": "us-east-1"}, "us-east-1"),
        ({}, {"AWS_REGION": "us-east-1", "GOLDENPATH_AWS_REGION": "eu-central-1"}, "eu-central-1"),
        ({"aws_region": "eu-west-1"}, {"AWS_REGION": "us-east-1"}, "eu-west-1"),
    ],
)
def test_the_provider_and_the_state_are_told_the_same_region(
    checkout: Path, monkeypatch: pytest.MonkeyPatch,
    options: dict[str, str], variables: dict[str, str], region: str,
) -> None:  # fmt: skip
    for name in ("AWS_REGION", "GOLDENPATH_AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    asked: list[TerraformWorkspace] = []

    def planned(workspace: TerraformWorkspace, *_: object, **__: object) -> TerraformPlan:
        asked.append(workspace)
        return TerraformPlan("1.11.4")

    monkeypatch.setattr(planning, "plan", planned)
    run(checkout, "plan", environment="dev", name="hello-web", state_bucket="b", **options)
    assert [(each.region, each.variables["AWS_REGION"]) for each in asked] == [(region, region)]


def test_an_apply_needs_the_digest_of_a_reviewed_plan(checkout: Path) -> None:
    with pytest.raises(BadInput, match="The digest of the reviewed plan is missing or malformed"):
        run(checkout, "apply", environment="dev", name="hello-web", state_bucket="b")


@pytest.mark.parametrize(("command", "more"), [("plan", {}), ("apply", {"digest": DIGEST})])
def test_an_unknown_registry_is_told_before_any_program_starts(
    checkout: Path, command: str, more: dict[str, str]
) -> None:
    with pytest.raises(RegistryUnknown, match="There is no registry 'nobody' in dev"):
        run(checkout, command, environment="dev", name="nobody", state_bucket="b", **more)


def test_the_lifecycle_of_a_registry_is_shown_and_compared_with_ecrs_preview(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(checkout, "request", environment="dev", name="my-app", owner="team-web", risk="low")
    rule = {
        "rulePriority": 1,
        "description": "Untagged images go after 7 days",
        "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7},
        "action": {"type": "expire"},
    }
    with stored.registry([rule]) as held:
        held.push("old", days=8)
        held.push("release", "dev-1", days=80)
        monkeypatch.setattr(runner, "variables", lambda: stored.KEYS)
        named = {"environment": "dev", "name": "my-app"}
        shown = run(checkout, "lifecycle", **named)
        assert "my-app: of 2 images, 1 would be removed and 0 archived" in shown
        assert "rule 1: Untagged images go after 7 days" in shown
        assert "✓ ECR's own preview says the same" in run(checkout, "lifecycle", "--preview", **named)


def test_the_policies_of_the_roles_for_images_in_use_are_printed(checkout: Path) -> None:
    words = ["registry", "in-use-policies", "--account=123456789012"]
    done = CliRunner().invoke(goldenpath, words, standalone_mode=False)
    assert json.loads(done.output).keys() == {"look", "tag"}
    with pytest.raises(BadInput, match="An input cannot be used"):
        CliRunner().invoke(goldenpath, words[:2], standalone_mode=False, catch_exceptions=False)
