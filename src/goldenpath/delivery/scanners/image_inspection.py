"""Collect everything in an image that `trivy-gate` decides about.

That is: vulnerabilities, secrets, git folders, and the places that no scanner can see.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import structs

from goldenpath.delivery.image import unpacked_layers
from goldenpath.delivery.model import image_origins
from goldenpath.delivery.model.finding import Finding, Findings, Gate, Kind, Location, Scanner, Severity
from goldenpath.delivery.model.verdict import Mode
from goldenpath.delivery.scanners import finding_platforms, git_folder_findings, trivy_scanner
from goldenpath.delivery.scanners.scanner import NOTHING, TITLE_LENGTH, fingerprint
from goldenpath.shared.errors import ScannerFailed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from goldenpath.delivery.image.image_files import LayerSearch
    from goldenpath.delivery.model.image_config import ImageConfig
    from goldenpath.delivery.model.image_origins import ImageOrigins
    from goldenpath.delivery.model.layout import Layout
    from goldenpath.delivery.rules.matrix import Environment
    from goldenpath.delivery.scanners.scanner import ImageScan, ImageScanner
    from goldenpath.delivery.stage import Run
    from goldenpath.shared.names import Digest

# The adapter of the scanner that decides; docs/policy.md, "Another scanner", says what another one needs.
SCANNER = trivy_scanner.opened
EMPTY_INVENTORY = "empty-inventory"
UNSUPPORTED_SYSTEM = "unsupported-os"
OTHER_SYSTEM = "os-mismatch"
NO_ORIGINS: Mapping[Digest, ImageOrigins] = MappingProxyType({})


def inspect(run: Run, layout: Layout, origins: Mapping[Digest, ImageOrigins] = NO_ORIGINS) -> Findings:
    """Return the findings of trivy and of our own searches in every platform of the image in `layout`.

    trivy's database is fresh enough for the environment.

    `origins` say by the digest of each platform's image what brought its layers; its labels say so where they do not.
    """
    environment = run.rules.environment
    subject = layout.root().digest
    with (
        unpacked_layers.shared_or_own(run.layers) as layers,
        SCANNER(run, environment, layout, layers) as (scanner, provided),
    ):
        scans: dict[str, ImageScan] = {}
        for platform, image in layout.by_platform().items():
            run.say(f"scanning {subject[:19]} for {platform} for known vulnerabilities")
            config = layout.config(image)
            known = origins.get(image.descriptor.digest) or image_origins.labelled(config)
            scanned = scanner.scan(layout, image, image_origins.own_layers(config, known))
            scans[platform] = with_origins(scanned, config, known)
    of_scans = [note for scanned in scans.values() for note in scanned.notes]
    unknown = unknown_to_database(scanner, scans.values())
    # An OS that this trivy has not heard of may be in no database yet: that is a finding, and takes an exception.
    young = {scan.inventory.system for scan in scans.values() if scan.is_young}
    notes = [*provided.notes, *require_known([name for name in unknown if name not in young], environment)]
    searches = provided.searches if environment.image_secrets else ()
    of_git, clones = git_folder_findings.judged(run, git_folder_findings.merged_folders(searches))
    return Findings(
        gate=Gate.TRIVY,
        scanner=Scanner(scanner.program.name, scanner.program.version, scanner.program.origin),
        subject=subject,
        seen={name: f"{scanned.packages} packages, {scanned.system or 'no OS'}" for name, scanned in scans.items()},
        findings=(*merged(scans, young.intersection(unknown)), *of_git),
        notes=tuple(dict.fromkeys((*notes, *of_scans, *clones, *not_searched(scanner, environment, searches)))),
        database=provided.vulnerabilities,
        java_database=provided.java,
    )


def unknown_to_database(scanner: ImageScanner, scans: Iterable[ImageScan]) -> tuple[str, ...]:
    """Return the ecosystems of the packages in `scans` that the scanner's database knows nothing about."""
    inventories = dict.fromkeys(scanned.inventory for scanned in scans if scanned.inventory != NOTHING)
    return tuple(dict.fromkeys(name for inventory in inventories for name in scanner.unknown(inventory)))


def require_known(unknown: Sequence[str], environment: Environment) -> Iterator[str]:
    """Say which ecosystems the database knows nothing about; raise `ScannerFailed` where the gate blocks."""
    names = ", ".join(unknown)
    if not names:
        return
    what = f"trivy's database knows nothing about {names}"
    if environment.modes[Gate.TRIVY] is Mode.BLOCKING:
        raise ScannerFailed(
            f"{what}; its vulnerabilities would be missed, so nothing is released",
            why="Old packages with well-known vulnerabilities were shown to trivy, and it reported none of them",
            fix="Remove the database from trivy's cache and run again; if it persists, look at the mirrors under "
            "trivy.databases in the platform's policy: one of them gives an incomplete database",
        )
    yield f"{what}; in a blocking environment nothing would be released"


def with_origins(scanned: ImageScan, config: ImageConfig, origins: ImageOrigins | None) -> ImageScan:
    """Return `scanned` with the origin of its findings (the base image or the app), where that is known."""
    by_layer = image_origins.by_layer(config, origins)
    pairs = zip(scanned.findings, scanned.layers, strict=True)
    return replace(
        scanned, findings=tuple(structs.replace(finding, origin=by_layer.get(layer)) for finding, layer in pairs)
    )


def merged(scans: Mapping[str, ImageScan], unlisted: Collection[str] = ()) -> tuple[Finding, ...]:
    """Return the findings of `scans`, by platform, without duplicates, and those on what trivy could not look into.

    `unlisted` are the OS that trivy's database knows nothing about although that is no mistake of the database.
    """
    return finding_platforms.merged(
        {platform: (*scanned.findings, *_blind_spots(scanned, unlisted)) for platform, scanned in scans.items()}
    )


def not_searched(scanner: ImageScanner, environment: Environment, searches: Iterable[LayerSearch]) -> tuple[str, ...]:
    """Return a sentence for every part of the image that was not searched for secrets."""
    if not environment.image_secrets:
        return ("the image was not searched for secrets: the platform's rules do not ask for it",)
    unread = dict.fromkeys(name for search in searches for name in search.unread)
    layers = (f"layer {name} cannot be read here and was not searched for git folders" for name in unread)
    return (f"in the image, no secrets are looked for in {scanner.not_searched}", *layers)


def _blind_spots(scanned: ImageScan, unlisted: Collection[str]) -> Iterator[Finding]:
    if not scanned.packages:
        yield _blind_spot(
            EMPTY_INVENTORY,
            title="No package was seen in the image, so nothing is known about its vulnerabilities",
            advice="Keep the package database of the base image, or build from one that has one.",
        )
    if scanned.unsupported:
        yield _blind_spot(
            UNSUPPORTED_SYSTEM,
            scanned.system,
            title=scanned.unsupported,
            advice=f"The image's OS is {scanned.system or 'not named'}: build from a release that its distribution "
            "supports and trivy knows, and keep its /etc/os-release.",
        )
    if scanned.contradiction:
        yield _blind_spot(
            OTHER_SYSTEM,
            scanned.contradiction,
            title=f"Whose fixes count is unknown: {scanned.contradiction}",
            advice="Keep the files of the base image that name its OS (/etc/os-release, /etc/debian_version) as they "
            "are.",
        )
    if (name := scanned.inventory.system) in unlisted:
        yield _blind_spot(
            UNSUPPORTED_SYSTEM,
            name,
            title=f"trivy's database has nothing about {name}: vulnerabilities in its OS packages are missed",
            advice=f"trivy's database has nothing about {name}: build from a release that it knows.",
        )


def _blind_spot(kind: str, *subject: str, title: str, advice: str) -> Finding:
    return Finding(
        gate=Gate.TRIVY,
        id=kind,
        severity=Severity.HIGH,
        title=title[:TITLE_LENGTH],
        location=Location("image"),
        fingerprint=fingerprint(kind, *subject),
        kind=Kind.BLIND_SPOT,
        advice=advice,
    )
