"""Put together what is known of each release: ECR's view, the files of its run, and who merged its exceptions."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from goldenpath.delivery.evidence import merged_exceptions, registry_images
from goldenpath.delivery.evidence.run_records import RecordKind
from goldenpath.delivery.model.candidate import Candidate
from goldenpath.delivery.model.verdict import Result, Verdict
from goldenpath.shared import codec, oci
from goldenpath.shared.evidence_archive import ArchivedFile, MissingEvidence
from goldenpath.shared.merge_history import MergedChange
from goldenpath.shared.names import Commit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from goldenpath.delivery.evidence.registry_images import RegistryImage
    from goldenpath.delivery.evidence.run_records import RunRecord
    from goldenpath.shared.names import Digest, EcrRepository

    RecordsBySubject = dict[str, list[RunRecord]]

_PAGE = re.compile(r"https://[^\s?#@]{1,300}", re.ASCII)
_KEPT = "Fetch it with --repository, or name a folder that has it with --records; GitHub keeps it for 30 to 90 days"
_EXPECTED = {
    RecordKind.RECEIPT: "receipt", RecordKind.GITLEAKS: "verdict of gitleaks", RecordKind.TRIVY: "verdict of trivy",
    RecordKind.SPDX: "SBOM", RecordKind.CANDIDATE: "description of the build (candidate.json)",
}  # fmt: skip


class RecordEntry(Struct, frozen=True):
    """A file of a run in the archive, with the number of the run that it names, else its folder."""

    path: str
    sha256: str
    run: str


class ExceptionEntry(Struct, frozen=True):
    """An exception of a verdict, and the change that brought it; `merge` is `None` where that is not known."""

    gate: str
    id: str
    scope: str
    reason: str
    owner: str
    expires: dt.date
    standing: str
    merge: MergedChange | None


class ReleaseEntry(Struct, frozen=True):
    """One release in the index. `pushed_at` is `None` where ECR has the image no longer.

    `released_at` is the later of the push and the decision of trivy. `policies` are the files with the rules that its
    verdicts name; where they name none, with those of that moment.
    """

    repository: str
    digest: str
    tags: tuple[str, ...]
    status: str
    pushed_at: dt.datetime | None
    released_at: dt.datetime | None
    commit: str
    source: str
    runs: tuple[str, ...]
    records: tuple[RecordEntry, ...]
    results: tuple[str, ...]
    exceptions: tuple[ExceptionEntry, ...]
    policies: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReleaseEvidence:
    """The `entry` of a release, its files, and what it lacks. `decided_under` are the rules that its verdicts name."""

    entry: ReleaseEntry
    decided_under: tuple[Digest, ...]
    files: tuple[ArchivedFile, ...]
    missing: tuple[MissingEvidence, ...]


@dataclass(frozen=True)
class ReleaseSources:
    """Where the releases of one repository to one environment are looked up.

    `confirm` asks GitHub who merged a change of a checkout, where a token is given. `since` begins a day, in UTC.
    """

    repository: EcrRepository
    environment: str
    since: dt.datetime
    images: Sequence[RegistryImage]
    manifests: Mapping[Any, bytes]
    records: Sequence[RunRecord]
    checkouts: Sequence[Path]
    confirm: Callable[[Path, MergedChange], MergedChange]


def collect(sources: ReleaseSources) -> tuple[ReleaseEvidence, ...]:
    """Return every release since the date, the oldest first. Raises `ToolFailed` and what `confirm` raises.

    An image that only a receipt names is a release too: a lifecycle policy may have removed it from ECR.
    """
    images = {image.digest: image for image in sources.images}
    records = _by_subject(sources.records)
    receipts = [record.released for record in sources.records if record.released]
    ours = [
        receipt for receipt in receipts
        if (receipt.name, receipt.environment) == (sources.repository, sources.environment)
    ]  # fmt: skip
    digests = dict.fromkeys([*images, *(receipt.digest for receipt in ours)])
    releases = (_release(sources, records, digest, images.get(digest)) for digest in digests)
    return tuple(sorted(filter(None, releases), key=lambda release: _order(release.entry)))


def _order(entry: ReleaseEntry) -> tuple[str, str]:
    return (entry.released_at.isoformat() if entry.released_at else "", entry.digest)


def _by_subject(records: Iterable[RunRecord]) -> RecordsBySubject:
    grouped: RecordsBySubject = {}
    for record in records:
        grouped.setdefault(record.subject, []).append(record)
    return grouped


def _release(
    sources: ReleaseSources, by_subject: RecordsBySubject, digest: str, image: RegistryImage | None
) -> ReleaseEvidence | None:
    """Return the evidence of one release; `None` for one that was before the date."""
    manifest, about_image = sources.manifests.get(digest, b""), by_subject.get(digest, [])
    commit = _commit(sources.environment, about_image, manifest)
    platforms = _platforms(about_image, manifest)
    records = [
        record for subject in sorted({digest, commit, *platforms}) for record in by_subject.get(subject, ())
        if record.is_of(digest, commit, sources.environment, platforms)
        and (not record.released or record.released.name == sources.repository)
    ]  # fmt: skip
    verdicts = [record.value for record in records if isinstance(record.value, Verdict)]
    decided = [verdict.decided_at for verdict in verdicts if verdict.decided_at and verdict.subject == digest]
    times = [*decided, *([image.pushed_at] if image else [])]
    released_at = max(times, default=None)
    if released_at and released_at < sources.since:
        return None
    folder = f"releases/{sources.repository}/{digest.removeprefix('sha256:')}"
    history = merged_exceptions.read(sources.checkouts, Commit(commit)) if commit else None
    exceptions = tuple(_exceptions(verdicts, history, sources.confirm))
    files, source = list(_named(folder, records)), _source(records, manifest)
    entry = ReleaseEntry(
        sources.repository, digest, image.tags if image else (), image.status if image else "GONE",
        image.pushed_at if image else None, released_at, commit, source,
        _runs(source, records),
        tuple(RecordEntry(file.path, file.sha256, record.run) for file, record in files),
        tuple(_result(verdict) for verdict in verdicts), exceptions,
    )  # fmt: skip
    extra = _registry_files(folder, image, sources.manifests.get(digest))
    rules = [ArchivedFile(f"{folder}/goldenpath.yml", history.text.encode())] if history and history.text else []
    missing = chain(
        _missing_records(entry, records), _missing_facts(entry, digest in sources.manifests, history is not None)
    )
    decided_under = tuple(dict.fromkeys(verdict.policy for verdict in verdicts if verdict.policy))
    return ReleaseEvidence(entry, decided_under, (*(file for file, _ in files), *extra, *rules), tuple(missing))


def _commit(environment: str, about_image: Iterable[RunRecord], manifest: bytes) -> str:
    """Return the commit of the image: as its receipt names it, else as the image says; empty where neither does."""
    receipts = [record.released for record in about_image if record.released]
    named = [receipt.commit for receipt in receipts if receipt.environment == environment]
    stated = registry_images.stated(manifest).get(oci.REVISION, "")
    return min(named, default=stated if Commit.pattern.fullmatch(stated) else "")


def _platforms(about_image: Iterable[RunRecord], manifest: bytes) -> frozenset[str]:
    described = (record.value for record in about_image if isinstance(record.value, Candidate))
    built = {image.digest for candidate in described for image in candidate.platforms}
    return frozenset(built) | registry_images.listed(manifest)


def _source(records: Iterable[RunRecord], manifest: bytes) -> str:
    """Return the page of the app's repository, as build or image name it; empty for what is no address of a page."""
    built = [record.value.source for record in records if isinstance(record.value, Candidate)]
    stated = registry_images.stated(manifest).get(oci.SOURCE, "")
    return next((address for address in (*built, stated) if _PAGE.fullmatch(address)), "")


def _runs(source: str, records: Iterable[RunRecord]) -> tuple[str, ...]:
    """Return the pages of the runs that `records` name; of a folder's number, the page in `source` if known."""
    pages = {record.named_run.page for record in records if record.named_run}
    known = {str(record.named_run.id) for record in records if record.named_run}
    numbers = {record.run for record in records if record.run} - known
    return tuple(sorted(pages | {f"{source}/actions/runs/{number}" if source else number for number in numbers}))


def _exceptions(
    verdicts: Iterable[Verdict],
    history: merged_exceptions.RulesHistory | None,
    confirm: Callable[[Path, MergedChange], MergedChange],
) -> Iterator[ExceptionEntry]:
    applied = {(one.acceptance, one.standing) for verdict in verdicts for one in verdict.exceptions}
    for acceptance, standing in sorted(applied, key=repr):
        change = history.brought(acceptance) if history else None
        merge = replace(confirm(history.checkout, change), body="") if history and change else None
        yield ExceptionEntry(
            acceptance.gate, acceptance.id, str(acceptance.scope), acceptance.reason, acceptance.owner,
            acceptance.expires, standing, merge,
        )  # fmt: skip


def _named(folder: str, records: Sequence[RunRecord]) -> Iterator[tuple[ArchivedFile, RunRecord]]:
    """Yield each record with its file in the archive; a second one of a kind is numbered, like `receipt.2.json`."""
    for kind in RecordKind:
        of_kind = [record for record in records if record.kind is kind]
        for number, record in enumerate(of_kind, start=1):
            stem, _, ending = kind.rpartition(".")
            name = kind if number == 1 else f"{stem}.{number}.{ending}"
            yield ArchivedFile(f"{folder}/{name}", record.path, record.sha256), record


def _result(verdict: Verdict) -> str:
    decided = verdict.decided_at.astimezone(dt.UTC).isoformat() if verdict.decided_at else "at a time not recorded"
    return f"{verdict.gate}: {verdict.result} ({verdict.mode}), {decided}"


def _registry_files(folder: str, image: RegistryImage | None, manifest: bytes | None) -> Iterator[ArchivedFile]:
    if image:
        yield ArchivedFile(f"{folder}/image.json", codec.encode(image))
    if manifest is not None:
        yield ArchivedFile(f"{folder}/manifest.json", manifest)


def _missing_records(entry: ReleaseEntry, records: Sequence[RunRecord]) -> Iterator[MissingEvidence]:
    about = f"{entry.repository}@{entry.digest}"
    for kind, noun in _EXPECTED.items():
        if not any(record.kind is kind for record in records):
            yield MissingEvidence(about, f"no {noun}", _KEPT)
    receipts = [record for record in records if record.kind is RecordKind.RECEIPT]
    if receipts and not any(record.released for record in receipts):
        yield MissingEvidence(about, "no receipt says that the release ended well", "Compare with the log of the run")
    if any(isinstance(record.value, Verdict) and record.value.result is Result.BLOCK for record in records):
        yield MissingEvidence(about, "a verdict blocks, and the image has a tag of the environment", "Look at its run")
    for record in records:
        if record.is_misplaced:
            what = f"{record.kind} names the run {record.run} and is among the files of run {record.folder_run}"
            yield MissingEvidence(about, what, "Compare both runs on GitHub: whoever wrote it there has to explain it")
    if records and not entry.runs:
        yield MissingEvidence(about, "no workflow run is known", "Name the folder of its files after the run's number")


def _missing_facts(entry: ReleaseEntry, has_manifest: bool, has_checkout: bool) -> Iterator[MissingEvidence]:
    about = f"{entry.repository}@{entry.digest}"
    if entry.pushed_at is None:
        yield MissingEvidence(about, "ECR no longer has this image", "A lifecycle rule or a person removed it")
    elif not has_manifest:
        yield MissingEvidence(about, "ECR gave no manifest", f"Its status is {entry.status}; restore an archived image")
    if entry.released_at is None:
        yield MissingEvidence(about, "when it was released is not known", "The verdict of trivy would say it")
    if not entry.commit:
        yield MissingEvidence(about, "no commit is known", "Neither a receipt nor the image names one")
    elif not has_checkout:
        yield MissingEvidence(
            about, f"no checkout has the commit {entry.commit}", "Name a clone of the app's repository with --source"
        )
    for exception in entry.exceptions:
        if exception.merge is None or not exception.merge.merged_by:
            yield MissingEvidence(
                about, f"who merged the exception {exception.id[:100]!a} is not known",
                "Give a whole clone with --source, and a GITHUB_TOKEN that may read its pull requests",
            )  # fmt: skip
