"""Pin what a release consists of: `python dev/pin.py trivy`, after editing its `version` in toolchain.yaml.

Downloads each file that the table lists for the tool, hashes it, compares it with the release's own list of checksums,
and writes the new SHA-256 values into the table; comments and everything else stay as they are.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from msgspec.structs import replace

from goldenpath.errors import BadInput, GoldenPathError, ToolHashMismatch
from goldenpath.model import codec
from goldenpath.tools import pins
from goldenpath.tools.download import Releases

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.tools.pins import Host, Tool

_ENTRY = re.compile(r"- name: (\S+)$")
_PLATFORM = re.compile(r" +- platform: (\S+)$")
_SHA256 = re.compile(r"( +sha256: )[0-9a-f]{64}$")
_CHECKSUM = re.compile(r"([0-9a-f]{64}) [ *](?:\./)?(\S+)$")


def repinned(text: str, name: str, hashes: Mapping[Host, str]) -> str:
    """Return the table `text` with the SHA-256 of each platform in `hashes` replaced for the tool `name`.

    Nothing else changes, which is checked on the parsed result. Raises `BadInput` when a line to replace is not found.
    """
    lines, missing, entry, platform = text.split("\n"), set(hashes), "", ""
    for number, line in enumerate(lines):
        if found := _ENTRY.match(line):
            entry, platform = found[1], ""
        elif found := _PLATFORM.match(line):
            platform = found[1]
        elif entry == name and platform in missing and (found := _SHA256.match(line)):
            lines[number] = found[1] + hashes[pins.Host(platform)]
            missing.remove(pins.Host(platform))
    written = "\n".join(lines)
    if missing or pins.parse(written) != _expected(pins.parse(text), name, hashes):
        raise BadInput(
            f"the SHA-256 values of {name} could not be replaced line by line",
            why="each asset has to be three lines: platform, name, sha256",
            fix="lay the entry out like the others, or edit it by hand",
        )
    return written


def checksums(text: str) -> dict[str, str]:
    """Return the SHA-256 of each file name in `text`, a list as `sha256sum` writes it; other lines are left out."""
    return {found[2]: found[1] for line in text.splitlines() if (found := _CHECKSUM.match(line.strip()))}


def _expected(tools: tuple[Tool, ...], name: str, hashes: Mapping[Host, str]) -> tuple[Tool, ...]:
    def renewed(tool: Tool) -> Tool:
        assets = tuple(replace(a, sha256=hashes.get(a.platform, a.sha256)) for a in tool.assets)
        return replace(tool, assets=assets)

    return tuple(renewed(tool) if tool.name == name else tool for tool in tools)


def _download(tool: Tool, releases: Releases, folder: Path) -> dict[Host, str]:
    """Return the SHA-256 of each asset as served now, agreed with the release's own list where it has one."""
    listed = {}
    if tool.checksums:
        path = f"{tool.repository}/releases/download/v{tool.version}/{tool.filled(tool.checksums)}"
        releases.fetch(path, folder / "checksums")
        listed = checksums((folder / "checksums").read_text(encoding="utf-8", errors="replace"))
    hashes = {}
    for asset in tool.assets:
        file = tool.filled(asset.name)
        hashes[asset.platform] = found = releases.fetch(tool.release_path(asset), folder / "asset")
        if tool.checksums and listed.get(file) != found:
            raise ToolHashMismatch(
                f"{file} is not what {tool.checksums} of its own release says; nothing was pinned",
                why=f"SHA-256 is {found}, listed is {listed.get(file, 'nothing')}",
                fix="do not use this release before you know why",
            )
        print(f"{asset.platform}  {asset.sha256[:12]} -> {found[:12]}  {file}")
    return hashes


def main(name: str) -> None:
    """Pin the tool `name` anew. On any error, which is raised, the table stays as it was."""
    tool = next((tool for tool in pins.load(pins.TABLE) if tool.name == name), None)
    if tool is None:
        raise BadInput(f"{name} is not in {pins.TABLE.name}", fix="name one of its entries")
    if tool.assets:
        with tempfile.TemporaryDirectory() as folder:
            hashes = _download(tool, Releases.from_environment(), Path(folder))
        codec.write_bytes(pins.TABLE, repinned(pins.TABLE.read_text(encoding="utf-8"), name, hashes).encode())
    print(_to_check(tool))


def _to_check(tool: Tool) -> str:
    steps = [
        "the release notes: what changed in its options, its report and its exit status",
        f"the hashes against a second source than {tool.repository}" if tool.assets else "",
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
