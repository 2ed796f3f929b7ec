"""Fetch the records of releases from GitHub: the artifacts of an app's runs, unpacked into a folder that keeps them.

What a run uploaded is taken as `run_records` takes it: anybody who may start a run of the repository may have made it.
Source: GitHub REST API, "Workflow artifacts".
"""

from __future__ import annotations

import datetime as dt
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click
from msgspec import Struct

from goldenpath.delivery.evidence import artifact_folder, run_records
from goldenpath.delivery.model.receipt import Receipt
from goldenpath.shared import codec, github_api, merge_history, runner
from goldenpath.shared.errors import BadInput, GithubRefused
from goldenpath.shared.evidence_archive import MissingEvidence
from goldenpath.shared.http import Http
from goldenpath.shared.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from github import GithubException
    from github.Repository import Repository

# The artifacts of `_build-and-release.yml` that hold records; a number follows. A contract test compares them with it.
RECEIPT = "goldenpath-receipt-"
PREFIXES = (RECEIPT, "goldenpath-build-", "goldenpath-gitleaks-", "goldenpath-sbom-", "goldenpath-scan-")
PAGES_AT_MOST = 1_000
_PAGES_BETWEEN_LINES = 10
_NAME = re.compile(rf"(?:{'|'.join(PREFIXES)})[A-Za-z0-9._-]{{1,100}}", re.ASCII)
_AGAIN = "Run the command again: with --keep it goes on from where it stopped"


class _Run(Struct, frozen=True):
    id: int
    repository_id: int | None = None
    head_repository_id: int | None = None


class _Artifact(Struct, frozen=True):
    id: int
    name: str
    size_in_bytes: int
    expired: bool
    created_at: dt.datetime | None = None
    digest: str | None = None
    workflow_run: _Run | None = None

    @property
    def run(self) -> int:
        return self.workflow_run.id if self.workflow_run else 0

    @property
    def has_records(self) -> bool:
        # A fork cannot release, whatever its runs upload.
        run = self.workflow_run
        return bool(run and run.repository_id == run.head_repository_id and _NAME.fullmatch(self.name))

    def place(self, keep: Path) -> Path:
        return keep / str(self.run) / self.name

    def is_receipt(self, since: dt.datetime) -> bool:
        return self.name.startswith(RECEIPT) and (self.created_at is None or self.created_at >= since)


class _Page(Struct, frozen=True):
    artifacts: list[_Artifact]


def named(slugs: Iterable[str], token: str) -> tuple[RunArtifacts, ...]:
    """Return the artifacts of the repositories `slugs`, as a person wrote them, on the GitHub of this run.

    Raises `BadInput` for what names no repository, and without a token.
    """
    chosen = tuple(dict.fromkeys(slugs))
    for slug in chosen:
        if not merge_history.SLUG.fullmatch(slug):
            raise BadInput(f"--repository {slug[:100]!a} names no repository", fix="Write it like OWNER/NAME")
    if chosen and not token:
        raise BadInput(
            "--repository needs a token", fix=f"Set GITHUB_TOKEN to a token with `actions: read` for {chosen[0]}"
        )
    api_url = Runner.read(runner.variables()).api_url
    return tuple(RunArtifacts(api_url, token, slug) for slug in chosen)


@dataclass(frozen=True)
class RunArtifacts:
    """The artifacts of the repository `slug` (`owner/name`) of one GitHub; only read."""

    api_url: str
    token: str
    slug: str

    def fetch(self, environment: str, since: dt.datetime, keep: Path) -> tuple[MissingEvidence, ...]:
        """Put the records of the runs that released to `environment` since the date into `keep`.

        Returns what cannot be had. The records are in `keep/<run>/<artifact>/`; a folder that is there is complete, and
        is not fetched again. Raises `GithubRefused`, `RegistryUnreachable` and `DiskTrouble`.
        """
        with self._explained():
            repository = github_api.connect(self.api_url, self.token).get_repo(self.slug)
            runs: dict[int, list[_Artifact]] = {}
            for artifact in self._listed(repository):
                runs.setdefault(artifact.run, []).append(artifact)
            released = [its for _, its in sorted(runs.items()) if any(artifact.is_receipt(since) for artifact in its)]
            return tuple(self._fetch_runs(repository, released, environment, keep))

    def _listed(self, repository: Repository) -> list[_Artifact]:
        """Return the artifacts with records, the oldest first."""
        # By number: a list that changes while it is read may have one on two pages.
        records: dict[int, _Artifact] = {}
        for page in range(1, PAGES_AT_MOST + 1):
            if page % _PAGES_BETWEEN_LINES == 1:
                click.echo(f"listing the artifacts of {self.slug}, from page {page}", err=True)
            listed = self._page(repository, page)
            records |= {artifact.id: artifact for artifact in listed if artifact.has_records}
            if len(listed) < github_api.PAGE:
                return [records[number] for number in sorted(records)]
        raise GithubRefused(
            f"{self.slug} has too many artifacts to list",
            why=f"They are more than {PAGES_AT_MOST * github_api.PAGE:,}",
            fix="Fetch those of releases with `gh run download RUN --dir records/RUN`, and name them with --records",
        )

    def _page(self, repository: Repository, page: int) -> list[_Artifact]:
        try:
            return codec.convert(github_api.artifacts(repository, page), _Page).artifacts
        except ValueError as error:
            raise self._refused(f"GitHub's list of them is not as it is described: {error}", _AGAIN) from None

    def _fetch_runs(
        self, repository: Repository, runs: list[list[_Artifact]], environment: str, keep: Path
    ) -> Iterator[MissingEvidence]:
        # One request after the other: GitHub asks for that ("Best practices for using the REST API").
        http = Http(connections=1)
        try:
            for count, artifacts in enumerate(runs, 1):
                progress = f"run {artifacts[0].run} ({count} of {len(runs)})"
                receipts = [artifact for artifact in artifacts if artifact.name.startswith(RECEIPT)]
                gaps = [*self._fetch_new(repository, http, receipts, keep, progress)]
                if not gaps and not _may_release_to(environment, [receipt.place(keep) for receipt in receipts]):
                    continue
                others = [artifact for artifact in artifacts if artifact not in receipts]
                yield from (*gaps, *self._fetch_new(repository, http, others, keep, progress))
        finally:
            http.close()

    def _fetch_new(
        self, repository: Repository, http: Http, artifacts: Iterable[_Artifact], keep: Path, progress: str
    ) -> Iterator[MissingEvidence]:
        new = [artifact for artifact in artifacts if not artifact.place(keep).is_dir()]
        if new:
            noun = "artifact" if len(new) == 1 else "artifacts"
            click.echo(f"fetching {len(new)} {noun} of {progress}", err=True)
        return filter(None, (self._fetch(repository, http, artifact, artifact.place(keep)) for artifact in new))

    def _fetch(self, repository: Repository, http: Http, artifact: _Artifact, place: Path) -> MissingEvidence | None:
        """Fill the folder `place`, whole or not at all; return why that cannot be done."""
        from github import GithubException  # noqa: PLC0415  as in `github_api`

        about = f"artifact {artifact.name} of run {artifact.run} of {self.slug}"
        try:
            if not artifact.expired:
                address = self._address(repository, artifact)
                artifact_folder.fill(place, http, address, artifact.digest or "")
                return None
        except GithubException as error:
            if error.status not in {github_api.GONE, github_api.NOT_FOUND}:
                raise
        except ValueError as error:
            what = f"not taken: {str(error)[:300]!a}"
            return MissingEvidence(about, what, "Run the command again, or compare with the run on GitHub")
        what = "GitHub has deleted it: artifacts expire after 30 to 90 days"
        return MissingEvidence(about, what, "Name a folder that has it with --records or --keep")

    def _address(self, repository: Repository, artifact: _Artifact) -> str:
        if artifact.size_in_bytes > artifact_folder.LARGEST_ARTIFACT:
            raise ValueError(f"it is larger than {artifact_folder.LARGEST_ARTIFACT >> 20} MB")
        address = github_api.artifact_address(repository, artifact.id)
        if urlsplit(address).scheme not in {"https", urlsplit(self.api_url).scheme}:
            raise self._refused("The address that GitHub gives for one of them is not https", _AGAIN)
        return address

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn errors of GitHub into `GithubRefused`."""
        from github import GithubException  # noqa: PLC0415  as in `github_api`
        from requests.exceptions import RequestException  # noqa: PLC0415  as in `github_api`

        try:
            yield
        except GithubException as error:
            why = f"HTTP {error.status}: {github_api.message(error)}".rstrip(": ").rstrip(".")
            raise self._refused(why, _fix(error, self.slug)) from error
        except RequestException as error:
            raise self._refused(f"GitHub's API does not respond: {error}", _AGAIN) from error

    def _refused(self, why: str, fix: str) -> GithubRefused:
        return GithubRefused(f"The artifacts of {self.slug} could not be fetched", why=why, fix=fix)


def _may_release_to(environment: str, receipts: Iterable[Path]) -> bool:
    """Tell whether a receipt is of a release to `environment`, or one cannot be read."""
    read = run_records.read(receipts)
    named = {record.value.environment for record in read.records if isinstance(record.value, Receipt)}
    return environment in named or bool(read.refused)


def _fix(error: GithubException, slug: str) -> str:
    from github import RateLimitExceededException  # noqa: PLC0415  as in `github_api`

    if isinstance(error, RateLimitExceededException):
        return f"Wait for an hour. {_AGAIN}"
    if error.status == github_api.UNAUTHORIZED:
        return "Set GITHUB_TOKEN to a token that is valid"
    if error.status == github_api.FORBIDDEN:
        return f"Set GITHUB_TOKEN to a token with `actions: read` for {slug} (a classic token: the scope `repo`)"
    if error.status == github_api.NOT_FOUND:
        return f"Correct --repository, or set GITHUB_TOKEN to a token that may read {slug}: `actions: read`"
    return _AGAIN
