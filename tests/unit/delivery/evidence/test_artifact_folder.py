"""The folder of records has each artifact whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from goldenpath.delivery.evidence import artifact_folder, artifact_zip
from goldenpath.shared.errors import DiskTrouble, RegistryUnreachable, WorkFolderBusy
from goldenpath.shared.http import Http
from tests.doubles.github.artifacts import zipped
from tests.unit.http_double import Response, pool, pool_of

ADDRESS = "https://storage.example/1.zip?sig=secret"
ZIP = zipped({"receipt.json": b"{}", "ecr-push.timing.json": b"1"})
DIGEST = f"sha256:{hashlib.sha256(ZIP).hexdigest()}"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "12345678901" / "goldenpath-receipt-1"


def test_the_records_are_all_that_stays(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    sent = pool(monkeypatch, Response(200, {}, ZIP))
    artifact_folder.fill(place, Http(), ADDRESS, DIGEST)
    assert {path.name: path.read_bytes() for path in place.iterdir()} == {"receipt.json": b"{}"}
    assert list(place.parent.iterdir()) == [place]
    assert [dict(request.headers) for request in sent.requests] == [{"User-Agent": "goldenpath"}]


@pytest.mark.parametrize(
    ("response", "digest", "why"),
    [
        (Response(403), "", "its storage responded with HTTP 403"),
        (Response(302, {"Location": "https://elsewhere.example"}), "", "its storage responded with HTTP 302"),
        (Response(200, {}, b"<html>"), "", "File is not a zip file"),
        (Response(200, {}, ZIP), "sha256:" + "0" * 64, "its SHA-256 is not the one that GitHub lists"),
        (Response(200, {}, ZIP[:-1]), DIGEST, "its SHA-256 is not the one that GitHub lists"),
        (Response(200, {}, bytes((1 << 20) + 1)), "", "it is larger than 1 MB"),
    ],
    ids=[
        "refused",
        "redirected again",
        "a page",
        "other bytes",
        "a part",
        "too large",
    ],  # a ZIP file has the time in it
)
def test_an_artifact_that_cannot_be_taken_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, place: Path, response: Response, digest: str, why: str
) -> None:
    monkeypatch.setattr(artifact_folder, "LARGEST_ARTIFACT", 1 << 20)
    pool(monkeypatch, response)
    with pytest.raises(ValueError, match=why):
        artifact_folder.fill(place, Http(), ADDRESS, digest)
    assert list(place.parent.iterdir()) == []


def test_a_storage_that_does_not_respond_leaves_nothing_and_the_address_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    pool_of(monkeypatch, iter([OSError("reset")] * 5))
    with pytest.raises(RegistryUnreachable) as error:
        artifact_folder.fill(place, Http(), ADDRESS, "")
    assert (error.value.what, "secret" in str(error.value)) == ("https://storage.example does not respond", False)
    assert list(place.parent.iterdir()) == []


def test_what_a_killed_fetch_left_is_replaced(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    left = place.parent / f".{place.name}.part"
    left.mkdir(parents=True)
    (left / "receipt.json").write_text("hal")
    pool(monkeypatch, Response(200, {}, ZIP))
    artifact_folder.fill(place, Http(), ADDRESS, "")
    assert (place / "receipt.json").read_text() == "{}"
    assert not left.exists()


def test_a_full_disk_is_explained_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(artifact_zip, "unpack", full)
    pool(monkeypatch, Response(200, {}, ZIP))
    with pytest.raises(DiskTrouble):
        artifact_folder.fill(place, Http(), ADDRESS, "")
    assert list(place.parent.iterdir()) == []


def test_without_a_name_the_folder_is_removed(tmp_path: Path) -> None:
    with artifact_folder.opened(None) as folder:
        (folder / "file").touch()
    assert not folder.exists()
    with artifact_folder.opened(tmp_path / "a" / "b") as folder:
        (folder / "file").touch()
    assert (tmp_path / "a" / "b" / "file").exists()


def test_two_do_not_fill_a_folder_at_the_same_time(tmp_path: Path) -> None:
    with artifact_folder.opened(tmp_path), pytest.raises(WorkFolderBusy) as error, artifact_folder.opened(tmp_path):
        pass
    assert error.value.what == f"Another `goldenpath evidence` is filling {tmp_path}"
    with artifact_folder.opened(tmp_path):
        pass


def test_a_place_that_is_no_folder_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DiskTrouble), artifact_folder.opened(tmp_path / "file"):
        pass
