"""A client of the OCI distribution protocol, made for releasing: streamed from disk, every digest checked.

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
from goldenpath.shared.http import BLOCK, Http
from goldenpath.shared.names import Digest
from goldenpath.shared.oci import DOCKER_LIST, DOCKER_MANIFEST, INDEX, MANIFEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from io import FileIO
    from pathlib import Path

    from goldenpath.delivery.model.layout import Descriptor
    from goldenpath.delivery.registry.registry_token import Login
    from goldenpath.shared.http import Body, HttpResponse
    from goldenpath.shared.names import Tag

    _Send = Callable[[str, Mapping[str, str]], HttpResponse]

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
    """The bytes of one blob on their way out of the file `path`; `stop` ends it wherever it is."""

    def __init__(self, blob: Descriptor, path: Path) -> None:
        self.blob = blob
        self.path = path
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Make the next read fail."""
        self._stopped.set()

    def open(self) -> IO[bytes]:
        """Return the bytes from their beginning, as a file that refuses to end elsewhere than the blob's size says."""
        return cast("IO[bytes]", _Outgoing(self.path.open("rb", buffering=0), self.blob.size, self._stopped))

    def require_unchanged(self) -> None:
        """Read all of it, and raise `CandidateChanged` when it is not what its digest says."""
        layout.require_blob(self.path, self.blob)


class _Outgoing:
    """A file of `size` bytes that is read once, from beginning to end."""

    def __init__(self, file: FileIO, size: int, stopped: threading.Event) -> None:
        self._file = file
        # One buffer for all of it, small enough to stay near the processor between reading and sending.
        self._buffer = memoryview(bytearray(BLOCK))
        self._left = size
        self._stopped = stopped

    def read(self, size: int = BLOCK) -> memoryview:
        """Return the next bytes, at most `BLOCK` of them; they are gone with the next call."""
        if self._stopped.is_set():
            raise Cancelled("the upload was stopped", fix="run again: a re-run is safe and goes on")
        chunk = self._buffer[: self._file.readinto(self._buffer[:size])]
        self._left -= len(chunk)
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
        self._http = http or Http()

    def manifest(self, reference: Tag | Digest) -> StoredManifest | None:
        """Return the manifest that `reference` names, checked against its digest; `None` when nothing has that name.

        Raises `RegistryRefused` when the bytes are not what the registry says they are, `AccessDenied` when we may not
        look: "not allowed" never reads as "free".
        """
        answer = self._send("GET", f"manifests/{reference}", {"Accept": _ACCEPT})
        if answer.status == NOT_FOUND:
            return None
        self._expect(answer, OK, f"read the manifest {reference}")
        digest = Digest.of(answer.body)
        for said in (answer.headers.get("docker-content-digest"), reference if isinstance(reference, Digest) else None):
            if said is not None and said != digest:
                raise self._refused(f"gave bytes of {digest} for {reference}", f"it said {said}")
        return StoredManifest(digest, answer.headers.get("content-type", MANIFEST), answer.body)

    def digest(self, reference: Tag) -> Digest | None:
        """Return the digest that `reference` names, without its manifest; `None` when nothing has that name.

        Raises as `manifest` does. Docker Hub does not count such a request as a pull.
        """
        answer = self._send("HEAD", f"manifests/{reference}", {"Accept": _ACCEPT})
        if answer.status == NOT_FOUND:
            return None
        self._expect(answer, OK, f"look for the manifest {reference}")
        try:
            return Digest(answer.headers.get("docker-content-digest", ""))
        except ValueError as error:
            raise self._refused(f"named no digest for {reference}", str(error)) from None

    def has_blob(self, digest: Digest) -> bool:
        """Tell whether the repository holds the blob `digest`."""
        answer = self._send("HEAD", f"blobs/{digest}")
        if answer.status not in {NOT_FOUND, *_ELSEWHERE}:
            self._expect(answer, OK, f"look for the blob {digest}")
        return answer.status != NOT_FOUND

    def fetch_blob(self, digest: Digest, path: Path) -> None:
        """Write the blob `digest` to `path`, streamed. Its bytes are as they came: compare them with the digest."""
        answer = self._sent(f"{self._base}blobs/{digest}", lambda url, headers: self._http.save(url, headers, path), {})
        if answer.status in _ELSEWHERE:
            answer = self._sent(self._location(answer), lambda url, headers: self._http.save(url, headers, path), {})
        self._expect(answer, OK, f"fetch the blob {digest}")

    def upload_blob(self, upload: Upload) -> None:
        """Upload a blob, streamed; the registry compares it with its digest.

        An upload that breaks off begins anew with a session of its own: a registry does not take a second body in one.
        Raises `CandidateChanged` when it is not what its digest says.
        """
        done = self._http.with_retries(self._base, lambda: self._upload_once(upload))
        if done.status == BAD_REQUEST:
            upload.require_unchanged()
        self._expect(done, CREATED, f"upload the blob {upload.blob.digest}")
        self._confirmed(done, upload.blob.digest)

    def _upload_once(self, upload: Upload) -> HttpResponse:
        blob = upload.blob
        begun = self._send("POST", "blobs/uploads/", {"Content-Length": "0"})
        self._expect(begun, ACCEPTED, "begin an upload")
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
        answer = self._send("PUT", f"manifests/{reference}", {"Content-Type": media_type}, content)
        if "TAG_INVALID" in _codes(answer) or "ImageTagAlreadyExistsException" in _codes(answer):
            raise TagTaken(
                f"the tag {reference} of {self._repository} is taken",
                why=_words(answer),
                fix="the repository is immutable: deliver a new commit or give a new version",
            )
        self._expect(answer, CREATED, f"store the manifest {reference}")
        return self._confirmed(answer, Digest.of(content))

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
        answer = send(url, {**headers, "Authorization": used} if used else headers)
        if self._renew is None or not _login_over(answer):
            return answer
        with self._renewing:
            if self._authorization == used:
                self._authorization = self._renew().authorization
        return send(url, {**headers, "Authorization": self._authorization})

    def _confirmed(self, answer: HttpResponse, digest: Digest) -> Digest:
        said = answer.headers.get("docker-content-digest", digest)
        if said != digest:
            raise self._refused(f"stored {said}", f"{digest} was sent")
        return digest

    def _location(self, answer: HttpResponse) -> str:
        named = answer.headers.get("location", "")
        if not named:
            raise self._refused("named no place to go on at", "the Location header is missing")
        try:
            place = urljoin(self._base, named)
            parse_url(place)
        except ValueError as error:
            raise self._refused("named no place to go on at that is an address", str(error)) from None
        return place

    def _expect(self, answer: HttpResponse, status: int, wish: str) -> None:
        if answer.status == status:
            return
        why = _words(answer)
        if _login_over(answer):
            raise LoginRefused(f"the registry refused the login to {wish}", why=why, fix="run again for a new login")
        if answer.status == 403:  # noqa: PLR2004
            raise AccessDenied(f"not allowed to {wish}", why=why, fix="ask the platform team to allow it for this role")
        if "NAME_UNKNOWN" in _codes(answer):
            raise RepositoryMissing(
                f"the registry knows no repository {self._repository}", why=why, fix="create it, then run again"
            )
        raise self._refused(f"did not {wish}", why)

    def _refused(self, what: str, why: str) -> RegistryRefused:
        return RegistryRefused(
            f"the registry of {self._repository} {what}", why=why, fix="run again: a re-run is safe and goes on"
        )


def _login_over(answer: HttpResponse) -> bool:
    """Tell whether the login was refused. ECR answers an expired one with 403, and says so."""
    return answer.status == 401 or (answer.status == 403 and b"token has expired" in answer.body)  # noqa: PLR2004


def _codes(answer: HttpResponse) -> set[str]:
    try:
        return {error["code"] for error in json.loads(answer.body)["errors"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        return set()


def _words(answer: HttpResponse) -> str:
    try:
        errors = json.loads(answer.body)["errors"]
        return f"HTTP {answer.status}: " + "; ".join(f"{each['code']}: {each.get('message', '')}" for each in errors)
    except (ValueError, KeyError, TypeError, RecursionError):
        return answer.words
