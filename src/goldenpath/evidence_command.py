"""The command `evidence`: what an auditor needs of an environment's releases and registries, in one archive."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from msgspec import Struct

from goldenpath.delivery.evidence import (
    artifact_folder,
    clones,
    policies,
    registry_images,
    release_evidence,
    run_artifacts,
    run_records,
)
from goldenpath.delivery.evidence.release_evidence import ReleaseEntry, ReleaseSources
from goldenpath.delivery.model import inputs
from goldenpath.delivery.rules import matrix
from goldenpath.registries import plan_history
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.plan_history import RegistryChange
from goldenpath.shared import codec, evidence_archive, git, masks, merge_history, runner
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import BadInput, EvidenceIncomplete
from goldenpath.shared.evidence_archive import ArchivedFile, MissingEvidence
from goldenpath.shared.merge_history import MergeRecords
from goldenpath.shared.names import DEFAULT_REGION, AccountId, EcrRepository, Region, RoleArn
from goldenpath.shared.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.evidence.release_evidence import ReleaseEvidence
    from goldenpath.delivery.evidence.run_artifacts import RunArtifacts
    from goldenpath.delivery.evidence.run_records import RunRecords
    from goldenpath.shared.merge_history import MergedChange

SCHEMA = "goldenpath.evidence/1"
_SHOWN = 20
_HELP = """Pack what an auditor asks for into one archive that standard tools can check.

It reads ECR with the login of this machine (ecr:DescribeImages, ecr:BatchGetImage) and changes nothing. With
GITHUB_TOKEN it also asks GitHub who merged what, and with --repository it fetches the records of releases from the
artifacts of runs (`actions: read`). README.md in the archive says how to check it.
"""
_PATH = click.Path(path_type=Path)


class EvidenceIndex(Struct, frozen=True):
    """The content of `index.json`. It has no time of its own: the same evidence makes the same archive."""

    environment: str
    since: dt.date
    repositories: tuple[str, ...]
    releases: tuple[ReleaseEntry, ...]
    registry_changes: tuple[RegistryChange, ...]
    missing: tuple[MissingEvidence, ...]
    schema: str = SCHEMA


@dataclass(frozen=True)
class EvidenceRequest:
    """What is asked for, checked; `since` begins a day in UTC. `platform` is a checkout; `None` if none was named."""

    since: dt.datetime
    environment: str
    repositories: tuple[EcrRepository, ...]
    region: Region
    account: AccountId | None
    role: RoleArn | None
    records: tuple[Path, ...]
    artifacts: tuple[RunArtifacts, ...]
    keep: Path | None
    checkouts: tuple[Path, ...]
    platform: Path | None
    token: str

    @property
    def root(self) -> str:
        """The name of the archive's one folder."""
        return f"evidence-{self.environment}-since-{self.since.date()}"


@click.command(help=_HELP)
@click.option("--since", required=True, help="First day of the releases, in UTC, like 2026-10-01.")
@click.option("--environment", required=True, help="Environment of the releases, as the policy names it.")
@click.option("--ecr-repository", "repositories", multiple=True,
              help="An ECR repository. May be repeated. [default: every registry in --platform]")  # fmt: skip
@click.option("--platform", type=_PATH,
              help="A clone of the platform's repository: policies, and changes of registries.")  # fmt: skip
@click.option("--source", "checkouts", multiple=True, type=_PATH,
              help="A whole clone of an app's repository: who merged its exceptions. May be repeated.")  # fmt: skip
@click.option("--repository", "slugs", multiple=True, metavar="OWNER/NAME",
              help="An app's repository on GitHub: fetch the records of its releases. May be repeated.")  # fmt: skip
@click.option("--keep", type=_PATH,
              help="Where fetched records stay, and are not fetched again. [default: they are removed]")  # fmt: skip
@click.option("--records", multiple=True, type=_PATH,
              help="A folder with the files of runs: receipts, verdicts, SBOMs. May be repeated.")  # fmt: skip
@click.option("--aws-region", envvar="AWS_REGION", default=DEFAULT_REGION, show_default=True,
              help="AWS region of the registry.")  # fmt: skip
@click.option("--registry-account", default="", help="AWS account of the registry. [default: that of the login]")
@click.option("--role-arn", envvar="GOLDENPATH_ROLE_ARN", default="",
              help="IAM role of a workflow run, assumed through OIDC. [default: the login]")  # fmt: skip
@click.option("--output", type=_PATH, help="Where to write it. [default: evidence-ENVIRONMENT-since-DATE.tar.gz]")
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
@click.option("--allow-missing", is_flag=True, help="Succeed although evidence is missing; the archive lists it.")
def evidence(
    *, output: Path | None, overwrite: bool, allow_missing: bool,
    **given: Any,  # noqa: ANN401  click passes every option by name
) -> dict[str, object]:  # fmt: skip
    """Pack what an auditor asks for into one archive that standard tools can check."""
    request = _request(**given)
    path = output or Path(f"{request.root}.tar.gz")
    if path.exists() and not overwrite:
        raise BadInput(f"{path} exists already", fix="Choose another --output, or add --overwrite")
    with artifact_folder.opened(request.keep) as keep:
        index, files = _gather(request, _records(request, keep))
        digest = evidence_archive.write(path, request.root, files)
    _report(index, path, digest)
    result = {"path": str(path), "sha256": digest, "releases": len(index.releases), "missing": len(index.missing)}
    if index.missing and not allow_missing:
        error = _incomplete(index.missing, path)
        error.result = result
        raise error
    return result


def _request(
    *, since: str, environment: str, repositories: tuple[str, ...], platform: Path | None, checkouts: tuple[Path, ...],
    slugs: tuple[str, ...], keep: Path | None, records: tuple[Path, ...], aws_region: str, registry_account: str,
    role_arn: str,
) -> EvidenceRequest:  # fmt: skip
    token = runner.variables().get(inputs.GITHUB_TOKEN.variable) or runner.variables().get("GITHUB_TOKEN", "")
    masks.hide(token)
    if keep and not slugs:
        raise BadInput("--keep has nothing to keep", fix="Add --repository, or name the folder with --records")
    try:
        named = tuple(EcrRepository(name) for name in repositories)
        region, account = Region(aws_region), AccountId(registry_account) if registry_account else None
        role = RoleArn(role_arn) if role_arn else None
    except ValueError as error:
        raise BadInput(str(error), fix="Correct the option; `goldenpath evidence --help` has an example") from None
    rules = matrix.load().environment(environment)
    clones.require((*checkouts, *([platform] if platform else [])))
    return EvidenceRequest(
        _day(since), rules.name, named or _registries(platform, environment), region, account, role, records,
        run_artifacts.named(slugs, token), keep, checkouts, platform, token,
    )  # fmt: skip


def _records(request: EvidenceRequest, keep: Path) -> RunRecords:
    """Return the records in the folders, and those that are fetched into `keep` first."""
    missing = [
        gap for artifacts in request.artifacts for gap in artifacts.fetch(request.environment, request.since, keep)
    ]
    records = run_records.read((*request.records, keep))
    return replace(records, refused=(*missing, *records.refused))


def _incomplete(missing: tuple[MissingEvidence, ...], path: Path) -> EvidenceIncomplete:
    first, *more = missing
    return EvidenceIncomplete(
        f"{len(missing)} pieces of evidence are missing" if more else "One piece of evidence is missing",
        why=f"`missing` in index.json lists all of them, first {first.about}: {first.what}",
        fix=f"{first.fix}. {path} holds everything else; --allow-missing accepts it as it is",
    )


def _day(text: str) -> dt.datetime:
    try:
        day = dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), dt.UTC)
    except ValueError:
        raise BadInput(f"--since {text[:40]!a} is no date", fix="Write it like 2026-10-01") from None
    if day > dt.datetime.now(dt.UTC):
        raise BadInput(f"--since {text} is in the future", fix="Name a day that has begun (in UTC)")
    return day


def _registries(platform: Path | None, environment: str) -> tuple[EcrRepository, ...]:
    names = [entry.name for entry in ecr_tf.load(platform, environment)] if platform else []
    if not names:
        raise BadInput(
            "No ECR repository was named",
            why=f"{platform} describes none for {environment}" if platform else "",
            fix="Name some with --ecr-repository, or a clone of the platform's repository with --platform",
        )
    return tuple(EcrRepository(name) for name in names)


def _gather(request: EvidenceRequest, records: RunRecords) -> tuple[EvidenceIndex, list[ArchivedFile]]:
    releases = [release for name in request.repositories for release in _releases(request, name, records)]
    files = {file.path: file for release in releases for file in release.files}
    missing = [*records.refused, *(gap for release in releases for gap in release.missing)]
    entries = []
    for entry, its_policies, gaps in _with_policies(request, releases):
        entries.append(entry)
        files |= {policy.path: policy for policy in its_policies}
        missing += gaps
    changes = []
    for change, its_files, gaps in _registry_changes(request):
        changes.append(change)
        files |= {file.path: file for file in its_files}
        missing += gaps
    missing += clones.shallow((*request.checkouts, *([request.platform] if request.platform else [])))
    if request.platform is None:
        missing.append(
            MissingEvidence("registries", "no plans", "Name a clone of the platform's repository: --platform")
        )
    index = EvidenceIndex(
        request.environment, request.since.date(), tuple(request.repositories), tuple(entries), tuple(changes),
        tuple(dict.fromkeys(missing)),
    )  # fmt: skip
    guide = resources.files("goldenpath.delivery.evidence").joinpath("guide.md").read_bytes()
    return index, [*files.values(), ArchivedFile("index.json", codec.encode(index)), ArchivedFile("README.md", guide)]


def _releases(request: EvidenceRequest, name: EcrRepository, records: RunRecords) -> tuple[ReleaseEvidence, ...]:
    click.echo(f"reading {name} in ECR", err=True)
    client = registry_images.connect(request.region, name, request.account, request.role)
    images = registry_images.released(client, name, request.environment, request.account)
    # A manifest costs a request: only of what can be a release since the date.
    known = records.digests
    digests = [image.digest for image in images if image.pushed_at >= request.since or image.digest in known]
    manifests = registry_images.manifests(client, name, digests, request.account)
    return release_evidence.collect(
        ReleaseSources(
            name, request.environment, request.since, images, manifests, records.records, request.checkouts,
            lambda checkout, change: _confirmed(request, checkout, change),
        )
    )  # fmt: skip


def _confirmed(request: EvidenceRequest, checkout: Path, change: MergedChange) -> MergedChange:
    """Return `change` as GitHub records it, where a token is given and the checkout's origin is at GitHub."""
    run = Runner.read(runner.variables())
    slug = merge_history.github_slug(git.origin_url(checkout), run.server_url) if request.token else ""
    return _recorded(run.api_url, request.token, slug, change) if slug else change


@cache
def _recorded(api_url: str, token: str, slug: str, change: MergedChange) -> MergedChange:
    click.echo(f"reading who merged {change.commit[:7]} of {slug}", err=True)
    return MergeRecords(api_url, token, slug).confirmed(change)


def _with_policies(
    request: EvidenceRequest, releases: list[ReleaseEvidence]
) -> Iterator[tuple[ReleaseEntry, tuple[ArchivedFile, ...], tuple[MissingEvidence, ...]]]:
    """Yield the entry of each release with the rules that decided, and which of them are missing."""
    known = policies.history(request.platform) if request.platform else None
    for release in releases:
        about = f"{release.entry.repository}@{release.entry.digest}"
        files, missing = policies.of_release(known, about, release.decided_under, release.entry.released_at)
        yield msgspec.structs.replace(release.entry, policies=tuple(file.path for file in files)), files, missing


def _registry_changes(
    request: EvidenceRequest,
) -> Iterator[tuple[RegistryChange, tuple[ArchivedFile, ...], tuple[MissingEvidence, ...]]]:
    if request.platform:
        click.echo(f"reading the changes of {request.environment}'s registries", err=True)
        checkout = request.platform
        yield from plan_history.collect(
            checkout, request.environment, request.since, lambda change: _confirmed(request, checkout, change)
        )


def _report(index: EvidenceIndex, path: Path, digest: str) -> None:
    progress = Progress()
    progress.line(
        f"releases to {index.environment} since {index.since} (UTC): {len(index.releases)}; "
        f"changes of registries: {len(index.registry_changes)}"
    )
    for gap in index.missing[:_SHOWN]:
        progress.warn(f"{gap.about}: {gap.what}")
    if index.missing[_SHOWN:]:
        progress.warn(f"{len(index.missing) - _SHOWN} more in index.json")
    progress.line(f"✓ {path}")
    progress.line(f"sha256 {digest}")
