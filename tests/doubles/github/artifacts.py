"""A double of the artifacts of a repository's runs, with their content in a storage that is another host.

Source: GitHub REST API, "List artifacts for a repository", "Download an artifact".
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import secrets
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from goldenpath.local.github.code_scanning import RejectedError
from goldenpath.local.responses import json_response
from tests.doubles.github.shapes import stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request

    from tests.doubles.github.shapes import Place

STORAGE = "/artifact-storage/"
_NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
_OURS, _FORK = 1, 2


@dataclass
class Artifact:
    """One artifact of a run; `size` is what GitHub says of it, and `content` its ZIP file."""

    number: int
    run: int
    name: str
    content: bytes
    size: int
    created: dt.datetime
    expired: bool
    of_fork: bool
    has_digest: bool = True


@dataclass
class Artifacts:
    """The artifacts of all repositories. With a `refusal` (status, words) nobody may fetch one.

    `downloads` are the names of those that were fetched. The storage responds with `storage_status`.
    """

    refusal: tuple[int, str] | None = None
    downloads: list[str] = field(default_factory=list)
    storage_status: int = 200
    storage_scheme: str = ""
    _key: str = field(default_factory=lambda: secrets.token_urlsafe(8))
    _of: dict[str, list[Artifact]] = field(default_factory=dict)

    def keep(
        self, repository: str, name: str, files: Mapping[str, bytes] | bytes = b"", *, run: int = 12345678901,
        size: int | None = None, created: dt.datetime = _NOW, expired: bool = False, of_fork: bool = False,
    ) -> Artifact:  # fmt: skip
        """Let a run leave an artifact with `files`, or with the bytes of a ZIP file."""
        content = files if isinstance(files, bytes) else zipped(files)
        number = sum(map(len, self._of.values())) + 1
        kept = Artifact(number, run, name, content, len(content) if size is None else size, created, expired, of_fork)
        self._of.setdefault(repository, []).append(kept)
        return kept

    def list_all(self, place: Place, query: Mapping[str, str]) -> dict[str, Any]:
        """Respond to "List artifacts for a repository": the newest first."""
        size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
        known = self._of.get(place.repository, [])[::-1]
        listed = [_described(place, artifact) for artifact in known[size * (page - 1) : size * page]]
        return {"total_count": len(known), "artifacts": listed}

    def address(self, place: Place, number: int) -> Response:
        """Respond to "Download an artifact". Raises `RejectedError`."""
        if self.refusal:
            raise RejectedError(*self.refusal)
        artifact = next((each for each in self._of.get(place.repository, ()) if each.number == number), None)
        if artifact is None:
            raise RejectedError(404, "Not Found")
        if artifact.expired:
            raise RejectedError(410, "Artifact has expired")
        scheme, _, host = place.origin.partition("://")
        # The same server by another name where a test listens, as there is only the loopback.
        elsewhere = host.replace("127.0.0.1", "localhost") if "127.0.0.1" in host else f"storage.{host}"
        address = f"{self.storage_scheme or scheme}://{elsewhere}{STORAGE}{number}.zip?sig={self._key}"
        return Response("", 302, {"Location": address})

    def fetch(self, request: Request) -> Response:
        """Respond as the storage, which takes the address as the login and refuses any other, as Azure's does."""
        if "Authorization" in request.headers:
            return json_response(400, {"message": "Authentication information is not given in the correct format"})
        if request.args.get("sig") != self._key:
            return Response("", 403)
        number = int(request.path.removeprefix(STORAGE).removesuffix(".zip"))
        (artifact,) = (each for known in self._of.values() for each in known if each.number == number)
        self.downloads.append(artifact.name)
        return Response(artifact.content if self.storage_status == 200 else b"", self.storage_status)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return `files` as a ZIP file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _described(place: Place, artifact: Artifact) -> dict[str, Any]:
    url = f"{place.url}/actions/artifacts/{artifact.number}"
    digest = f"sha256:{hashlib.sha256(artifact.content).hexdigest()}"
    return {
        "id": artifact.number, "node_id": f"A_{artifact.number}", "name": artifact.name, "url": url,
        "size_in_bytes": artifact.size, "archive_download_url": f"{url}/zip", "expired": artifact.expired,
        **dict.fromkeys(("created_at", "updated_at", "expires_at"), stamp(artifact.created)),
        "digest": digest if artifact.has_digest else None,
        "workflow_run": {
            "id": artifact.run, "repository_id": _OURS, "head_repository_id": _FORK if artifact.of_fork else _OURS,
            "head_branch": "main", "head_sha": "0" * 40,
        },
    }  # fmt: skip
