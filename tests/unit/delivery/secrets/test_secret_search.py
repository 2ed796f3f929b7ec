"""A secret is found in every place and every form, and what only looks like one is not."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from goldenpath.delivery.model.build_secrets import BuildSecret
from goldenpath.delivery.model.layout import Layout, Manifest, write_index
from goldenpath.delivery.model.secret_forms import forms
from goldenpath.delivery.secrets import archive_members
from goldenpath.delivery.secrets.secret_search import SecretSearch
from goldenpath.shared import codec
from goldenpath.shared.errors import ScannerFailed
from goldenpath.shared.oci import CONFIG, GZIP_LAYER, MANIFEST
from tests.unit.layout_builder import store, tar

TOKEN = 'npm_Ab3&/é?x+"9ZkQ'
PLAIN = "npm_Ab3dEf6hIj9lMn2pQr5t"
CERTIFICATE = (
    b"-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUabcDEF0123456789abcdefghijklmnop\n-----END CERTIFICATE-----\n"
)
KEY = b"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----\n"


def layout(folder: Path, *layers: dict[str, bytes], config: bytes = b"{}") -> Layout:
    listed = [store(folder, GZIP_LAYER, gzip.compress(tar(each), 1, mtime=0)) for each in layers]
    manifest = Manifest(2, MANIFEST, store(folder, CONFIG, config), listed)
    write_index(folder, store(folder, MANIFEST, codec.encode(manifest)))
    return Layout(folder)


def searched(secret: str | bytes, where: Layout) -> SecretSearch:
    value = secret.encode() if isinstance(secret, str) else secret
    search = SecretSearch(forms([BuildSecret("npm", value)]))
    search.search(where)
    return search


def names(search: SecretSearch) -> list[tuple[str, str]]:
    return [(place.file, place.form.name) for place in search.places]


FORMS: Mapping[str, Callable[[str], bytes]] = {
    "as it is": lambda token: token.encode(),
    "in hex": lambda token: token.encode().hex().encode(),
    "in upper-case hex": lambda token: token.encode().hex().upper().encode(),
    "in base64, first": lambda token: base64.b64encode(token.encode()),
    "in base64, second": lambda token: base64.b64encode(f"u{token}zz".encode()),
    "in base64, third": lambda token: base64.b64encode(f"u:{token}zzz".encode()),
    "in a URL's base64": lambda token: base64.urlsafe_b64encode(f"{token}z".encode()),
    "in wrapped base64": lambda token: base64.encodebytes(f"{'user' * 20}:{token}".encode()),
    "in a URL": lambda token: f"https://u:{quote(token, safe='')}@host/".encode(),
    "in a form": lambda token: f"token={quote_plus(token)}".encode(),
    "in a URL, lower-case escapes": lambda token: token.replace("&", "%26").replace("/", "%2f").replace(
        "é", "%c3%a9").replace("?", "%3f").replace("+", "%2b").replace('"', "%22").encode(),
    "in JSON": lambda token: json.dumps({"token": token}).encode(),
    "in Go's JSON": lambda token: json.dumps({"token": token}).replace("&", "\\u0026").encode(),
}  # fmt: skip


@pytest.mark.parametrize("token", [TOKEN, PLAIN])
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_in_every_form(tmp_path: Path, form: str, token: str) -> None:
    held = b"\x00before " + FORMS[form](token) + b" behind"
    found = searched(token, layout(tmp_path, {"etc/passwd": b"root", "app/.npmrc": held}))
    assert [place.file for place in found.places] == ["app/.npmrc"]


@pytest.mark.parametrize(
    ("layers", "config", "place"),
    [
        (({"app/x": PLAIN.encode()}, {"app/.wh.x": b""}), b"{}", "app/x in layer sha256:"),
        (({f"app/{PLAIN}": b""},), b"{}", f"app/{PLAIN} in layer sha256:"),
        (({"app/x": b"x" * archive_members.CHUNK + PLAIN.encode()},), b"{}", "app/x in layer sha256:"),
        (({"app/x": b"x" * (archive_members.CHUNK - 5) + PLAIN.encode()},), b"{}", "app/x in layer"),
        (({"app/x": gzip.compress(b"a" * 5000 + PLAIN.encode())},), b"{}", "app/x in layer sha256:"),
        (({"x": b""},), json.dumps({"config": {"Env": [f"T={PLAIN}"]}}).encode(), "the image configuration"),
        (({"x": b""},), json.dumps({"history": [{"created_by": f"|1 T={PLAIN} sh"}]}).encode(), "the image config"),
    ],
)
def test_a_secret_is_found_in_every_place(
    tmp_path: Path, layers: tuple[dict[str, bytes], ...], config: bytes, place: str
) -> None:
    (found,) = searched(PLAIN, layout(tmp_path, *layers, config=config)).places
    assert str(found).startswith(place)


def test_a_secret_in_a_jar_is_found(tmp_path: Path) -> None:
    jar = io.BytesIO()
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("application.properties", f"token={PLAIN}\n" * 50)
    assert names(searched(PLAIN, layout(tmp_path, {"app.jar": jar.getvalue()}))) == [("app.jar", "as it is")]


def test_an_image_without_it_holds_nothing(tmp_path: Path) -> None:
    search = searched(PLAIN, layout(tmp_path, {"app/x": PLAIN[:-1].encode(), "y": PLAIN[1:].encode()}))
    assert (search.places, search.unread) == ([], [])


@pytest.mark.parametrize(
    "value",
    [
        f"//registry.example.com/:_authToken={PLAIN}\nregistry=https://registry.example.com/\n".encode(),
        f"machine github.com login x password {PLAIN}\n".encode(),
        f"<settings>\n <password>{PLAIN}</password>\n</settings>\n".encode(),
        json.dumps({"type": "service_account", "key": PLAIN}).encode(),
        CERTIFICATE + f"token: {PLAIN}\n".encode(),
    ],
)
def test_the_token_alone_is_found_where_the_secret_is_a_whole_file(tmp_path: Path, value: bytes) -> None:
    public = {"etc/npmrc": b"registry=https://registry.example.com/\n", "ca.crt": CERTIFICATE}
    assert names(searched(value, layout(tmp_path, {"x": f"export T='{PLAIN}'".encode(), **public}))) == [
        ("x", "as it is")
    ]


@pytest.mark.parametrize("value", [KEY, KEY.replace(b"\n", b"\r\n"), json.dumps({"k": KEY.decode()}).encode()])
def test_a_key_is_found_however_its_lines_end(tmp_path: Path, value: bytes) -> None:
    assert [place.file for place in searched(value, layout(tmp_path, {"key": KEY, "other": b""})).places] == ["key"]


def test_another_key_of_the_same_kind_is_not_taken_for_ours(tmp_path: Path) -> None:
    """The first line of every unencrypted Ed25519 key of OpenSSH is the same."""
    same = b"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW"
    ours, other = (b"-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n%s\n-----END OPENSSH PRIVATE KEY-----\n" % (same, rest)
                   for rest in (b"QyNTUxOQAAACDours1", b"QyNTUxOQAAACDothr2"))  # fmt: skip
    assert [place.file for place in searched(ours, layout(tmp_path, {"a": other, "b": ours})).places] == ["b"]


def test_a_layer_in_zstd_is_named_and_a_damaged_one_stops(tmp_path: Path) -> None:
    where = layout(tmp_path / "zstd", {})
    (image,) = where.images()

    def with_layer(raw: bytes, media_type: str) -> Layout:
        broken = Manifest(2, MANIFEST, image.manifest.config, [store(where.path, media_type, raw)])
        write_index(where.path, store(where.path, MANIFEST, codec.encode(broken)))
        return where

    search = searched(PLAIN, with_layer(b"x", GZIP_LAYER.replace("gzip", "zstd")))
    assert [each.endswith("of the base image is compressed with zstd: not searched") for each in search.unread] == [
        True
    ]
    with pytest.raises(ScannerFailed, match="could not be searched for the build's secrets"):
        searched(PLAIN, with_layer(b"no gzip", GZIP_LAYER))
