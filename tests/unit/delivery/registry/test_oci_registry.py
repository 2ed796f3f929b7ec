from __future__ import annotations

import json
from collections.abc import Callable
from itertools import cycle, repeat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import ProtocolError

from goldenpath.delivery.model.layout import Descriptor
from goldenpath.delivery.registry.oci_registry import MORE_WHEN_THROTTLED, OciRegistry, StoredManifest, Upload
from goldenpath.delivery.registry.registry_token import Login
from goldenpath.shared.errors import (
    AccessDenied,
    Cancelled,
    CandidateChanged,
    GoldenPathError,
    LoginRefused,
    RegistryRefused,
    RegistryThrottled,
    RegistryUnreachable,
    RepositoryMissing,
    TagTaken,
)
from goldenpath.shared.http import ATTEMPTS
from goldenpath.shared.names import Digest, EcrRepository, Tag
from goldenpath.shared.oci import GZIP_LAYER, INDEX, MANIFEST
from tests.unit.builders import DIGEST
from tests.unit.hostile import json_values
from tests.unit.http_double import Request, Response, pool, pool_of, refusal

HOST = "https://123456789012.dkr.ecr.eu-west-2.amazonaws.com"
BASE = f"{HOST}/v2/team/my-app/"
LOGIN = {"Authorization": "Basic QVdTOnB3"}
ACCEPT = {
    "Accept": f"{INDEX}, {MANIFEST}, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
}
CONTENT = b'{"schemaVersion": 2}'
OWN = Digest.of(CONTENT)
TAG = Tag("dev-a1b2c3d")
ITSELF = Descriptor(GZIP_LAYER, Digest.of(Path(__file__).read_bytes()), Path(__file__).stat().st_size)
BLOB = Descriptor(GZIP_LAYER, Digest.of(b"blob"), 4)


@pytest.fixture
def blob(tmp_path: Path) -> Upload:
    (tmp_path / "blob").write_bytes(b"blob")
    return Upload(BLOB, tmp_path / "blob")


def test_an_upload_knows_how_much_was_read_and_begins_again_with_nothing(blob: Upload) -> None:
    assert blob.sent == 0
    content = blob.open()
    content.read(3)
    assert blob.sent == 3
    content.read()
    content.close()
    assert blob.sent == 4
    blob.open().close()
    assert blob.sent == 0


def registry_login() -> Login:
    return Login(HOST + "/", LOGIN["Authorization"], ("pw",))


def registry() -> OciRegistry:
    return OciRegistry(registry_login(), EcrRepository("team/my-app"))


def test_a_tag_is_read_with_its_media_type_and_the_digest_of_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"Content-Type": INDEX, "Docker-Content-Digest": OWN}
    double = pool(monkeypatch, Response(200, headers, CONTENT))
    assert registry().manifest(TAG) == StoredManifest(OWN, INDEX, CONTENT)
    assert double.requests == [Request("GET", BASE + "manifests/dev-a1b2c3d", {**ACCEPT, **LOGIN}, b"")]


def test_a_tag_that_names_nothing_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    pool(monkeypatch, refusal(404, "MANIFEST_UNKNOWN"))
    assert registry().manifest(TAG) is None


@pytest.mark.parametrize(
    ("reference", "headers", "why"),
    [
        (TAG, {"Docker-Content-Digest": DIGEST}, f"It said {DIGEST}"),
        (TAG, {"Docker-Content-Digest": "rubbish"}, "It said rubbish"),
        (Digest(DIGEST), {}, f"It said {DIGEST}"),
        (Digest(DIGEST), {"Docker-Content-Digest": DIGEST}, f"It said {DIGEST}"),
    ],
)
def test_bytes_that_are_not_what_the_registry_says_are_refused(
    monkeypatch: pytest.MonkeyPatch, reference: Tag | Digest, headers: dict[str, str], why: str
) -> None:
    pool(monkeypatch, Response(200, headers, CONTENT))
    with pytest.raises(RegistryRefused) as caught:
        registry().manifest(reference)
    assert caught.value.what == f"The registry of team/my-app gave bytes of {OWN} for {reference}"
    assert caught.value.why == why


def test_a_blob_is_fetched_from_where_the_registry_sends_us_without_our_login(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = "https://layers.s3.example/blob?signature=abc"
    double = pool(monkeypatch, Response(307, {"Location": elsewhere}), Response(200, {}, b"blob"))
    registry().fetch_blob(BLOB.digest, tmp_path / "blob")
    assert (tmp_path / "blob").read_bytes() == b"blob"
    assert double.requests == [
        Request("GET", f"{BASE}blobs/{BLOB.digest}", LOGIN, b""), Request("GET", elsewhere, {}, b""),
    ]  # fmt: skip


def test_a_blob_that_is_not_to_be_had_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pool(monkeypatch, refusal(404, "BLOB_UNKNOWN"))
    with pytest.raises(RegistryRefused, match=f"did not fetch the blob {BLOB.digest}"):
        registry().fetch_blob(BLOB.digest, tmp_path / "blob")


#                      answer                                            error              its words
REFUSALS: list[tuple[Response, type[GoldenPathError], str]] = [
    (refusal(401, "UNAUTHORIZED"), LoginRefused, "The registry refused the login to read the manifest dev-a1b2c3d"),
    (refusal(403, "DENIED"), AccessDenied, "Not allowed to read the manifest dev-a1b2c3d"),
    (Response(403, {}, b"Your authorization token has expired. Reauthenticate and try again."), LoginRefused,
     "The registry refused the login to read the manifest dev-a1b2c3d"),
    (refusal(400, "NAME_UNKNOWN"), RepositoryMissing, "The registry knows no repository team/my-app"),
    (refusal(400, "NAME_INVALID"), RegistryRefused,
     "The registry of team/my-app did not read the manifest dev-a1b2c3d"),
    (Response(302, {"Location": "https://elsewhere.example/"}), RegistryRefused,
     "The registry of team/my-app did not read the manifest dev-a1b2c3d"),
    (Response(200, {"Docker-Content-Digest": DIGEST}, b""), RegistryRefused,
     f"The registry of team/my-app gave bytes of {Digest.of(b'')} for dev-a1b2c3d"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "kind", "what"), REFUSALS)
def test_not_allowed_never_reads_as_free(
    monkeypatch: pytest.MonkeyPatch, answer: Response, kind: type[GoldenPathError], what: str
) -> None:
    pool(monkeypatch, answer)
    with pytest.raises(kind) as caught:
        registry().manifest(TAG)
    assert caught.value.what == what


def test_a_refusal_that_is_nested_beyond_reason_is_quoted_from_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    pool(monkeypatch, Response(400, {}, b"[" * 100_000))
    with pytest.raises(RegistryRefused) as caught:
        registry().put_manifest(TAG, MANIFEST, CONTENT)
    assert caught.value.why == "HTTP 400 " + "[" * 500


def test_a_refusal_quotes_every_reason_of_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    pool(monkeypatch, refusal(400, "MANIFEST_INVALID", "SIZE_INVALID"))
    with pytest.raises(RegistryRefused) as caught:
        registry().put_manifest(TAG, MANIFEST, CONTENT)
    assert caught.value.why == "HTTP 400: MANIFEST_INVALID: about MANIFEST_INVALID; SIZE_INVALID: about SIZE_INVALID"


@pytest.mark.parametrize(("status", "there"), [(200, True), (307, True), (404, False)])
def test_a_blob_is_there_or_not(monkeypatch: pytest.MonkeyPatch, status: int, *, there: bool) -> None:
    double = pool(monkeypatch, Response(status))
    assert registry().has_blob(BLOB.digest) is there
    assert double.requests == [Request("HEAD", f"{BASE}blobs/{BLOB.digest}", LOGIN, b"")]


@pytest.mark.parametrize("status", [401, 403])
def test_a_blob_that_may_not_be_looked_for_is_not_missing(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    pool(monkeypatch, Response(status))
    with pytest.raises(GoldenPathError, match=f"look for the blob {BLOB.digest}"):
        registry().has_blob(BLOB.digest)


#             Location                                  the PUT goes to                          with our login
PLACES: list[tuple[str, str, bool]] = [
    ("/v2/team/my-app/blobs/uploads/1", f"{BASE}blobs/uploads/1?digest=", True),
    (f"{BASE}blobs/uploads/1?_state=x%3D", f"{BASE}blobs/uploads/1?_state=x%3D&digest=", True),
    ("blobs/uploads/1", f"{BASE}blobs/uploads/1?digest=", True),
    ("https://s3.example/b?X-Amz-Signature=1", "https://s3.example/b?X-Amz-Signature=1&digest=", False),
    ("//s3.example/b", "https://s3.example/b?digest=", False),
    (HOST.replace("https", "http") + "/b", HOST.replace("https", "http") + "/b?digest=", False),
    (HOST + ":8443/b", HOST + ":8443/b?digest=", False),
    (HOST + ".evil.example/b", HOST + ".evil.example/b?digest=", False),
    (HOST.replace("https://", "https://x@") + "/b", HOST.replace("https://", "https://x@") + "/b?digest=", False),
]


@pytest.mark.parametrize(("location", "place", "ours"), PLACES)
def test_a_blob_goes_where_the_registry_says_and_our_login_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, blob: Upload, location: str, place: str, *, ours: bool
) -> None:
    double = pool(monkeypatch, Response(202, {"Location": location}), Response(201))
    registry().upload_blob(blob)
    length = {"Content-Type": "application/octet-stream", "Content-Length": "4"}
    assert double.requests == [
        Request("POST", f"{BASE}blobs/uploads/", {"Content-Length": "0", **LOGIN}, b""),
        Request("PUT", f"{place}{BLOB.digest}", {**length, **(LOGIN if ours else {})}, b"blob"),
    ]
    assert double.all_closed


def test_a_blob_that_breaks_off_begins_anew_with_a_session_of_its_own(
    monkeypatch: pytest.MonkeyPatch, blob: Upload
) -> None:
    sessions = [Response(202, {"Location": f"/u/{number}"}) for number in range(3)]
    double = pool(
        monkeypatch, sessions[0], ProtocolError("reset"), sessions[1], Response(429), sessions[2], Response(201)
    )
    registry().upload_blob(blob)
    assert [request.body for request in double.requests] == [b"", b"blob"] * 3
    assert [request.url.partition("?")[0][-4:] for request in double.requests[1::2]] == ["/u/0", "/u/1", "/u/2"]
    assert len(double.streams) == 3
    assert double.all_closed


@pytest.mark.parametrize("content", [b"blobs", b"blo", b""], ids=["longer", "shorter", "nothing"])
def test_a_blob_of_another_length_is_not_sent(monkeypatch: pytest.MonkeyPatch, blob: Upload, content: bytes) -> None:
    blob.path.write_bytes(content)
    double = pool(monkeypatch, Response(202, {"Location": "/u"}), Response(201))
    with pytest.raises(CandidateChanged) as caught:
        registry().upload_blob(blob)
    assert caught.value.what == f"{blob.path} is not as long as it was"
    assert [request.method for request in double.requests] == ["POST"]
    assert double.all_closed


def test_other_bytes_that_the_registry_refuses_are_a_candidate_that_changed(
    monkeypatch: pytest.MonkeyPatch, blob: Upload
) -> None:
    blob.path.write_bytes(b"bleb")
    pool(monkeypatch, Response(202, {"Location": "/u"}), refusal(400, "DIGEST_INVALID"))
    with pytest.raises(CandidateChanged) as caught:
        registry().upload_blob(blob)
    assert (caught.value.what, caught.value.why) == (
        f"{blob.path} is not what its digest says", f"4 bytes, {Digest.of(b'bleb')}",
    )  # fmt: skip


def test_a_stopped_upload_sends_nothing_more(monkeypatch: pytest.MonkeyPatch, blob: Upload) -> None:
    double = pool(monkeypatch, Response(202, {"Location": "/u"}), Response(201))
    blob.stop()
    with pytest.raises(Cancelled, match="The upload was stopped"):
        registry().upload_blob(blob)
    assert [request.method for request in double.requests] == ["POST"]
    assert double.all_closed


EXPIRED = Response(403, {}, b"Your authorization token has expired. Reauthenticate and try again.")
NEW = {"Authorization": "Basic bmV3"}


@pytest.mark.parametrize("refused", [EXPIRED, refusal(401, "UNAUTHORIZED")])
def test_a_login_that_is_over_is_renewed_once_and_the_blob_sent_again_whole(
    monkeypatch: pytest.MonkeyPatch, blob: Upload, refused: Response
) -> None:
    double = pool(monkeypatch, Response(202, {"Location": "/u"}), refused, Response(201), Response(200))
    renewed = iter([Login(HOST, NEW["Authorization"], ())])
    renewing = OciRegistry(registry_login(), EcrRepository("team/my-app"), renew=lambda: next(renewed))
    renewing.upload_blob(blob)
    assert renewing.has_blob(BLOB.digest)
    sent = [(request.method, request.headers["Authorization"], request.body) for request in double.requests]
    old, new = LOGIN["Authorization"], NEW["Authorization"]
    assert sent == [("POST", old, b""), ("PUT", old, b"blob"), ("PUT", new, b"blob"), ("HEAD", new, b"")]


def test_a_new_login_that_is_refused_too_is_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    double = pool(monkeypatch, EXPIRED, EXPIRED)
    renewing = OciRegistry(registry_login(), EcrRepository("team/my-app"), renew=registry_login)
    with pytest.raises(LoginRefused):
        renewing.manifest(TAG)
    assert len(double.requests) == 2


def test_another_hosts_refusal_does_not_renew_our_login(monkeypatch: pytest.MonkeyPatch, blob: Upload) -> None:
    double = pool(monkeypatch, Response(202, {"Location": "https://s3.example/b"}), Response(401))
    renewing = OciRegistry(registry_login(), EcrRepository("team/my-app"), renew=lambda: pytest.fail("it renewed"))
    with pytest.raises(LoginRefused):
        renewing.upload_blob(blob)
    assert "Authorization" not in double.requests[1].headers


@pytest.mark.parametrize("location", [None, "", "http://[broken", "https://host:port/x"])
def test_an_upload_without_a_place_to_go_to_is_refused(
    monkeypatch: pytest.MonkeyPatch, blob: Upload, location: str | None
) -> None:
    pool(monkeypatch, Response(202, {} if location is None else {"Location": location}))
    with pytest.raises(RegistryRefused, match=r"^The registry of team/my-app named no place to go on at"):
        registry().upload_blob(blob)


@pytest.mark.parametrize(
    ("answers", "kind", "what"),
    [
        ((refusal(403, "DENIED"),), AccessDenied, "Not allowed to begin an upload"),
        ((refusal(404, "NAME_UNKNOWN"),), RepositoryMissing, "The registry knows no repository team/my-app"),
        ((Response(202, {"Location": "/u"}), refusal(400, "DIGEST_INVALID")), RegistryRefused,
         f"The registry of team/my-app did not upload the blob {BLOB.digest}"),
        ((Response(202, {"Location": "/u"}), Response(202)), RegistryRefused,
         f"The registry of team/my-app did not upload the blob {BLOB.digest}"),
        ((Response(202, {"Location": "/u"}), ProtocolError("reset")) * 5, RegistryUnreachable,
         f"{HOST} does not respond"),
        ((Response(202, {"Location": "/u"}), Response(201, {"Docker-Content-Digest": DIGEST})), RegistryRefused,
         f"The registry of team/my-app stored {DIGEST}"),
    ],
)  # fmt: skip
def test_an_upload_that_fails_says_at_what(
    monkeypatch: pytest.MonkeyPatch,
    blob: Upload,
    answers: tuple[Response, ...],
    kind: type[GoldenPathError],
    what: str,
) -> None:
    pool(monkeypatch, *answers)
    with pytest.raises(kind) as caught:
        registry().upload_blob(blob)
    assert caught.value.what == what


@pytest.mark.parametrize("headers", [{}, {"Docker-Content-Digest": OWN}])
def test_a_manifest_is_stored_and_confirmed(monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]) -> None:
    double = pool(monkeypatch, Response(201, headers))
    assert registry().put_manifest(TAG, INDEX, CONTENT) == OWN
    assert double.requests == [Request("PUT", BASE + f"manifests/{TAG}", {"Content-Type": INDEX, **LOGIN}, CONTENT)]


def test_a_manifest_that_was_stored_as_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pool(monkeypatch, Response(201, {"Docker-Content-Digest": DIGEST}))
    with pytest.raises(RegistryRefused) as caught:
        registry().put_manifest(TAG, MANIFEST, CONTENT)
    assert (caught.value.what, caught.value.why) == (
        f"The registry of team/my-app stored {DIGEST}", f"{OWN} was sent",
    )  # fmt: skip


@pytest.mark.parametrize("code", ["TAG_INVALID", "ImageTagAlreadyExistsException"])
def test_a_tag_that_an_immutable_repository_holds_is_taken(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    pool(monkeypatch, refusal(400, code))
    with pytest.raises(TagTaken) as caught:
        registry().put_manifest(TAG, MANIFEST, CONTENT)
    assert str(caught.value) == (
        f"The tag dev-a1b2c3d of team/my-app is taken. HTTP 400: {code}: about {code}. "
        "The repository is immutable: deliver a new commit or give a new version."
    )


@given(
    st.sampled_from([200, 201, 202, 400, 401, 403, 404, 418]),
    st.binary() | json_values(("errors", "code", "message")).map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(["Location", "Docker-Content-Digest", "Content-Type"]), st.text(max_size=30)),
)  # fmt: skip
def test_any_answer_is_taken_or_refused(status: int, body: bytes, headers: dict[str, str]) -> None:
    asked = (
        lambda: registry().manifest(TAG),
        lambda: registry().has_blob(BLOB.digest),
        lambda: registry().put_manifest(TAG, MANIFEST, CONTENT),
        lambda: registry().upload_blob(Upload(ITSELF, Path(__file__))),
    )
    for ask in asked:
        with pytest.MonkeyPatch.context() as monkeypatch:
            pool(monkeypatch, Response(status, headers, body), Response(201))
            try:
                ask()
            except GoldenPathError as error:
                assert error.fix


THROTTLED: dict[str, Callable[[OciRegistry, Upload], object]] = {
    "BatchGetImage": lambda registry, _: registry.manifest(TAG),
    "BatchCheckLayerAvailability": lambda registry, _: registry.has_blob(BLOB.digest),
    "GetDownloadUrlForLayer": lambda registry, blob: registry.fetch_blob(BLOB.digest, blob.path.with_name("fetched")),
    "InitiateLayerUpload": lambda registry, blob: registry.upload_blob(blob),
    "PutImage": lambda registry, _: registry.put_manifest(TAG, MANIFEST, CONTENT),
}


@pytest.mark.parametrize("operation", THROTTLED)
def test_a_request_that_stays_throttled_names_its_quota(
    monkeypatch: pytest.MonkeyPatch, blob: Upload, operation: str
) -> None:
    double = pool_of(monkeypatch, repeat(refusal(429, "TOOMANYREQUESTS")))
    with pytest.raises(RegistryThrottled) as caught:
        THROTTLED[operation](registry(), blob)
    assert f'"Rate of {operation} requests"' in caught.value.why
    assert len(double.requests) == ATTEMPTS + MORE_WHEN_THROTTLED


def test_an_upload_that_stays_throttled_at_its_end_names_its_quota(
    monkeypatch: pytest.MonkeyPatch, blob: Upload
) -> None:
    answers = cycle([Response(202, {"Location": "/u/1"}), refusal(429, "TOOMANYREQUESTS")])
    pool_of(monkeypatch, answers)
    with pytest.raises(RegistryThrottled, match='"Rate of CompleteLayerUpload requests"'):
        registry().upload_blob(blob)
