from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath import cli
from goldenpath.delivery.adoption import commands
from goldenpath.delivery.adoption.checkout import GitCheckout
from goldenpath.delivery.adoption.doctor import DoctorOptions
from goldenpath.registries.account import account_checks, account_facts, role_policies
from goldenpath.registries.account.account_facts import AccountFacts
from goldenpath.registries.account.role_policies import RoleScope
from goldenpath.shared.check_result import good

if TYPE_CHECKING:
    from goldenpath.shared.names import Region

SCOPE = RoleScope("aws", "123456789012", "eu-west-2", "dev", "our-state")
OPTIONS = ("--account=123456789012", "--environment=dev", "--state-bucket=our-state", "--aws-region=eu-west-2")


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    code = cli.run(argv)
    return code, "".join(capsys.readouterr())


def test_the_policies_of_the_platform_s_roles_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = printed(capsys, "iam", "plan-policy", *OPTIONS)
    assert (code, json.loads(text)) == (0, role_policies.plan_policy(SCOPE))
    key = "arn:aws:kms:eu-west-2:123456789012:key/1"
    code, text = printed(capsys, "iam", "apply-policy", *OPTIONS, f"--kms-key={key}")
    assert (code, json.loads(text)) == (0, role_policies.apply_policy(SCOPE, (key,)))


@pytest.mark.parametrize("option", ["--account=12", "--environment=Dev Env", "--aws-region=nowhere"])
def test_an_option_that_is_no_name_is_refused(capsys: pytest.CaptureFixture[str], option: str) -> None:
    code, text = printed(capsys, "iam", "plan-policy", *OPTIONS, option)

    assert code == 2
    assert "error[bad-input]" in text


def test_the_account_is_looked_at_only_with_platform(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def read(region: Region, bucket: str) -> AccountFacts:
        asked.append((region, bucket))
        return AccountFacts("123456789012", region, None, (), None, (), frozenset(), ())

    monkeypatch.setattr(account_facts, "read", read)
    checkout = GitCheckout(Path(), "our-org/platform", "main", shallow=False, dockerfiles=())
    monkeypatch.setattr(commands, "doctor_options", lambda *_: DoctorOptions(checkout))
    monkeypatch.setattr(commands, "examined", lambda *_, **__: (good("github", "all is well"),))
    words = ("doctor", "--aws-region=eu-west-2", "--state-bucket=our-state")
    printed(capsys, *words, "--offline", "--platform")
    assert asked == []
    code, text = printed(capsys, *words, "--platform")
    assert asked == [("eu-west-2", "our-state")]
    assert "the account 123456789012 has no OIDC provider for GitHub" in text
    assert code == 71
    assert account_checks.Expected().role_prefix in text
