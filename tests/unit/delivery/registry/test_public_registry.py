from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from urllib3.exceptions import ProtocolError

from goldenpath.delivery.model.base_image import BaseImage
from goldenpath.delivery.registry import public_registry
from goldenpath.shared.names import Digest, Platform
from goldenpath.shared.oci import CONFIG, INDEX, MANIFEST
from tests.unit.http_double import Response, pool, refusal

if TYPE_CHECKING:
    from tests.unit.http_double import PoolDouble

D1, D2 = (Digest(f"sha256:{each * 64}") for each in "12")
AMD64, ARM64 = Platform("linux/amd64"), Platform("linux/arm64")
CHALLENGE = {"www-authenticate": 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'}
OPEN, TOKEN = Response(200), Response(200, {}, b'{"token": "t0ken", "expires_in": 300}')
MOVED = Response(200, {"docker-content-digest": D2})
BAD = "docker.io/library/python:3"


def base(name: str = BAD, digest: Digest = D1) -> BaseImage:
    return BaseImage(name, digest)


def asked(double: PoolDouble) -> list[tuple[str, str, str]]:
    return [(each.method, each.url, each.headers.get("Authorization", "")) for each in double.requests]


def test_docker_hub_gives_anybody_a_token_and_says_what_a_tag_names(monkeypatch: pytest.MonkeyPatch) -> None:
    double = pool(monkeypatch, Response(401, CHALLENGE), TOKEN, MOVED)
    assert public_registry.newest(base()) == D2
    scope = "scope=repository%3Alibrary%2Fpython%3Apull&service=registry.docker.io"
    assert asked(double) == [
        ("GET", "https://registry-1.docker.io/v2/", ""),
        ("GET", f"https://auth.docker.io/token?{scope}", ""),
        ("HEAD", "https://registry-1.docker.io/v2/library/python/manifests/3", "Bearer t0ken"),
    ]


def test_a_registry_that_wants_no_token_gets_none_and_one_on_this_machine_has_no_certificate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    double = pool(monkeypatch, OPEN, MOVED)
    assert public_registry.newest(base("127.0.0.1:5000/team/base:1.2")) == D2
    assert asked(double)[-1] == ("HEAD", "http://127.0.0.1:5000/v2/team/base/manifests/1.2", "")


UNKNOWN: dict[str, tuple[str, tuple[Response | BaseException, ...]]] = {
    "nothing answers": (BAD, (ProtocolError("no route"),)),
    "it wants a name and a password": (BAD, (Response(401, {"www-authenticate": 'Basic realm="x"'}),)),
    "it wants a login without saying how": (BAD, (Response(401), refusal(401, "UNAUTHORIZED"))),
    "the token is to be had without encryption": (
        BAD, (Response(401, {"www-authenticate": 'Bearer realm="http://169.254.169.254/token"'}),)
    ),
    "there is no token": (BAD, (Response(401, CHALLENGE), Response(200, {}, b"{}"))),
    "the token is no JSON": (BAD, (Response(401, CHALLENGE), Response(502, {}, b"<html>"))),
    "the token breaks a header": (BAD, (Response(401, CHALLENGE), Response(200, {}, b'{"token": "a\\nb"}'))),
    "the image is private": (BAD, (Response(401, CHALLENGE), TOKEN, refusal(401, "UNAUTHORIZED"))),
    "we may not look": (BAD, (OPEN, refusal(403, "DENIED"))),
    "there are too many requests": (BAD, (OPEN, refusal(429, "TOOMANYREQUESTS"))),
    "the tag is gone": (BAD, (OPEN, refusal(404, "MANIFEST_UNKNOWN"))),
    "it names no digest": (BAD, (OPEN, Response(200))),
    "the name has no tag": ("docker.io/library/python", (OPEN,)),
    "the name has no registry": ("python:3", ()),
    "the registry is none": ("a@b/python:3", ()),
    "the image is in a folder": ("oci-layout://docker.io/team/base:1", ()),
}  # fmt: skip


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_a_tag_names_is_unknown_where(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image, answers = UNKNOWN[name]
    double = pool(monkeypatch, *answers)
    assert public_registry.newest(base(image)) is None
    assert (len(double.requests), double.pauses) == (len(answers), [])


def manifest(config: bytes, size: int | None = None) -> bytes:
    described = {"mediaType": CONFIG, "digest": Digest.of(config), "size": len(config) if size is None else size}
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []}).encode()


def index(*images: tuple[str, bytes]) -> bytes:
    listed = [
        {
            "mediaType": MANIFEST,
            "digest": Digest.of(content),
            "size": len(content),
            "platform": {"os": "linux", "architecture": architecture},
        }
        for architecture, content in images
    ]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}).encode()


OLD, NEW = b'{"created": "2026-01-02T03:04:05.123456789Z"}', b'{"created": "2026-11-01T00:00:00+02:00"}'
OF_OLD, OF_NEW = manifest(OLD), manifest(NEW)
BOTH = index(("amd64", OF_OLD), ("arm64", OF_NEW))


def stored(content: bytes, media_type: str = MANIFEST) -> Response:
    return Response(200, {"content-type": media_type}, content)


def made(
    monkeypatch: pytest.MonkeyPatch, image: bytes, *answers: Response, platforms: tuple[Platform, ...] = (ARM64,)
) -> datetime | None:
    pool(monkeypatch, OPEN, *answers)
    return public_registry.created(base(digest=Digest.of(image)), platforms)


def test_an_image_says_when_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    assert made(monkeypatch, OF_OLD, stored(OF_OLD), Response(200, {}, OLD)) == datetime(
        2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("platforms", "image", "config", "month"),
    [((ARM64,), OF_NEW, NEW, 10), ((AMD64, ARM64), OF_OLD, OLD, 1), ((), OF_OLD, OLD, 1)],
)
def test_of_several_platforms_the_one_that_is_built_for_counts(
    platforms: tuple[Platform, ...], image: bytes, config: bytes, month: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of both the older one would do, but the other one is asked for by its name.
    answers = (stored(BOTH, INDEX), stored(image), Response(200, {}, config))
    found = made(monkeypatch, BOTH, *answers, platforms=platforms)
    assert found is not None
    assert found.month == month


UNDATED: dict[str, tuple[bytes, tuple[Response, ...]]] = {
    "the image is gone": (OF_OLD, (refusal(404, "MANIFEST_UNKNOWN"),)),
    "the bytes are another image's": (OF_OLD, (stored(OF_NEW),)),
    "the configuration is another image's": (OF_OLD, (stored(OF_OLD), Response(200, {}, NEW))),
    "the configuration is said to be very long": (manifest(OLD, 10**9), (stored(manifest(OLD, 10**9)),)),
    "the manifest is none": (b"{}", (stored(b"{}"),)),
    "the index is empty": (index(), (stored(index(), INDEX),)),
    "the configuration is no JSON": (manifest(b"x"), (stored(manifest(b"x")), Response(200, {}, b"x"))),
}


@pytest.mark.parametrize("name", UNDATED)
def test_an_age_is_unknown_where(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image, answers = UNDATED[name]
    assert made(monkeypatch, image, *answers) is None
