"""What the delivery report shows: the findings, the layers and the packages of a run, from the files that it left."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from goldenpath.delivery.model.exception import Standing
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.report import finding_text, release_difference
from goldenpath.delivery.report.left_files import if_there
from goldenpath.delivery.report.release_difference import Novelty, ReleaseDifference
from goldenpath.shared import codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.delivery.model.finding import Finding, Findings
    from goldenpath.delivery.model.verdict import Verdict
    from goldenpath.delivery.model.work_folder import WorkFolder
    from goldenpath.delivery.report.job_summary import Facts

_PURL_KIND = re.compile(r"pkg:([a-z0-9.+-]+)/")
_COUNTING = {Standing.ACCEPTED, Standing.EXPIRES_SOON}
_NO_LICENCE = {"", "NOASSERTION", "NONE"}


class FindingStanding(StrEnum):
    """What a finding is worth in this run."""

    TO_FIX = "to fix"
    ACCEPTED = "accepted"
    UNFIXED = "no fix exists"
    REPORTED = "reported"


class ImagePart(StrEnum):
    """Which part of an image a finding is in."""

    BASE = "base image"
    OWN = "own layers"
    UNKNOWN = "not known"


class FindingRow(Struct, frozen=True):
    """One finding as the report lists it. `published` is a day like 2026-01-31, empty if unknown.

    `source` is empty for a finding that is not in the image, `change` where the last release is unknown.
    """

    standing: str
    severity: str
    id: str
    title: str
    package: str
    where: str
    origin: str
    remedy: str
    url: str
    published: str
    source: str
    change: str = ""


class LayerRow(Struct, frozen=True):
    """One layer: `size` in bytes as it is sent, and `brought_by` a base image or an instruction; empty if unknown."""

    platform: str
    digest: str
    size: int
    brought_by: str
    is_of_base: bool


class PackageRow(Struct, frozen=True):
    """One package of the inventory."""

    name: str
    version: str
    kind: str
    licence: str


class ReportData(Struct, frozen=True):
    """The rows of all tables; a table is empty where its stage left no file.

    `difference` is the difference to the last release; `None` if that was not scanned again.
    """

    findings: tuple[FindingRow, ...]
    layers: tuple[LayerRow, ...]
    packages: tuple[PackageRow, ...]
    difference: ReleaseDifference | None = None


class _SpdxReference(Struct, frozen=True, rename="camel"):
    reference_type: str = ""
    reference_locator: str = ""


class _ListedPackage(Struct, frozen=True, rename="camel"):
    name: str
    version_info: str = ""
    license_declared: str = ""
    license_concluded: str = ""
    external_refs: tuple[_SpdxReference, ...] = ()


class _SpdxDocument(Struct, frozen=True):
    packages: tuple[_ListedPackage, ...] = ()


def gather(work: WorkFolder, facts: Facts, released: WorkFolder | None = None) -> ReportData:
    """Return the rows of the run with these `facts`, those of layers and packages from the files in `work`.

    `released` is the folder of a re-scan of the last release; without one, the run's own comparison counts. Raises
    `BadInput` when there is no re-scan in it.
    """
    now = facts.reports.get(Gate.TRIVY)
    difference = release_difference.since(released, now) if released and now else facts.difference
    changes = difference.changes if difference else {}
    return ReportData(
        findings=tuple(
            row for gate, report in facts.reports.items() for row in _findings(report, facts.verdicts[gate], changes)
        ),
        layers=if_there(lambda: tuple(_layers(work))) or (),
        packages=if_there(lambda: tuple(_packages(work))) or (),
        difference=difference,
    )


def _findings(report: Findings, verdict: Verdict, changes: Mapping[str, Novelty]) -> Iterator[FindingRow]:
    deciding, unfixed = frozenset(verdict.decided_by), frozenset(verdict.unfixed)
    counting = (exception for exception in verdict.exceptions if exception.standing in _COUNTING)
    accepted = {name for exception in counting for name in exception.findings}
    order = sorted(report.findings, key=lambda finding: (finding.fingerprint not in deciding, finding.severity.rank))
    for finding in order:
        row = finding_row(finding, _standing(finding.fingerprint, deciding, accepted, unfixed))
        yield replace(row, change=changes.get(finding.fingerprint, ""))


def _standing(name: str, deciding: Iterable[str], accepted: Iterable[str], unfixed: Iterable[str]) -> FindingStanding:
    if name in deciding:
        return FindingStanding.TO_FIX
    if name in accepted:
        return FindingStanding.ACCEPTED
    return FindingStanding.UNFIXED if name in unfixed else FindingStanding.REPORTED


def finding_row(finding: Finding, standing: FindingStanding) -> FindingRow:
    """Return `finding` as a row; `standing` is what it is worth."""
    return FindingRow(
        standing=standing.value,
        severity=finding.severity.value,
        id=finding.id,
        title=finding.title,
        package=finding_text.package(finding),
        where=finding_text.place(finding) + finding_text.commit(finding) + finding_text.platforms(finding),
        origin=finding.origin.words if finding.origin else "",
        remedy=finding.remedy,
        url=finding.url if finding.url.startswith("https://") else "",
        published=finding.published.isoformat() if finding.published else "",
        source=_source(finding).value if finding.gate is Gate.TRIVY else "",
    )


def _source(finding: Finding) -> ImagePart:
    if finding.origin is None:
        return ImagePart.UNKNOWN
    return ImagePart.BASE if finding.origin.base else ImagePart.OWN


def _layers(work: WorkFolder) -> Iterator[LayerRow]:
    for image in work.read_candidate().platforms:
        for layer in image.content:
            origin = layer.origin
            words = origin.words if origin else ""
            yield LayerRow(image.platform, layer.digest, layer.size, words, bool(origin and origin.base))


def _packages(work: WorkFolder) -> Iterator[PackageRow]:
    inventory = codec.read(work.spdx, _SpdxDocument, written_by="sbom", take=work.content)
    for package in inventory.packages:
        kinds = (_PURL_KIND.match(link.reference_locator) for link in package.external_refs)
        kind = next((match[1] for match in kinds if match), "")
        licences = (package.license_concluded, package.license_declared)
        licence = next((name for name in licences if name not in _NO_LICENCE), "")
        if kind:  # the image itself is listed too
            yield PackageRow(package.name, package.version_info, kind, licence)
