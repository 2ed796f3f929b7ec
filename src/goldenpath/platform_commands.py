"""The commands that both wings take part in: `doctor`, and the policies that `iam` prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.delivery.adoption import commands as adoption
from goldenpath.delivery.release.commands import iam_group
from goldenpath.registries.account import role_policies
from goldenpath.registries.account.role_policies import RoleScope
from goldenpath.shared.errors import BadInput
from goldenpath.shared.names import AUDIENCE, DEFAULT_REGION, AccountId, EnvironmentName, Region

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.shared.check_result import Remark


@click.command()
@click.option("--source", type=click.Path(path_type=Path), default=Path(), help="The app's git checkout.")
@click.option("--role-arn", default="", help="ARN of the role in the secret of an environment.")
@click.option("--aws-region", envvar="AWS_REGION", default=DEFAULT_REGION, show_default=True,
              help="AWS region of the registry.")  # fmt: skip
@click.option("--offline", is_flag=True, help="Send no request to GitHub or AWS.")
@click.option("--strict", is_flag=True, help="Fail for warnings too.")
@click.option("--platform", is_flag=True, help="Check the AWS account of this machine's login too (docs/setup.md).")
@click.option("--state-bucket", default="", help="With --platform: the bucket of Terraform's state.")
@click.option("--environment", "environments", multiple=True,
              help="With --platform: an environment of the account. May be repeated. [default: all]")  # fmt: skip
@click.option("--role-prefix", default="goldenpath-", show_default=True,
              help="With --platform: how the names of the roles begin.")  # fmt: skip
@click.option("--audience", default=AUDIENCE, show_default=True, help="With --platform: the audience of the tokens.")
def doctor(
    *, source: Path, role_arn: str, aws_region: str, offline: bool, strict: bool, platform: bool, state_bucket: str,
    environments: tuple[str, ...], role_prefix: str, audience: str,
) -> list[dict[str, str]]:  # fmt: skip
    """Check the set-up of an app's repository, or of the platform's own. Every problem comes with its fix."""
    options = adoption.doctor_options(source, role_arn, aws_region)
    remarks = adoption.examined(options, offline=offline)
    if platform and not offline:
        region = _region(aws_region)
        remarks += _account(options.checkout.slug, region, state_bucket, environments, role_prefix, audience)
    return adoption.report(remarks, strict=strict)


def _account(
    slug: str, region: Region, bucket: str, environments: tuple[str, ...], prefix: str, audience: str
) -> tuple[Remark, ...]:
    from goldenpath.registries.account import account_checks, account_facts  # noqa: PLC0415  the SDK is slow to import

    expected = account_checks.Expected(slug, audience, environments, prefix, bucket)
    return account_checks.check(account_facts.read(region, bucket), expected)


def _policy_options(command: Callable[..., object]) -> Callable[..., object]:
    for decorate in (
        click.option("--account", required=True, help="The AWS account of the registries."),
        click.option("--environment", required=True, help="An environment that has registries."),
        click.option("--state-bucket", required=True, help="The bucket of Terraform's state."),
        click.option("--aws-region", envvar="AWS_REGION", default=DEFAULT_REGION, show_default=True,
                     help="AWS region of the registries."),
    ):  # fmt: skip
        command = decorate(command)
    return command


@iam_group.command("plan-policy")
@_policy_options
def print_plan_policy(account: str, environment: str, state_bucket: str, aws_region: str) -> role_policies.Document:
    """Print what a role that plans the registries of an environment may do."""
    return _print(role_policies.plan_policy(_scope(account, environment, state_bucket, aws_region)))


@iam_group.command("apply-policy")
@_policy_options
@click.option("--kms-key", "kms_keys", multiple=True, help="ARN of a key that an entry names. May be repeated.")
def print_apply_policy(
    *, account: str, environment: str, state_bucket: str, aws_region: str, kms_keys: tuple[str, ...]
) -> role_policies.Document:
    """Print what a role that applies the registries of an environment may do."""
    return _print(role_policies.apply_policy(_scope(account, environment, state_bucket, aws_region), kms_keys))


def _scope(account: str, environment: str, bucket: str, region: str) -> RoleScope:
    try:
        where = Region(region)
        return RoleScope(where.aws_partition, AccountId(account), where, EnvironmentName(environment), bucket)
    except ValueError as error:
        raise BadInput(str(error), fix="Correct the option; `--help` lists them") from None


def _region(raw: str) -> Region:
    try:
        return Region(raw)
    except ValueError as error:
        raise BadInput(
            f"`aws_region`: {error}", fix=f"Name the region of the registry, like {DEFAULT_REGION}"
        ) from None


def _print(document: role_policies.Document) -> role_policies.Document:
    click.echo(json.dumps(document, indent=2))
    return document


iam = iam_group
