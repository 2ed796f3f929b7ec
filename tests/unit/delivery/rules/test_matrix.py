from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from goldenpath.delivery.rules import matrix
from goldenpath.policy import environments
from goldenpath.shared.errors import PolicyInvalid, UnknownEnvironment
from tests.unit import policy_table

FOLDER = resources.files("goldenpath.policy")
TEXT = policy_table.TEXT
# The shipped one: while a test runs, the table of unit tests is in its place.
SHIPPED_RULES = matrix.load


def test_the_environments_come_in_the_order_in_which_a_change_travels() -> None:
    assert [each.name for each in matrix.load().environments] == ["local", "dev", "test", "staging", "prod"]


def test_code_scanning_is_required_only_where_the_rules_say_so_and_findings_are_uploaded() -> None:
    assert not any(each.code_scanning_required for each in matrix.load().environments)
    older = TEXT.replace("    code_scanning: advised\n", "")
    assert matrix.parse(older) == matrix.load()
    strict = older.replace("    sarif_upload: ", "    code_scanning: required\n    sarif_upload: ")
    required = {each.name: each.code_scanning_required for each in matrix.parse(strict).environments}
    assert required == {"local": False, "dev": False, "test": True, "staging": True, "prod": True}
    with pytest.raises(PolicyInvalid, match="code_scanning: 'maybe' is not one of"):
        matrix.parse(strict.replace("code_scanning: required", "code_scanning: maybe"))


def test_rules_that_do_not_name_the_java_database_have_its_defaults() -> None:
    older = re.sub(r"      java_database_days: \d+\n|  # Its Java.*\n|  java_databases:\n(    - .*\n)+", "", TEXT)
    assert "java" not in older
    before, now = matrix.parse(older), matrix.load()
    assert before.environments == now.environments
    assert set(before.java_databases) <= set(now.java_databases)
    days = {each.name: each.java_database_age.days for each in now.environments}
    assert days == {"local": 30, "dev": 30, "test": 14, "staging": 14, "prod": 14}


@pytest.mark.parametrize("name", ["production", "DEV", "", "prod ", "*"])
def test_an_unknown_environment_is_an_error_that_lists_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownEnvironment) as caught:
        matrix.load().environment(name)
    assert caught.value.why == "The platform knows local, dev, test, staging, prod"


@pytest.mark.parametrize(
    ("environment", "ref", "allowed"),
    [
        ("dev", "refs/heads/feature/x", True),
        ("prod", "refs/heads/main", True),
        ("prod", "refs/tags/v1.2.3", True),
        ("prod", "refs/heads/development", False),
        ("prod", "refs/heads/main-2", False),
        ("prod", "refs/tags/v1/../../heads/x", False),
        ("prod", "refs/pull/1/merge", False),
        ("prod", "refs/tags/my-web-v1.2.3", True),
        ("prod", "refs/tags/@acme/my-web@1.2.3", True),
        ("prod", "refs/tags/my-web/v1.2.3", True),
        ("prod", "refs/tags/my-web-vnext", False),
        ("prod", "refs/tags/very/nice", False),
        ("prod", "refs/heads/my-web-v1.2.3", False),
    ],
)
def test_an_environment_takes_releases_from_its_refs_alone(environment: str, ref: str, *, allowed: bool) -> None:
    assert matrix.load().environment(environment).allows_ref(ref) is allowed


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("sarif_upload: true", "sarif_upload: maybe", "$.environments.prod.sarif_upload: 'maybe' is not of type"),
        (
            "gitleaks: {mode: blocking,",
            "gitleaks: {mode: off,",
            "$.environments.prod.gitleaks.mode: False is not one of",
        ),
        (
            "severities: [HIGH, CRITICAL]",
            "severities: []",
            "$.environments.dev.trivy.severities: [] should be non-empty",
        ),
        ("version: 1", "version: 2", "environments.yaml:3: $.version: 1 was expected"),
        ("latest_tag: refused", "latest_tags: refused", "$.environments.prod"),
        ("environments:", "environments: [", "expected"),
        ("  staging:", "  bases:", "$.environments: 'bases' does not match"),
    ],
)
def test_a_policy_that_does_not_fit_its_schema_is_refused_with_the_field(old: str, new: str, told: str) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        matrix.parse(TEXT.replace(old, new))
    assert told in caught.value.why


@pytest.mark.parametrize(("field", "name"), [("git_tag", "git_tag_allowed"), ("stored_keys", "stored_keys_allowed")])
def test_what_the_rules_do_not_speak_of_is_refused(field: str, name: str) -> None:
    of_prod = "    refs: [refs/heads/main"
    changed = TEXT.replace(of_prod, f"    {field}: allowed\n{of_prod}")
    assert changed != TEXT
    allowed = {each.name: getattr(each, name) for each in matrix.parse(changed).environments}
    assert allowed == {"local": False, "dev": False, "test": False, "staging": False, "prod": True}
    with pytest.raises(PolicyInvalid, match=f"{field}: 'both' is not one of"):
        matrix.parse(changed.replace(f"{field}: allowed", f"{field}: both"))


def test_an_approval_is_demanded_only_where_the_rules_say_so() -> None:
    of_prod = "    refs: [refs/heads/main"
    changed = TEXT.replace(of_prod, f"    approval: required\n{of_prod}")
    demanded = {each.name for each in matrix.parse(changed).environments if each.approval_required}
    assert (demanded, [each for each in matrix.parse(TEXT).environments if each.approval_required]) == ({"prod"}, [])
    with pytest.raises(PolicyInvalid, match="approval: 'yes' is not one of"):
        matrix.parse(changed.replace("approval: required", "approval: 'yes'"))


#                      branches a tag may be on     branches must be reviewed
BRANCHES: dict[str, tuple[tuple[str, ...] | None, bool]] = {
    "local": (None, False),
    "dev": (None, False),
    "test": (("trunk",), False),
    "staging": (("trunk",), False),
    "prod": (("trunk",), True),
}


@pytest.mark.parametrize("name", BRANCHES)
def test_where_gates_block_tags_are_of_the_default_branch_and_prod_takes_reviewed_branches(name: str) -> None:
    environment = matrix.load().environment(name)
    assert (environment.branches_of_tags("trunk"), environment.reviewed_branches) == BRANCHES[name]


def test_rules_that_name_neither_field_take_tags_of_the_default_branch_where_a_gate_blocks() -> None:
    older = "".join(
        line for line in TEXT.splitlines(keepends=True) if "tags_from:" not in line and "branches:" not in line
    )
    found = {
        each.name: (each.branches_of_tags("trunk"), each.reviewed_branches) for each in matrix.parse(older).environments
    }
    assert found == {**BRANCHES, "prod": (("trunk",), False)}


def test_a_platform_names_the_branches_that_may_be_tagged() -> None:
    listed = matrix.parse(TEXT.replace("tags_from: default-branch", "tags_from: [main, release/2]"))
    assert listed.environment("prod").branches_of_tags("trunk") == ("main", "release/2")
    assert (
        matrix.parse(TEXT.replace("tags_from: default-branch", "tags_from: any")).environment("prod").tags_from == "any"
    )


@pytest.mark.parametrize("wrong", ["all", "[]", "[main, main]", "['-x']", "['a b']", "[1]", "true"])
def test_anything_else_under_tags_from_is_refused(wrong: str) -> None:
    with pytest.raises(PolicyInvalid, match=r"\.tags_from"):
        matrix.parse(TEXT.replace("tags_from: default-branch", f"tags_from: {wrong}"))


def test_rules_that_do_not_fit_their_schema_stop_every_command_that_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / matrix.POLICY_FILE).write_text(TEXT.replace("mode: blocking", "mode: off"))
    (tmp_path / matrix.SCHEMA).write_text((FOLDER / matrix.SCHEMA).read_text(encoding="utf-8"))
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)
    monkeypatch.setattr(environments, "read", environments.read.__wrapped__)
    with pytest.raises(PolicyInvalid, match=r"environments\.yaml is not valid"):
        SHIPPED_RULES.__wrapped__()


def test_rules_that_bind_nothing_say_so() -> None:
    assert not matrix.load().unbound_refused
    assert [(each.accounts, each.roles) for each in matrix.load().environments] == [((), ())] * 5
    assert not matrix.parse(TEXT.replace("unbound: warned\n", "")).unbound_refused
    assert matrix.parse(TEXT.replace("unbound: warned", "unbound: refused")).unbound_refused


def bound(line: str) -> matrix.Policy:
    """Return the policy in which prod has one more line."""
    of_prod = "    refs: [refs/heads/main"
    assert of_prod in TEXT
    return matrix.parse(TEXT.replace(of_prod, f"    {line}\n{of_prod}"))


def test_an_environment_lists_its_accounts_and_roles() -> None:
    prod = bound("accounts: ['012345678901']").environment("prod")
    assert prod.accounts == ("012345678901",)
    role = "arn:aws-cn:iam::123456789012:role/delivery/deliver-prod"
    assert bound(f"roles: ['{role}']").environment("prod").roles == (role,)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("accounts: [123456789012]", "$.environments.prod.accounts[0]: 123456789012 is not of type 'string'"),
        ("accounts: ['1234']", "$.environments.prod.accounts[0]: '1234' does not match"),
        ("accounts: []", "$.environments.prod.accounts: [] should be non-empty"),
        ("roles: ['deliver']", "$.environments.prod.roles[0]: 'deliver' does not match"),
        ("roles: ['arn:aws:iam::123456789012:role/*']", "$.environments.prod.roles[0]"),
        ("unbound: refused", "$.environments.prod: Additional properties are not allowed"),
    ],
)
def test_a_list_that_would_bind_nothing_is_refused(line: str, told: str) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        bound(line)
    assert told in caught.value.why


def test_a_platform_names_the_registries_of_base_images_and_rules_that_do_not_speak_of_them_allow_any() -> None:
    older = "".join(line for line in TEXT.splitlines(keepends=True) if "base_registries:" not in line)
    assert {each.base_registries for each in matrix.parse(older).environments} == {None}
    assert {each.base_registries for each in matrix.load().environments} == {None}
    listed = matrix.parse(TEXT.replace("base_registries: any", "base_registries: [docker.io/library, 'r.io:5000']"))
    assert listed.environment("prod").base_registries == ("docker.io/library", "r.io:5000")


@pytest.mark.parametrize(
    "wrong", ["all", "[]", "[a.io, a.io]", "['https://a.io']", "[a.io/]", "['*']", "['a.io/x:1']", "[A.io]", "true"]
)
def test_anything_else_under_base_registries_is_refused(wrong: str) -> None:
    with pytest.raises(PolicyInvalid, match=r"\.base_registries"):
        matrix.parse(TEXT.replace("base_registries: any", f"base_registries: {wrong}"))


PROFILE = "arn:aws:signer:eu-west-2:123456789012:/signing-profiles/release"


@pytest.mark.parametrize(
    ("written", "profiles", "required"),
    [
        ("", (), False),
        (f"    signing_profiles: ['{PROFILE}']\n", (PROFILE,), False),
        (f"    signing_profiles: ['{PROFILE}']\n    managed_signing: required\n", (PROFILE,), True),
        (f"    signing_profiles: ['{PROFILE}']\n    managed_signing: reported\n", (PROFILE,), False),
    ],
)
def test_the_rules_name_the_profiles_that_ecr_signs_a_release_with(
    written: str, profiles: tuple[str, ...], *, required: bool
) -> None:
    prod = matrix.parse(TEXT.replace("    sarif_upload: ", f"{written}    sarif_upload: ")).environment("prod")
    assert (prod.signing_profiles, prod.signature_required) == (profiles, required)


@pytest.mark.parametrize(
    ("written", "mistake"),
    [
        ("    managed_signing: required\n", "'signing_profiles' is a dependency of 'managed_signing'"),
        ("    signing_profiles: [release]\n", "'release' does not match"),
        (f"    signing_profiles: ['{PROFILE}', '{PROFILE}']\n", "non-unique"),
    ],
)
def test_rules_about_signing_that_say_nothing_certain_are_refused(written: str, mistake: str) -> None:
    with pytest.raises(PolicyInvalid, match=re.escape(mistake)):
        matrix.parse(TEXT.replace("    sarif_upload: ", f"{written}    sarif_upload: "))
