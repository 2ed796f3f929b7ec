"""A client of the OCI distribution protocol for releases: it streams from disk and checks every digest.

The bytes of a blob are compared with their digest by the registry that receives them, as the specification has it;
when it refuses them we look too, to tell a blob that changed on disk from one that broke on the way.

Source: OCI Distribution Specification 1.1, "Pushing", "Pulling manifests" and "Pulling blobs", and of ECR the
`InvalidLayerException` of CompleteLayerUpload. ECR's own ways: a blob goes up in one piece (POST, then one PUT), and
nothing is deleted here.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import urljoin, urlsplit

from urllib3.util import parse_url

from goldenpath.delivery.model import layout
from goldenpath.shared.errors import AccessDenied, Cancelled, LoginRefused, RegistryRefused, RepositoryMissing, TagTaken
from goldenpath.shared.http import BLOCK, TOO_MANY, Http
from goldenpath.shared.names import Digest
from goldenpath.shared.oci import DOCKER_LIST, DOCKER_MANIFEST, INDEX, MANIFEST
from goldenpath.shared.throttling import throttled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from io import FileIO
    from pathlib import Path

    from goldenpath.delivery.model.layout import Descriptor
    from goldenpath.delivery.registry.registry_token import Login
    from goldenpath.shared.http import Body, HttpResponse
    from goldenpath.shared.names import Tag

    _Send = Callable[[str, Mapping[str, str]], HttpResponse]

# ECR counts the pushes of all releases of an account together, and takes ten manifests a second.
MORE_WHEN_THROTTLED = 7
OK, CREATED, ACCEPTED, BAD_REQUEST, NOT_FOUND = 200, 201, 202, 400, 404
# To where the bytes are kept, on ECR to S3; a registry that sends us there has them.
_ELSEWHERE = frozenset({301, 302, 303, 307, 308})
_ACCEPT = f"{INDEX}, {MANIFEST}, {DOCKER_LIST}, {DOCKER_MANIFEST}"


@dataclass(frozen=True)
class StoredManifest:
    """A manifest as the registry holds it."""

    digest: Digest
    media_type: str
    content: bytes


class Upload:
    """The bytes of one blob on their way out of the file `path`, `sent` so far; `stop` ends it wherever it is."""

    def __init__(self, blob: Descriptor, path: Path) -> None:
        self.blob = blob
        self.path = path
        self.stopped = threading.Event()
        # Bytes that were read for the registry so far.
        self.sent = 0

    def stop(self) -> None:
        """Make the next read fail."""
        self.stopped.set()

    def open(self) -> IO[bytes]:
        """Return the bytes from their beginning, as a file that refuses to end elsewhere than the blob's size says."""
        self.sent = 0
        return cast("IO[bytes]", _Outgoing(self.path.open("rb", buffering=0), self))

    def require_unchanged(self) -> None:
        """Read all of it, and raise `CandidateChanged` when it is not what its digest says."""
        layout.require_blob(self.path, self.blob)


class _Outgoing:
    """The file of an upload, which is read once, from beginning to end."""

    def __init__(self, file: FileIO, upload: Upload) -> None:
        self._file = file
        self._upload = upload
        self._left = upload.blob.size
        # One buffer for all of it, small enough to stay near the processor between reading and sending.
        self._buffer = memoryview(bytearray(BLOCK))

    def read(self, size: int = BLOCK) -> memoryview:
        """Return the next bytes, at most `BLOCK` of them; they are gone with the next call."""
        if self._upload.stopped.is_set():
            raise Cancelled("The upload was stopped", fix="Run again: a re-run is safe and goes on")
        chunk = self._buffer[: self._file.readinto(self._buffer[:size])]
        self._left -= len(chunk)
        self._upload.sent += len(chunk)
        if self._left < 0 or (self._left and size and not chunk):
            raise layout.changed(f"{self._file.name} is not as long as it was", "it changed after it was scanned")
        return chunk

    def close(self) -> None:
        self._file.close()


class OciRegistry:
    """One repository of a registry, with one login; `renew` gives another when that one has expired.

    A login without an authorization asks as anybody may.
    """

    def __init__(
        self,
        login: Login,
        repository: str,
        *,
        http: Http | None = None,
        renew: Callable[[], Login] | None = None,
    ) -> None:
        self._renew = renew
        self._renewing = threading.Lock()
        self._base = f"{login.endpoint.rstrip('/')}/v2/{repository}/"
        self._authorization = login.authorization
        self._repository = repository
        self._http = http or Http(more_when_throttled=MORE_WHEN_THROTTLED)

    def manifest(self, reference: Tag | Digest) -> StoredManifest | None:
        """Return the manifest that `reference` names, checked against its digest; `None` when nothing has that name.

        Raises `RegistryRefused` when the bytes are not what the registry says they are, `AccessDenied` when we may not
        look: "not allowed" never reads as "free".
        """
        response = self._send("GET", f"manifests/{reference}", {"Accept": _ACCEPT})
        if response.status == NOT_FOUND:
            return None
        self._expect(response, OK, f"read the manifest {reference}", "BatchGetImage")
        digest = Digest.of(response.body)
        for said in (
            response.headers.get("docker-content-digest"),
            reference if isinstance(reference, Digest) else None,
        ):
            if said is not None and said != digest:
                raise self._refused(f"gave bytes of {digest} for {reference}", f"It said {said}")
        return StoredManifest(digest, response.headers.get("content-type", MANIFEST), response.body)

    def digest(self, reference: Tag) -> Digest | None:
        """Return the digest that `reference` names, without its manifest; `None` when nothing has that name.

        Raises as `manifest` does. Docker Hub does not count such a request as a pull.
        """
        response = self._send("HEAD", f"manifests/{reference}", {"Accept": _ACCEPT})
        if response.status == NOT_FOUND:
            return None
        self._expect(response, OK, f"look for the manifest {reference}", "BatchGetImage")
        try:
            return Digest(response.headers.get("docker-content-digest", ""))
        except ValueError as error:
            raise self._refused(f"named no digest for {reference}", str(error)) from None

    def has_blob(self, digest: Digest) -> bool:
        """Tell whether the repository holds the blob `digest`."""
        response = self._send("HEAD", f"blobs/{digest}")
        if response.status not in {NOT_FOUND, *_ELSEWHERE}:
            self._expect(response, OK, f"look for the blob {digest}", "BatchCheckLayerAvailability")
        return response.status != NOT_FOUND

    def fetch_blob(self, digest: Digest, path: Path) -> None:
        """Write the blob `digest` to `path`, streamed. Its bytes are as they came: compare them with the digest."""
        response = self._sent(
            f"{self._base}blobs/{digest}", lambda url, headers: self._http.save(url, headers, path), {}
        )
        if response.status in _ELSEWHERE:
            response = self._sent(
                self._location(response), lambda url, headers: self._http.save(url, headers, path), {}
            )
        self._expect(response, OK, f"fetch the blob {digest}", "GetDownloadUrlForLayer")

    def upload_blob(self, upload: Upload) -> None:
        """Upload a blob, streamed; the registry compares it with its digest.

        An upload that breaks off starts again with a new session: a registry does not take a second body in one.
        Raises `CandidateChanged` when it is not what its digest says.
        """
        done = self._http.with_retries(self._base, lambda: self._upload_once(upload))
        if done.status == BAD_REQUEST:
            upload.require_unchanged()
        self._expect(done, CREATED, f"upload the blob {upload.blob.digest}", "CompleteLayerUpload")
        self._confirmed(done, upload.blob.digest)

    def _upload_once(self, upload: Upload) -> HttpResponse:
        blob = upload.blob
        begun = self._send("POST", "blobs/uploads/", {"Content-Length": "0"})
        self._expect(begun, ACCEPTED, "begin an upload", "InitiateLayerUpload")
        place = self._location(begun)
        return self._sent(
            f"{place}{'&' if urlsplit(place).query else '?'}digest={blob.digest}",
            lambda url, headers: self._http.once("PUT", url, headers, upload.open),
            {"Content-Type": "application/octet-stream", "Content-Length": str(blob.size)},
        )

    def put_manifest(self, reference: Tag | Digest, media_type: str, content: bytes) -> Digest:
        """Store the manifest `content` under `reference` and return the digest that the registry confirmed.

        Raises `TagTaken` when an immutable repository holds the tag already.
        """
        response = self._send("PUT", f"manifests/{reference}", {"Content-Type": media_type}, content)
        if "TAG_INVALID" in _codes(response) or "ImageTagAlreadyExistsException" in _codes(response):
            raise TagTaken(
                f"The tag {reference} of {self._repository} is taken",
                why=_words(response),
                fix="The repository is immutable: deliver a new commit or give a new version",
            )
        self._expect(response, CREATED, f"store the manifest {reference}", "PutImage")
        return self._confirmed(response, Digest.of(content))

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def _send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: Body = None
    ) -> HttpResponse:
        return self._sent(self._base + path, lambda url, more: self._http.send(method, url, more, body), headers or {})

    def _sent(self, url: str, send: _Send, headers: Mapping[str, str]) -> HttpResponse:
        """Send a request with our login, and again with another when that one is over."""
        # A registry may send us elsewhere, to an address that carries its own permission: never our login too.
        if urlsplit(url)[:2] != urlsplit(self._base)[:2]:
            return send(url, headers)
        used = self._authorization
        response = send(url, {**headers, "Authorization": used} if used else headers)
        if self._renew is None or not _login_over(response):
            return response
        with self._renewing:
            if self._authorization == used:
                self._authorization = self._renew().authorization
        return send(url, {**headers, "Authorization": self._authorization})

    def _confirmed(self, response: HttpResponse, digest: Digest) -> Digest:
        said = response.headers.get("docker-content-digest", digest)
        if said != digest:
            raise self._refused(f"stored {said}", f"{digest} was sent")
        return digest

    def _location(self, response: HttpResponse) -> str:
        named = response.headers.get("location", "")
        if not named:
            raise self._refused("named no place to go on at", "The Location header is missing")
        try:
            place = urljoin(self._base, named)
            parse_url(place)
        except ValueError as error:
            raise self._refused("named no place to go on at that is an address", str(error)) from None
        return place

    def _expect(self, response: HttpResponse, status: int, wish: str, operation: str) -> None:
        """Raise what the response says instead; `operation` is ECR's name for the request."""
        if response.status == status:
            return
        why = _words(response)
        if response.status == TOO_MANY or "TOOMANYREQUESTS" in _codes(response):
            raise throttled(wish, why, operation)
        if _login_over(response):
            raise LoginRefused(f"The registry refused the login to {wish}", why=why, fix="Run again for a new login")
        if response.status == 403:  # noqa: PLR2004
            raise AccessDenied(f"Not allowed to {wish}", why=why, fix="Ask the platform team to allow it for this role")
        if "NAME_UNKNOWN" in _codes(response):
            raise RepositoryMissing(
                f"The registry knows no repository {self._repository}", why=why, fix="Create it, then run again"
            )
        raise self._refused(f"did not {wish}", why)

    def _refused(self, what: str, why: str) -> RegistryRefused:
        return RegistryRefused(
            f"The registry of {self._repository} {what}", why=why, fix="Run again: a re-run is safe and goes on"
        )


def _login_over(response: HttpResponse) -> bool:
    """Tell whether the login was refused. ECR refuses an expired one with 403, and says so."""
    return response.status == 401 or (response.status == 403 and b"token has expired" in response.body)  # noqa: PLR2004


def _codes(response: HttpResponse) -> set[str]:
    try:
        return {error["code"] for error in json.loads(response.body)["errors"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        return set()


def _words(response: HttpResponse) -> str:
    try:
        errors = json.loads(response.body)["errors"]
        return f"HTTP {response.status}: " + "; ".join(
            f"{error['code']}: {error.get('message', '')}" for error in errors
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return response.words
