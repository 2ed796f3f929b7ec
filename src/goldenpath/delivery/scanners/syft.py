"""syft: the inventory (SBOM) of an image, as SPDX and as CycloneDX."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

from goldenpath.delivery.scanners import scanner
from goldenpath.shared import codec, process
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.shared.toolchain import Program


# The documents that syft writes, by their format.
OUTPUTS = ("spdx-json", "cyclonedx-json")
# How much garbage Go's runtime lets grow (https://pkg.go.dev/runtime, GOGC): on two cores, an image of 350 MB takes a
# tenth less time than with Go's own 100, and 360 MB of memory, less than trivy takes beside it.
_GARBAGE_PERCENT = "200"


class _SpdxPackage(Struct, frozen=True, rename="camel"):
    version_info: str = ""
    primary_package_purpose: str = ""


class _Spdx(Struct, frozen=True):
    packages: list[_SpdxPackage]


class _Component(Struct, frozen=True):
    version: Digest


class _CycloneDxMetadata(Struct, frozen=True):
    component: _Component


class _CycloneDx(Struct, frozen=True):
    metadata: _CycloneDxMetadata


@dataclass(frozen=True)
class Sbom:
    """One image's inventory in both formats, as syft wrote them; both are about the manifest `digest`."""

    spdx: bytes
    cyclonedx: bytes
    digest: Digest
    packages: int


def scan(program: Program, layout: Path, name: str) -> Sbom:
    """Take inventory of the one image in the OCI image layout `layout`; the documents call it `name`.

    syft runs in an empty folder, which is its home too: neither a `.syft.yaml` nor `SYFT_*` of the caller reach it.
    Raises `ScannerFailed`.
    """
    with scanner.empty_folder("syft") as folder:
        spdx, cyclonedx = folder / "spdx.json", folder / "cyclonedx.json"
        process.run(
            program.path, "scan", f"oci-dir:{layout}", "--quiet", "--source-name", name,
            "--output", f"spdx-json={spdx}", "--output", f"cyclonedx-json={cyclonedx}",
            timeout=scanner.TIMEOUT, cwd=folder,
            environment={"SYFT_CHECK_FOR_APP_UPDATE": "false", "HOME": str(folder), "GOGC": _GARBAGE_PERCENT},
        )  # fmt: skip
        return parse(spdx.read_bytes(), cyclonedx.read_bytes())


def parse(spdx: bytes, cyclonedx: bytes) -> Sbom:
    """Return the inventory in syft's two documents. Raises `ScannerFailed` unless both are of the same image."""
    try:
        packages = codec.decode(spdx, _Spdx).packages
        digest = codec.decode(cyclonedx, _CycloneDx).metadata.component.version
    except ValueError as error:
        raise scanner.failed("syft", f"Its report cannot be read: {error}") from None
    images = [package.version_info for package in packages if package.primary_package_purpose == "CONTAINER"]
    if images != [digest]:
        raise scanner.failed("syft", f"Its SPDX document is about {images}, its CycloneDX document about {digest}")
    return Sbom(spdx, cyclonedx, digest, len(packages) - len(images))


def spdx_subject(document: bytes) -> Digest:
    """Return the digest of the image that an SPDX document of syft is about. Raises `ValueError`."""
    packages = codec.decode(document, _Spdx).packages
    images = [package.version_info for package in packages if package.primary_package_purpose == "CONTAINER"]
    return Digest(images[0] if len(images) == 1 else "")


def cyclonedx_subject(document: bytes) -> Digest:
    """Return the digest of the image that a CycloneDX document of syft is about. Raises `ValueError`."""
    return codec.decode(document, _CycloneDx).metadata.component.version
