"""Release files over HTTPS, through the user's proxy and CA bundle, checked against a pinned hash before any use.

Source of the CA variable: OpenSSL's SSL_CERT_FILE. The host can be replaced with
`GOLDENPATH_RELEASES` (a mirror, for networks without GitHub); the hashes are the same whoever serves the bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tarfile
import zipfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from urllib3.util import parse_url

from goldenpath.shared import runner
from goldenpath.shared.errors import BadInput, RegistryUnreachable, ToolHashMismatch, ToolMissing
from goldenpath.shared.http import Http

if TYPE_CHECKING:
    from pathlib import Path

GITHUB = "https://github.com"
# The user waits for it. GitHub redirects each file to its storage.
_OPTIONS: dict[str, Any] = {
    "attempts": 2, "connect_timeout": 4.0, "read_timeout": 30.0, "connections": 1, "redirects": 5,
}  # fmt: skip
# Not packed on the way: the hash is that of the file.
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "goldenpath"}
CHUNK = 1 << 20
# Hosts that did not respond in this process, each with what happened: the next tool does not wait for them again.
_silent: dict[str, str] = {}


@dataclass(frozen=True)
class Releases:
    """A host of releases, with its `base` address."""

    base: str

    @classmethod
    def from_environment(cls) -> Releases:
        """Return the host that `GOLDENPATH_RELEASES` names, else GitHub. Raises `BadInput` when it is no address."""
        base = (runner.variables().get("GOLDENPATH_RELEASES") or GITHUB).rstrip("/")
        if not base.startswith(("https://", "http://")) or not _hostname(base):
            raise BadInput(
                "GOLDENPATH_RELEASES is not an address that programs can be downloaded from",
                why="It must start with https:// (or http://) and name a host",
                fix="Set it to your mirror's address, or unset it to use GitHub",
            )
        return cls(base)

    def at(self, host: str | None) -> Releases:
        """Return where the releases of a program are whose own `host` is not GitHub; a mirror has those too."""
        return Releases(host) if host and self.base == GITHUB else self

    @property
    def is_silent(self) -> bool:
        """Whether this process already found that the host cannot be connected to."""
        return self.base in _silent

    def fetch_pinned(self, path: str, sha256: str, target: Path) -> None:
        """Write the file at `path` below the host to `target`, after its bytes turned out to have `sha256`.

        Raises `ToolMissing` when it cannot be downloaded and `ToolHashMismatch` (leaving no file) when its bytes are
        not the pinned ones.
        """
        digest = self.fetch(path, target)
        if digest == sha256:
            return
        target.unlink()
        raise ToolHashMismatch(
            f"{_hostname(self.base)} served {path} with other bytes than the pinned ones; they were not used",
            why=f"SHA-256 is {digest}, pinned is {sha256}",
            fix="Do not use that file; find out who changed it: the project, your mirror, or something in between",
        )

    def fetch(self, path: str, target: Path) -> str:
        """Write the file at `path` below the host to `target` and return its SHA-256, unchecked.

        Raises `ToolMissing` when it cannot be downloaded; a host that cannot be connected to is not asked again by
        this process.
        """
        if why := _silent.get(self.base):
            raise _unobtainable(self.base, path, why)
        with contextlib.closing(Http(**_OPTIONS)) as http:
            try:
                response = http.save(f"{self.base}/{path}", _HEADERS, target)
            except RegistryUnreachable as error:
                _silent[self.base] = _reason(error.__cause__)
                raise _unobtainable(self.base, path, _silent[self.base]) from error
        if response.status != 200:  # noqa: PLR2004  HTTP's own number
            raise _unobtainable(self.base, path, f"it responded with {response.status}")
        with target.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def unpack(archive: Path, member: str, target: Path) -> None:
    """Write the one file `member` of `archive`, a tar or zip, to `target`; nothing else is unpacked.

    No path out of the archive is ever used, so neither an absolute name nor a link in it can reach another file.
    Raises `BadInput` when `member` is not a regular file in it: then the table is wrong.
    """
    try:
        with contextlib.ExitStack() as files:
            content = _member(archive, member, files)
            if content is None:
                raise _bad_archive(archive, f"{member} is not a regular file in it")
            shutil.copyfileobj(content, files.enter_context(target.open("wb")), CHUNK)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise _bad_archive(archive, str(error)) from error


def _member(archive: Path, member: str, files: contextlib.ExitStack) -> IO[bytes] | None:
    if zipfile.is_zipfile(archive):
        packed = files.enter_context(zipfile.ZipFile(archive))
        return files.enter_context(packed.open(member)) if member in packed.namelist() else None
    tar = files.enter_context(tarfile.open(archive))  # noqa: SIM115  it is one
    entry = next((entry for entry in tar if entry.name.removeprefix("./") == member), None)
    return tar.extractfile(entry) if entry and entry.isreg() else None


def _bad_archive(archive: Path, why: str) -> BadInput:
    return BadInput(
        f"{archive.name} has the pinned hash but cannot be unpacked", why=why, fix="Correct `member` in toolchain.yaml"
    )


def _unobtainable(base: str, path: str, why: str) -> ToolMissing:
    return ToolMissing(
        f"{path.rpartition('/')[2]} cannot be downloaded from {_hostname(base)}",
        why=why,
        fix="Check the network and the proxy settings, or name a mirror in GOLDENPATH_RELEASES",
    )


def _reason(error: object) -> str:
    """Return the end of urllib3's message: before it are names of classes and the address once more."""
    cause = getattr(error, "reason", None) or error
    return str(cause).rpartition(">: ")[2].rpartition("): ")[2] or type(cause).__name__


def _hostname(url: str) -> str:
    return parse_url(url).host or ""
