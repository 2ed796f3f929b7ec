"""Pin what a release consists of: `python dev/pin.py trivy`, after editing its `version` in toolchain.yaml.

Downloads each file that the table lists for the tool, hashes it, compares it with the release's own list of checksums,
and writes the new SHA-256 values, of archives and of the programs in them, into the table; everything else stays. For
gitleaks it also pins the rules in it, which needs Go.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[1] / folder) for folder in ("src", "")]

from dev import gitleaks_rules
from msgspec.structs import replace

from goldenpath.shared import codec, pins
from goldenpath.shared.download import Releases, unpack
from goldenpath.shared.errors import BadInput, GoldenPathError, ToolHashMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.shared.pins import Asset, Host, Tool

NONE: Mapping[Host, str] = MappingProxyType({})
_ENTRY = re.compile(r"- name: (\S+)$")
_PLATFORM = re.compile(r" +- platform: (\S+)$")
_SHA256 = re.compile(r"( +sha256: )[0-9a-f]{64}$")
_PROGRAM = re.compile(r" +program: [0-9a-f]{64}$")
_CHECKSUM = re.compile(r"([0-9a-f]{64}) [ *](?:\./)?(\S+)$")


def repinned(text: str, name: str, hashes: Mapping[Host, str], programs: Mapping[Host, str] = NONE) -> str:
    """Return the table `text` with the SHA-256 of each platform in `hashes` replaced for the tool `name`.

    `programs` are the hashes of the programs in those files; one that is not known any more is left out. Nothing else
    changes, which is checked on the parsed result. Raises `BadInput` when a line to replace is not found.
    """
    lines: list[str] = []
    missing, entry, platform = set(hashes), "", ""
    for line in text.split("\n"):
        if _PROGRAM.match(line) and entry == name and platform in hashes:
            continue
        lines.append(line)
        if match := _ENTRY.match(line):
            entry, platform = match[1], ""
        elif match := _PLATFORM.match(line):
            platform = match[1]
        elif entry == name and platform in missing and (match := _SHA256.match(line)):
            host = pins.Host(platform)
            lines[-1] = match[1] + hashes[host]
            lines += [match[1].replace("sha256", "program") + programs[host]] if host in programs else []
            missing.remove(host)
    written = "\n".join(lines)
    if missing or pins.parse(written) != _expected(pins.parse(text), name, hashes, programs):
        raise BadInput(
            f"the SHA-256 values of {name} could not be replaced line by line",
            why="each asset has to be three lines: platform, name, sha256",
            fix="lay the entry out like the others, or edit it by hand",
        )
    return written


def checksums(text: str) -> dict[str, str]:
    """Return the SHA-256 of each file name in `text`, a list as `sha256sum` writes it; other lines are left out."""
    return {match[2]: match[1] for line in text.splitlines() if (match := _CHECKSUM.match(line.strip()))}


def _expected(
    tools: tuple[Tool, ...], name: str, hashes: Mapping[Host, str], programs: Mapping[Host, str]
) -> tuple[Tool, ...]:
    def pinned(asset: Asset) -> Asset:
        if asset.platform not in hashes:
            return asset
        return replace(asset, sha256=hashes[asset.platform], program=programs.get(asset.platform))

    def renewed(tool: Tool) -> Tool:
        return replace(tool, assets=tuple(pinned(asset) for asset in tool.assets))

    return tuple(renewed(tool) if tool.name == name else tool for tool in tools)


@dataclass(frozen=True)
class Downloaded:
    """A release as it is served now: each file by its name in `files`, and the SHA-256 of files and programs.

    `checksums` is the release's own list of checksums, where it has one.
    """

    files: Mapping[str, Path]
    hashes: Mapping[Host, str]
    programs: Mapping[Host, str]
    checksums: Path | None = None


def download(tool: Tool, releases: Releases, folder: Path) -> Downloaded:
    """Return every file of `tool` that the table lists, downloaded into `folder`.

    Raises `ToolHashMismatch` when one is not what the release's own list says, where it has one.
    """
    listed, own = {}, folder / "checksums" if tool.checksums else None
    if tool.checksums and own:
        releases.fetch(tool.release_path(tool.checksums), own)
        listed = checksums(own.read_text(encoding="utf-8", errors="replace"))
    files, hashes, programs = {}, {}, {}
    for asset in tool.assets:
        file = tool.filled(asset.name)
        files[file] = path = folder / file
        hashes[asset.platform] = digest = releases.fetch(tool.release_path(asset.name), path)
        if tool.checksums and listed.get(file) != digest:
            raise ToolHashMismatch(
                f"{file} is not what {tool.checksums} of its own release says; nothing was pinned",
                why=f"SHA-256 is {digest}, listed is {listed.get(file, 'nothing')}",
                fix="do not use this release before you know why",
            )
        if tool.member:
            unpack(path, tool.member, folder / "program")
            programs[asset.platform] = hashlib.sha256((folder / "program").read_bytes()).hexdigest()
        print(f"{asset.platform}  {asset.sha256[:12]} -> {digest[:12]}  {file}")
    return Downloaded(files, hashes, programs, own)


def main(name: str) -> None:
    """Pin the tool `name` again. On any error, which is raised, the table stays as it was."""
    tool = next((tool for tool in pins.load(pins.TABLE) if tool.name == name), None)
    if tool is None:
        raise BadInput(f"{name} is not in {pins.TABLE.name}", fix="name one of its entries")
    if tool.assets:
        with tempfile.TemporaryDirectory() as folder:
            release = download(tool, Releases.from_environment().at(tool.host), Path(folder))
        written = repinned(pins.TABLE.read_text(encoding="utf-8"), name, release.hashes, release.programs)
        codec.write_bytes(pins.TABLE, written.encode())
    if tool.rules:
        gitleaks_rules.main(())
    print(_to_check(tool))


def _to_check(tool: Tool) -> str:
    steps = [
        "the release notes: what changed in its options, its report and its exit status",
        f"the hashes against a second source than {tool.repository or tool.host}" if tool.assets else "",
        "`image`: its version and digest, which are not looked up: two public sources have to agree"
        if tool.image
        else "",
        "`ldflags`: the program must report the new version" if tool.go else "",
        "`git diff`, then `goldenpath tools install` and `make test`",
    ]
    return "Now check:\n" + "\n".join(f"- {step}" for step in steps if step)


if __name__ == "__main__":
    match sys.argv:
        case [_, wanted]:
            try:
                main(wanted)
            except GoldenPathError as error:
                raise SystemExit(f"dev/pin.py: {error}") from None
        case _:
            raise SystemExit(__doc__)
