"""Files of many languages as an image holds them: a few bytes each, in the form that scanners read."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from goldenpath.delivery.model.layout import Layout
from goldenpath.local.images import root_layout

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GROUP, ARTIFACT, OLD = "org.apache.logging.log4j", "log4j-core", "2.14.1"
MANIFEST = (
    "Manifest-Version: 1.0\r\n"
    f"Implementation-Title: {ARTIFACT}\r\nImplementation-Vendor-Id: {GROUP}\r\nImplementation-Version: {OLD}\r\n"
)
_ADDRESS, _HEADERS = 0x400000, 64 + 56


def image(folder: Path, files: Mapping[str, str | bytes]) -> Layout:
    """Return the layout of an image that holds `files`, each of which may be started."""
    for path, content in files.items():
        place = folder / "root" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        place.chmod(0o755)
    config = root_layout.RootImageConfig("amd64", (), ())
    root_layout.write(folder / "root", folder / "layout", config, newest=0, keep=lambda _: True)
    return Layout(folder / "layout")


def archive(members: Mapping[str, str | bytes]) -> bytes:
    """Return a zip file with `members`; the same members make the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name, raw in members.items():
            made.writestr(zipfile.ZipInfo(name), raw)
    return content.getvalue()


def coordinates(version: str = OLD) -> dict[str, str | bytes]:
    """Return the member by which Maven says what an archive is."""
    lines = f"groupId={GROUP}\nartifactId={ARTIFACT}\nversion={version}\n"
    return {f"META-INF/maven/{GROUP}/{ARTIFACT}/pom.properties": lines}


def go_program(module: str, version: str) -> bytes:
    """Return a program that says it was built with `module`, as Go's linker writes it (`debug/buildinfo`)."""
    lines = f"path\texample.org/app\nmod\texample.org/app\t(devel)\t\ndep\t{module}\t{version}\th1:x=\n"
    marks = (bytes.fromhex("3077af0c9274080241e1c107e6d618e6"), bytes.fromhex("f932433186182072008242104116d8f2"))
    about = b"go1.26.0", marks[0] + lines.encode() + marks[1]
    head = (b"\xff Go buildinf:" + bytes([8, 2])).ljust(32, b"\0")
    return elf(".go.buildinfo", head + b"".join(_varint(len(each)) + each for each in about))


def rust_program(crate: str, version: str) -> bytes:
    """Return a program that says it was built with `crate`, as cargo-auditable writes it."""
    packages = [{"name": crate, "version": version, "source": "registry"}]
    packages.append({"name": "app", "version": "1.0.0", "source": "local", "dependencies": [0], "root": True})  # type: ignore[dict-item]
    return elf(".dep-v0", zlib.compress(json.dumps({"packages": packages}).encode()))


def elf(section: str, content: bytes) -> bytes:
    """Return a 64-bit program for Linux with one `section`."""
    names = b"\0" + section.encode() + b"\0.shstrtab\0"
    start = _HEADERS
    table = start + len(content) + len(names)
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 2, 62, 1, _ADDRESS, 64, table, 0, 64, 56, 1, 64, 3, 2
    )
    segment = struct.pack("<IIQQQQQQ", 1, 6, start, _ADDRESS, _ADDRESS, len(content), len(content), 16)
    sections = (
        bytes(64),
        struct.pack("<IIQQQQIIQQ", 1, 1, 3, _ADDRESS, start, len(content), 0, 0, 16, 0),
        struct.pack("<IIQQQQIIQQ", len(section) + 2, 3, 0, 0, start + len(content), len(names), 0, 0, 1, 0),
    )
    return header + segment + content + names + b"".join(sections)


def _varint(number: int) -> bytes:
    low, high = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(high) if high else bytes([low])
