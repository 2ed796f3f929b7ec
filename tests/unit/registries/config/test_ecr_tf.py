from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.registries.config import ecr_tf
from goldenpath.registries.config.ecr_tf import RegistryEntry
from goldenpath.registries.request import Risk, parse_request
from goldenpath.shared.errors import RegistryConfigUnexpected, RegistryNameTaken, RegistryUnknown, UnknownEnvironment

ROOT = Path(__file__).resolve().parents[4]
EMPTY = "locals {\n  ecr_repositories = {}\n}\n"
WHOLE = {"environment": "dev", "name": "my-app", "owner": "team-web", "risk": "low", "requester": "octocat"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("envs/dev/ecr.tf", "envs/prod/ecr.tf"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(EMPTY)
    risks = tmp_path / "modules" / "aws_ecr" / "risk.tf"
    risks.parent.mkdir(parents=True)
    risks.write_text((ROOT / "modules" / "aws_ecr" / "risk.tf").read_text())
    return tmp_path


def test_a_request_is_there_after_it_was_added_and_once(checkout: Path) -> None:
    assert ecr_tf.add(checkout, parse_request(WHOLE))
    assert not ecr_tf.add(checkout, parse_request(WHOLE))
    assert ecr_tf.load(checkout, "dev") == (
        RegistryEntry("dev", "my-app", "REGISTRY_MY_APP", "team-web", Risk.LOW, requester="octocat"),
    )
    assert ecr_tf.find(checkout, "dev", "my-app").owner == "team-web"
    assert ecr_tf.load(checkout, "prod") == ()


def test_a_name_that_is_taken_is_refused_with_what_differs(checkout: Path) -> None:
    ecr_tf.add(checkout, parse_request(WHOLE))
    with pytest.raises(RegistryNameTaken, match="There is a registry 'my-app' in dev already") as refused:
        ecr_tf.add(checkout, parse_request({**WHOLE, "owner": "team-other", "requester": ""}))
    assert refused.value.why == "its owner is 'team-web', not 'team-other'"


def test_a_requester_who_is_not_the_one_that_stands_there_is_refused(checkout: Path) -> None:
    ecr_tf.add(checkout, parse_request(WHOLE))
    with pytest.raises(RegistryNameTaken) as refused:
        ecr_tf.add(checkout, parse_request({**WHOLE, "requester": "hubot"}))
    assert refused.value.why == "its requester is 'octocat', not 'hubot'"


ENTRY = """{
    "my-app" = {
      id    = "REGISTRY_MY_APP" # ours
      owner = "team-web"
      risk  = "low"

      # Asked for by the auditors.
      retention = { keep = 90 }
    }
  }"""


def test_an_entry_that_has_more_than_was_asked_for_is_used_as_it_is(checkout: Path) -> None:
    path = checkout / "envs" / "dev" / "ecr.tf"
    path.write_text(EMPTY.replace("{}", ENTRY))
    assert not ecr_tf.add(checkout, parse_request({**WHOLE, "requester": ""}))
    assert path.read_text() == EMPTY.replace("{}", ENTRY)


def test_an_entry_without_requester_and_domain_is_given_them_and_keeps_all_it_has(checkout: Path) -> None:
    path = checkout / "envs" / "dev" / "ecr.tf"
    path.write_text(EMPTY.replace("{}", ENTRY))
    wanted = parse_request({**WHOLE, "domain": "shop"})
    assert ecr_tf.add(checkout, wanted)
    stays = "      retention = { keep = 90 }\n"
    given = f'{stays}\n      requester = "octocat"\n      domain    = "shop"\n'
    assert path.read_text() == EMPTY.replace("{}", ENTRY.replace(stays, given))
    assert not ecr_tf.add(checkout, wanted)


def test_an_id_that_is_taken_is_refused(checkout: Path) -> None:
    ecr_tf.add(checkout, parse_request(WHOLE))
    with pytest.raises(RegistryNameTaken, match=r"The id REGISTRY_MY_APP of 'my\.app' belongs"):
        ecr_tf.add(checkout, parse_request({**WHOLE, "name": "my.app"}))


def test_a_name_may_be_used_again_in_another_environment(checkout: Path) -> None:
    ecr_tf.add(checkout, parse_request(WHOLE))
    ecr_tf.add(checkout, parse_request({**WHOLE, "environment": "prod", "owner": "team-other"}))
    assert [(each.environment, each.owner) for each in ecr_tf.load_all(checkout)] == [
        ("dev", "team-web"),
        ("prod", "team-other"),
    ]


def test_an_unknown_registry_is_told_with_those_there_are(checkout: Path) -> None:
    with pytest.raises(RegistryUnknown) as refused:
        ecr_tf.find(checkout, "dev", "nobody")
    assert refused.value.why == "envs/dev/ecr.tf knows none yet"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "there is no `ecr_repositories` in a block `locals`"),
        (EMPTY.replace("{}", '{\n    "a" = "b"\n  }'), "line 3: the entry 'a' is not a map of fields"),
        (
            EMPTY.replace("{}", '{\n    "a" = {\n      id = "X"\n    }\n  }'),
            "line 3: the entry 'a': `owner` is missing",
        ),
        (
            EMPTY.replace("{}", '{\n    "a" = {\n      id    = 1\n      owner = "b"\n      risk  = "low"\n    }\n  }'),
            "line 3: the entry 'a': `id` is not a string",
        ),
        (
            EMPTY.replace("{}", '{\n    "a" = {\n      id    = "b"\n      owner = "b"\n      risk  = "x"\n    }\n  }'),
            "line 3: the entry 'a': `risk` is 'x', not one of low, medium, high",
        ),
    ],
)
def test_a_file_in_another_form_is_refused_and_left_alone(checkout: Path, text: str, why: str) -> None:
    path = checkout / "envs" / "dev" / "ecr.tf"
    path.write_text(text)
    with pytest.raises(RegistryConfigUnexpected, match="was left as it is") as refused:
        ecr_tf.add(checkout, parse_request(WHOLE))
    assert refused.value.why.startswith(why)
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ("retension = { keep = 90 }", "`retension` is not a setting of a registry"),
        (
            "kms_keys = 1\n      owners = []",
            "`kms_keys` is not a setting of a registry, `owners` is not a setting of a registry",
        ),
        ("retention = { kep = 90 }", "`retention.kep` is not a setting of a registry"),
        ("retention = 90", "`retention` is not a map like `{ keep = 90 }`"),
        ('deprecated_since = "2026-11-21"', "`remove_after` is missing: a deprecation has both dates"),
        ('remove_after = "2026-12-21"', "`deprecated_since` is missing: a deprecation has both dates"),
    ],
)
def test_a_setting_that_terraform_would_pass_over_is_refused_with_its_line(
    checkout: Path, fields: str, why: str
) -> None:
    entry = f'{{\n    "a0" = {{\n      id = "A"\n      owner = "b"\n      risk = "low"\n      {fields}\n    }}\n  }}'
    (checkout / "envs" / "dev" / "ecr.tf").write_text(EMPTY.replace("{}", entry))
    with pytest.raises(RegistryConfigUnexpected) as refused:
        ecr_tf.load(checkout, "dev")
    assert refused.value.why == f"line 3: the entry 'a0': {why}"


def test_every_setting_that_the_documents_name_is_taken(checkout: Path) -> None:
    entry = (
        '{\n    "a0" = {\n      id = "A"\n      owner = "b"\n      risk = "high"\n      requester = "c"\n'
        '      domain = "d"\n      deprecated_since = "2026-11-21"\n      remove_after = "2026-12-21"\n'
        '      kms_key = "arn:aws:kms:eu-west-2:123456789012:key/1"\n'
        "      retention = { keep = 90, untagged_days = 3 }\n"
        '      immutability_exclusions = ["latest"]\n    }\n  }'
    )
    (checkout / "envs" / "dev" / "ecr.tf").write_text(EMPTY.replace("{}", entry))
    (found,) = ecr_tf.load(checkout, "dev")
    assert set(found.more) == {"kms_key", "retention", "immutability_exclusions"}


MODULE_CALL = """
module "ecr_repositories" {
  pull_accounts        = try(each.value.pull_accounts, [])
  pull_organizations   = try(each.value.pull_organizations, [])
  pull_lambda_accounts = try(each.value.pull_lambda_accounts, [])
}
"""
PULLERS = """{
    "a0" = {
      id    = "A"
      owner = "b"
      risk  = "low"

      pull_accounts        = ["012345678901"]
      pull_organizations   = ["o-a1b2c3d4e5"]
      pull_lambda_accounts = ["123456789012"]
    }
  }"""


def test_who_may_pull_is_described(checkout: Path) -> None:
    (checkout / "envs" / "dev" / "ecr.tf").write_text(EMPTY.replace("{}", PULLERS) + MODULE_CALL)
    (registry,) = ecr_tf.load(checkout, "dev")
    assert registry.more == {
        "pull_accounts": ["012345678901"],
        "pull_organizations": ["o-a1b2c3d4e5"],
        "pull_lambda_accounts": ["123456789012"],
    }


def test_a_setting_that_the_module_call_does_not_pass_on_is_refused(checkout: Path) -> None:
    (checkout / "envs" / "dev" / "ecr.tf").write_text(EMPTY.replace("{}", PULLERS))
    with pytest.raises(RegistryConfigUnexpected) as refused:
        ecr_tf.load(checkout, "dev")
    assert refused.value.why.startswith(
        "line 3: the entry 'a0': the module call of this file does not pass on `pull_accounts`, `pull_organizations`, "
        "`pull_lambda_accounts`; take the call from"
    )


@pytest.mark.parametrize("written", ["90", '"90"', "90.0", "9e1", '"9e1"', '"90.0"', '"+90"'])
def test_a_number_is_read_as_terraform_reads_it(checkout: Path, written: str) -> None:
    entry = ENTRY.replace("keep = 90", f"keep = {written}")
    (checkout / "envs" / "dev" / "ecr.tf").write_text(EMPTY.replace("{}", entry))
    (registry,) = ecr_tf.load(checkout, "dev")
    assert registry.keeps(ecr_tf.load_controls(checkout)[Risk.LOW]) == 90
    assert repr(registry.more) == "{'retention': {'keep': 90}}"


def test_every_other_byte_of_a_file_of_windows_is_kept(checkout: Path) -> None:
    path = checkout / "envs" / "dev" / "ecr.tf"
    before = EMPTY.replace("{}", ENTRY)
    path.write_bytes(b"\xef\xbb\xbf" + before.replace("\n", "\r\n").encode())
    wanted = parse_request({**WHOLE, "name": "other"})
    assert ecr_tf.add(checkout, wanted)
    after = ecr_tf.with_request(before, wanted, path)
    assert path.read_bytes() == b"\xef\xbb\xbf" + after.replace("\n", "\r\n").encode()
    assert [entry.name for entry in ecr_tf.load(checkout, "dev")] == ["my-app", "other"]


def test_a_file_that_is_no_text_is_refused(checkout: Path) -> None:
    (checkout / "envs" / "dev" / "ecr.tf").write_bytes(b"\xff\xfe")
    with pytest.raises(RegistryConfigUnexpected, match="was left as it is"):
        ecr_tf.load(checkout, "dev")


def test_a_checkout_without_the_environment_is_told(checkout: Path) -> None:
    with pytest.raises(RegistryConfigUnexpected, match="is missing"):
        ecr_tf.load(checkout, "staging")
    with pytest.raises(UnknownEnvironment):
        ecr_tf.load(checkout, "../dev")


def test_the_controls_of_a_risk_are_the_modules_own() -> None:
    table = ecr_tf.load_controls(ROOT)
    assert {risk.value: (each.mutability, each.encryption, each.keep) for risk, each in table.items()} == {
        "low": ("MUTABLE", "AES256", 20),
        "medium": ("MUTABLE", "AES256", 30),
        "high": ("IMMUTABLE", "KMS", 50),
    }


def test_a_table_of_risks_in_another_form_is_refused(checkout: Path) -> None:
    path = checkout / "modules" / "aws_ecr" / "risk.tf"
    path.write_text(path.read_text().replace("= 20", '= "twenty"'))
    with pytest.raises(RegistryConfigUnexpected) as refused:
        ecr_tf.load_controls(checkout)
    assert "Expected `int`, got `str`" in refused.value.why
