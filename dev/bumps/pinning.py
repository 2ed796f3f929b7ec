"""A newer release becomes an entry of toolchain.yaml: downloaded, compared, its signature checked. Nothing of it runs.

The bytes are held against up to three statements: the release's own list of checksums, the digest that GitHub computed
when the file was uploaded, and the signature of the project's release workflow (dev/bumps/policy.py says who signs).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, assert_never

from dev import gitleaks_rules, pin
from dev.bumps import policy
from dev.bumps.policy import Signed, Signer
from dev.bumps.releases import Proposal
from msgspec import Struct

from goldenpath.shared import pins, process
from goldenpath.shared.errors import BadInput, GoldenPathError, ToolFailed, ToolHashMismatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from goldenpath.shared.download import Releases
    from goldenpath.shared.pins import Tool

_VERIFY_SECONDS = 120.0
_OF_SOURCE = "The rules in it are those of its source, for which Go's checksum database vouches."
_ENTRY = r"(?m)^(- name: {name}\n(?:  .*\n)*?  version: ){version}$"


class Pinned(Struct, frozen=True):
    """A proposal with the whole `table` that has it and nothing else changed; `checks` says what was compared."""

    proposal: Proposal
    table: str
    checks: tuple[str, ...]


def with_version(table: str, proposal: Proposal) -> str:
    """Return `table` with the version of the one tool replaced. Raises `BadInput` when its line is not found."""
    pattern = _ENTRY.format(name=re.escape(proposal.tool), version=re.escape(proposal.old))
    written, times = re.subn(pattern, rf"\g<1>{proposal.new}", table)
    if times != 1:
        raise BadInput(
            f"the version of {proposal.tool} could not be replaced",
            why=f"its entry has no line `version: {proposal.old}`",
            fix="lay the entry out like the others, or edit it by hand",
        )
    return written


class Pinning:
    """Pins releases in `folder`; `cosign` provides the program that checks signatures, `token` reads attestations."""

    def __init__(self, releases: Releases, folder: Path, cosign: Callable[[], Path], token: str) -> None:
        self._releases = releases
        self._folder = folder
        self._cosign = cosign
        self._token = token

    def apply(self, proposal: Proposal, table: str) -> Pinned:
        """Return `table` with `proposal` in it.

        Raises `ToolHashMismatch` when two statements about a file differ or a signature is not the project's, and
        `ToolMissing` when a file cannot be downloaded, or Go is missing where the source is needed too.
        """
        moved = with_version(table, proposal)
        tool = next(tool_now for tool_now in pins.parse(moved) if tool_now.name == proposal.tool)
        if not tool.assets:
            return Pinned(proposal, moved, ("Built with Go: Go's checksum database vouches for its source.",))
        folder = self._folder / tool.name
        folder.mkdir(parents=True, exist_ok=True)
        download = pin.download(tool, self._releases.at(tool.host), folder)
        _require_digests(tool, download, proposal)
        checks = tuple(self._checks(tool, download, proposal))
        written = pin.repinned(moved, tool.name, download.hashes, download.programs)
        if not tool.rules:
            return Pinned(proposal, written, checks)
        rules = gitleaks_rules.published(tool)
        return Pinned(proposal, gitleaks_rules.repinned(written, rules), (*checks, _OF_SOURCE))

    def _checks(self, tool: Tool, downloaded: pin.Downloaded, proposal: Proposal) -> Iterator[str]:
        """Yield what was compared, a sentence each; the signature is checked here."""
        if tool.checksums:
            yield f"Each file is what `{tool.filled(tool.checksums)}` of its own release says."
        yield "Each file has the digest that GitHub computed when it was uploaded."
        if proposal.immutable:
            yield "The release is immutable: nobody can replace its files."
        signer = policy.SIGNERS.get(tool.name)
        if signer is None:
            yield "No signature was checked: nothing else says who made them."
            return
        identity = tool.filled(signer.identity)
        for path in _signed(signer, downloaded):
            self._verify(tool, signer, identity, path)
        yield f"Signed: {signer.signed.value}, by `{identity}`."

    def _verify(self, tool: Tool, signer: Signer, identity: str, path: Path) -> None:
        command: tuple[str | Path, ...]
        match signer.signed:
            case Signed.LIST | Signed.FILES:
                name = tool.filled(tool.checksums) if signer.signed is Signed.LIST and tool.checksums else path.name
                bundle = path.with_name(f"{path.name}.sigstore.json")
                self._releases.fetch(tool.release_path(f"{name}.sigstore.json"), bundle)
                command = (
                    self._cosign(), "verify-blob", "--bundle", bundle, "--certificate-identity", identity,
                    "--certificate-oidc-issuer", signer.issuer, path,
                )  # fmt: skip
            case Signed.ATTESTED:
                command = (
                    "gh", "attestation", "verify", path, "--repo", str(tool.repository), "--signer-workflow", identity,
                )  # fmt: skip
            case _:
                assert_never(signer.signed)
        environment = {"HOME": str(self._folder), **({"GH_TOKEN": self._token} if command[0] == "gh" else {})}
        try:
            process.run(*command, timeout=_VERIFY_SECONDS, environment=environment)
        except ToolFailed as error:
            raise _unsigned(tool, path.name, identity, error) from None


def _signed(signer: Signer, downloaded: pin.Downloaded) -> tuple[Path, ...]:
    """Return the files that must be signed. Raises `BadInput` when the list of checksums is, and there is none."""
    if signer.signed is not Signed.LIST:
        return tuple(downloaded.files.values())
    if downloaded.checksums is None:
        raise BadInput("the signed list of checksums is not in the table", fix="name it as `checksums` of the entry")
    return (downloaded.checksums,)


def _require_digests(tool: Tool, downloaded: pin.Downloaded, proposal: Proposal) -> None:
    """Raise `ToolHashMismatch` unless GitHub's digest of each file is that of the bytes it served."""
    for asset in tool.assets:
        file = tool.filled(asset.name)
        known = proposal.digests.get(file, "nothing")
        if known != downloaded.hashes[asset.platform]:
            raise ToolHashMismatch(
                f"{file} is not what GitHub's API says it is; nothing was pinned",
                why=f"SHA-256 is {downloaded.hashes[asset.platform]}, the API says {known}",
                fix="do not use this release before you know why",
            )


def _unsigned(tool: Tool, file: str, identity: str, error: GoldenPathError) -> ToolHashMismatch:
    return ToolHashMismatch(
        f"{file} of {tool.name} {tool.version} is not signed by its project; nothing was pinned",
        why=f"expected {identity}: {error.why or error.what}",
        fix="do not use this release before you know why; who must sign is in dev/bumps/policy.py",
    )
