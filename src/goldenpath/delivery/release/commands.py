"""The `release` and `iam` commands: show, verify and repair a release, and print the policies of its role."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goldenpath.delivery.model import inputs, stage_requests
from goldenpath.delivery.model.candidate import Candidate
from goldenpath.delivery.model.receipt import Receipt
from goldenpath.delivery.model.stage_requests import ImageRequest
from goldenpath.delivery.registry import iam
from goldenpath.delivery.registry.iam import pull_policy, push_policy
from goldenpath.delivery.release import access
from goldenpath.delivery.release import repair as repairing
from goldenpath.delivery.rules import matrix
from goldenpath.shared import codec, runner
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import BadInput, StageOutOfOrder
from goldenpath.shared.names import AccountId, SigningProfile
from goldenpath.shared.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.delivery.model.inputs import Input, Request
    from goldenpath.delivery.model.receipt import TagMove
    from goldenpath.delivery.release.access import EcrConnection


def _option(declared: Input) -> Callable[[click.decorators.FC], click.decorators.FC]:
    return click.option(
        declared.option, declared.name, envvar=declared.variable, show_envvar=True, default=declared.default,
        help=declared.help + (" [required]" if declared.required else ""),
    )  # fmt: skip


_RECEIPT = click.argument("path", metavar="RECEIPT", type=click.Path(path_type=Path))
_REGION, _ROLE = _option(inputs.AWS_REGION), _option(inputs.ROLE_ARN)
_REGISTRY = _option(inputs.REGISTRY_ACCOUNT)
_ACCOUNT = click.option(
    "--account", required=True, help="The AWS account of the role, or for push-policy the registry's."
)


@click.group()
def release() -> None:
    """Show, verify or repair what a release did, by its receipt.json."""


@release.command()
@_RECEIPT
def show(path: Path) -> Receipt:
    """Show RECEIPT in words."""
    receipt, progress = _read(path), Progress()
    progress.line(f"{receipt.state}: {receipt.reference}")
    progress.line(f"commit {receipt.commit}, environment {receipt.environment}")
    for move in receipt.tags:
        progress.line(_in_words(move))
    progress.line(f"uploaded {receipt.uploaded_blobs} blobs, {receipt.uploaded_bytes / 1e6:.1f} MB")
    for digest in receipt.staged:
        progress.line(f"  brought {digest}")
    for signature in receipt.signatures:
        progress.line(f"  signature {signature.profile}: {signature.state}")
    if receipt.unbound:
        progress.warn(receipt.unbound)
    return receipt


@release.command()
@_RECEIPT
@_REGION
@_ROLE
@_REGISTRY
def verify(path: Path, aws_region: str, role_arn: str, registry_account: str) -> list[str]:
    """Compare RECEIPT with the registry, and with the candidate.json beside it if there is one."""
    receipt, progress, beside = _read(path), Progress(), path.parent / "candidate.json"
    candidate = codec.read(beside, Candidate, written_by="build") if beside.exists() else None
    with _open_registry(receipt, _where(aws_region, role_arn, registry_account)) as connection:
        lines = []
        for line in repairing.verify(receipt, connection, candidate):
            progress.line(f"✓ {line}")
            lines.append(line)
    return lines


@release.command()
@_RECEIPT
@_REGION
@_ROLE
@_REGISTRY
@click.option("--yes", is_flag=True, help="Do it. Without this, only what would be done is shown.")
@click.option(
    "--confirm",
    "confirmed",
    multiple=True,
    help="A version or a digest of this release that the registry cannot prove to be its own. Several are fine.",
)
def repair(
    path: Path, aws_region: str, role_arn: str, registry_account: str, confirmed: tuple[str, ...], *, yes: bool
) -> dict[str, object]:
    """Put right what RECEIPT's release left when it was killed, or when its undo failed. Safe to run again."""
    receipt, progress, policy = _read(path), Progress(), matrix.load()
    with _open_registry(receipt, _where(aws_region, role_arn, registry_account)) as connection:
        # A repair deletes images, and its receipt is an artifact: a person looks at both first.
        if not yes and (lines := repairing.intended(receipt, connection, policy, confirmed)):
            for line in lines:
                progress.line(line)
            progress.line("nothing was changed; run again with --yes to do this")
            return {"state": receipt.state, "intended": lines, "done": ()}
        repaired = repairing.repair(receipt, connection, policy, confirmed)
    # The second repair with this file has nothing to do.
    codec.write(path, repaired.receipt)
    for line in repaired.done:
        progress.line(f"✓ {line}")
    progress.line(f"the release is {repaired.receipt.state}" + ("" if repaired.done else ": nothing was left to do"))
    return {"state": repaired.receipt.state, "intended": (), "done": repaired.done}


@click.group("iam")
def iam_group() -> None:
    """Print the IAM documents that a role of a delivery needs, and nothing more than it needs."""


@iam_group.command("trust-policy")
@_ACCOUNT
@click.option("--repository", required=True, help="The app's repository on GitHub, owner/name.")
@click.option(
    "--environment",
    "environments",
    multiple=True,
    help="GitHub environment of the job, with `approval: true`. May be repeated; with --ref both must hold.",
)
@click.option("--ref", "refs", multiple=True, help="Git ref, like refs/heads/main; `*` is a wildcard. May be repeated.")
@click.option("--owner-id", default="", help="GitHub's number of the owner: trusts the `sub` with numbers too.")
@click.option("--repository-id", default="", help="GitHub's number of the repository.")
@click.option("--enterprise-id", default="", help="GitHub's number of the enterprise: trusts no run outside of it.")
@click.option(
    "--workflow",
    "workflows",
    multiple=True,
    help="The only workflow to trust, as callers name it: owner/name/.github/workflows/x.yml@refs/heads/main. It takes "
    "no wildcard, and may be repeated.",
)
@click.option("--any-workflow", is_flag=True, help="Trust every workflow of the repository, also one without gates.")
@click.option(
    "--pull-requests",
    is_flag=True,
    help="Trust pull requests from branches of the repository too: for a role that may only pull base images.",
)
@_REGION
@_option(inputs.AUDIENCE)
def print_trust_policy(
    *, account: str, repository: str, environments: tuple[str, ...], refs: tuple[str, ...], owner_id: str,
    repository_id: str, enterprise_id: str, workflows: tuple[str, ...], any_workflow: bool, pull_requests: bool,
    aws_region: str, audience: str,
) -> dict[str, Any]:  # fmt: skip
    """Print which workflow runs may assume the role."""
    subject = iam.Subject(
        repository, environments, refs, workflows, any_workflow, pull_requests, owner_id, repository_id, enterprise_id
    )
    given = inputs.read((inputs.AWS_REGION, inputs.AUDIENCE), {"aws_region": aws_region, "audience": audience})
    region = given.aws_region
    return _print(iam.trust_policy(region.aws_partition, _account(account), subject, given.audience))


@iam_group.command("push-policy")
@_ACCOUNT
@_option(inputs.ECR_REPOSITORY)
@_REGION
@click.option(
    "--signing-profile", "profiles", multiple=True,
    help="ARN of an AWS Signer profile that ECR's managed signing signs the images with. May be repeated.",
)  # fmt: skip
def print_push_policy(account: str, ecr_repository: str, aws_region: str, profiles: tuple[str, ...]) -> dict[str, Any]:
    """Print what the role may do: release to one repository."""
    request = inputs.read(
        (inputs.ECR_REPOSITORY, inputs.AWS_REGION), {"ecr_repository": ecr_repository, "aws_region": aws_region}
    )
    region, repository = request.aws_region, stage_requests.of(ImageRequest, request).ecr_repository
    named = [_profile(profile) for profile in profiles]
    return _print(push_policy(region.aws_partition, region, _account(account), repository, named))


@iam_group.command("pull-policy")
@_ACCOUNT
@click.option(
    "--ecr-repository", "ecr_repositories", multiple=True, required=True,
    help="Name of an ECR repository whose images may be pulled. May be repeated.",
)  # fmt: skip
@_REGION
def print_pull_policy(account: str, ecr_repositories: tuple[str, ...], aws_region: str) -> dict[str, Any]:
    """Print what the role of base images may do: pull from some repositories."""
    named = (inputs.read((inputs.ECR_REPOSITORY,), {"ecr_repository": repository}) for repository in ecr_repositories)
    names = [stage_requests.of(ImageRequest, request).ecr_repository for request in named]
    region = inputs.read((inputs.AWS_REGION,), {"aws_region": aws_region}).aws_region
    return _print(pull_policy(region.aws_partition, region, _account(account), names))


def _read(path: Path) -> Receipt:
    if not path.is_file():
        raise StageOutOfOrder(
            f"There is no receipt at {path}",
            fix="Name a release's receipt.json: it is in its work folder, and in the artifact goldenpath-receipt-…",
        )
    return codec.read(path, Receipt, written_by="ecr-push")


def _in_words(move: TagMove) -> str:
    if move.before == move.after:
        return f"  {move.tag}: {move.after or 'free'}, as before"
    return f"  {move.tag}: {move.before or 'free'} → {move.after or 'not written'}"


def _where(region: str, role: str, account: str) -> Request:
    """Return the registry and the role that the options name."""
    return inputs.read(
        (inputs.AWS_REGION, inputs.ROLE_ARN, inputs.REGISTRY_ACCOUNT),
        {"aws_region": region, "role_arn": role, "registry_account": account},
    )


@contextmanager
def _open_registry(receipt: Receipt, where: Request) -> Iterator[EcrConnection]:
    here = Runner.read(runner.variables())
    # By the policy of today, and whatever the receipt says about accounts: it could have been replaced.
    wanted = access.Access(
        where.aws_region, receipt.name, receipt.environment, matrix.load(), where.role_arn,
        registry_account=where.registry_account,
    )  # fmt: skip
    with access.open_repository(wanted, here) as connection:
        yield connection


def _account(raw: str) -> AccountId:
    try:
        return AccountId(raw)
    except ValueError as error:
        raise BadInput("An option cannot be used", why=f"`--account`: {error}", fix="Give the 12 digits") from None


def _profile(raw: str) -> SigningProfile:
    try:
        return SigningProfile(raw)
    except ValueError as error:
        why = f"`--signing-profile`: {error}"
        raise BadInput("An option cannot be used", why=why, fix="Give the ARN of the profile") from None


def _print(document: dict[str, Any]) -> dict[str, Any]:
    click.echo(codec.encode(document).decode(), nl=False)
    return document
