from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.registries.config.hcl import HclUnexpected
from goldenpath.registries.terraform import planning
from goldenpath.registries.terraform.planning import EnvironmentAccess, RoleKind
from goldenpath.shared.errors import BadInput, RegistryConfigUnexpected

ROOT = Path(__file__).resolve().parents[4]
EMPTY = "locals {\n  ecr_repositories = {}\n}\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("envs/dev/ecr.tf", "envs/prod/ecr.tf"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(EMPTY)
    risks = tmp_path / "modules" / "aws_ecr" / "risk.tf"
    risks.parent.mkdir(parents=True)
    risks.write_text((ROOT / "modules" / "aws_ecr" / "risk.tf").read_text())
    return tmp_path


TFVARS = 'build_id = "{0}"\ncluster_lifecycle = "{1}"\n'


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (TFVARS.format("b-1", "ephemeral"), "envs/dev/builds/b-1/terraform.tfstate"),
        (TFVARS.format("main", "persistent"), "envs/dev/terraform.tfstate"),
        (
            '# c\nmore = [1]\nenvironment = "dev"\n' + TFVARS.format("2", "ephemeral"),
            "envs/dev/builds/2/terraform.tfstate",
        ),
    ],
)
def test_the_state_lies_where_the_tfvars_say(text: str, key: str) -> None:
    assert planning.state_key("dev", text) == key


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('cluster_lifecycle = "ephemeral"', "`build_id` is missing"),
        (TFVARS.format("", "ephemeral"), "`build_id` is missing"),
        (TFVARS.format("../prod", "ephemeral"), "`build_id` is '../prod'"),
        (TFVARS.format("a/b", "ephemeral"), "`build_id` is 'a/b'"),
        ("build_id = 7\n", "`build_id` is 7"),
        ('build_id = "b-1"', "`cluster_lifecycle` is missing: write `ephemeral` or `persistent`"),
        (TFVARS.format("b-1", "ephemral"), "`cluster_lifecycle` is 'ephemral': write `ephemeral` or `persistent`"),
        (
            'environment = "prod"\n' + TFVARS.format("b", "persistent"),
            "`environment` is 'prod', but the folder is dev's",
        ),
        ("build_id = var.x", "line 1: a literal value was expected, not an expression"),
    ],
)
def test_tfvars_that_do_not_decide_the_state_are_refused(text: str, why: str) -> None:
    with pytest.raises(HclUnexpected) as refused:
        planning.state_key("dev", text)
    assert str(refused.value).startswith(why)


def test_tfvars_without_a_build_id_are_told_with_their_path(checkout: Path) -> None:
    (checkout / "envs" / "dev" / "terraform.tfvars").write_text('cluster_lifecycle = "ephemeral"\n')
    with pytest.raises(RegistryConfigUnexpected, match=r"terraform\.tfvars") as refused:
        planning.load_state_key(checkout, "dev")
    assert refused.value.why.startswith("`build_id` is missing")


def access(**variables: str) -> EnvironmentAccess:
    return EnvironmentAccess(Path("checkout"), Path("work"), variables, RoleKind.PLAN)


def test_an_environment_has_a_bucket_of_its_own_or_the_common_one() -> None:
    common = {"GOLDENPATH_STATE_BUCKET": "common", "GOLDENPATH_STATE_BUCKET_PROD": "prod-only"}
    assert [access(**common).workspace(each).bucket for each in ("dev", "prod")] == ["common", "prod-only"]
    with pytest.raises(BadInput, match="`state_bucket` is missing"):
        access().workspace("dev")


def test_a_role_that_is_none_is_refused_and_one_environments_role_leads_nowhere_else() -> None:
    found = access(TF_AWS_PLAN_ROLE_DEV="not an arn", GOLDENPATH_STATE_BUCKET="b")
    with pytest.raises(BadInput, match="No role leads into prod"):
        found.workspace("prod")
    with pytest.raises(BadInput, match="The role of dev cannot be used"):
        found.workspace("dev")
    assert (found.reaches("dev"), found.reaches("prod"), access().reaches("prod")) == (True, False, True)


def test_a_job_that_may_ask_for_tokens_has_no_login_of_its_own() -> None:
    assert not access(ACTIONS_ID_TOKEN_REQUEST_URL="https://example.com").reaches("dev")


def test_a_setting_of_an_environment_goes_before_the_one_for_all() -> None:
    given = access(GOLDENPATH_IN_USE_ROLES="all", GOLDENPATH_IN_USE_ROLES_PROD="prod")
    named = [given.setting("GOLDENPATH_IN_USE_ROLES", environment) for environment in ("dev", "prod")]
    assert (named, given.setting("GOLDENPATH_OTHER", "dev")) == (["all", "prod"], "")


def test_each_login_is_a_role_of_its_own_in_the_region_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden: list[str] = []

    def assumed(role: str, region: str, identity: str, _: str) -> dict[str, str]:
        assert identity == "a token"
        return {"AWS_SECRET_ACCESS_KEY": f"{role} in {region}", "AWS_SESSION_TOKEN": "token"}

    monkeypatch.setattr("goldenpath.registries.aws.session.assume_role", assumed)
    monkeypatch.setattr("goldenpath.shared.oidc.token", lambda *_: "a token")
    own, other = "arn:aws:iam::123456789012:role/tag", "arn:aws:iam::123456789013:role/look"
    variables = {"TF_AWS_IN_USE_ROLE_DEV": own, "AWS_PROFILE": "mine"}
    given = EnvironmentAccess(Path(), Path(), variables, RoleKind.IN_USE, hidden.append)
    assert given.login("dev")["AWS_SECRET_ACCESS_KEY"] == f"{own} in eu-west-2"
    looking = given.login("dev", other, "eu-west-1")
    assert (looking["AWS_REGION"], looking["AWS_SECRET_ACCESS_KEY"]) == ("eu-west-1", f"{other} in eu-west-1")
    # The profile of the machine must not decide who the run is.
    assert looking["AWS_PROFILE"] == ""
    assert f"{other} in eu-west-1" in hidden
    with pytest.raises(BadInput, match="No role leads into prod"):
        given.login("prod")
