"""Layers are written again with other times, in bytes that depend on their files alone."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from goldenpath.delivery.layers import layer_files
from goldenpath.delivery.layers.layer_archive import Archive, Times
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from pathlib import Path

LONG = "a/" * 90 + "name"
AGREED = "sha256:578df06b4c25a447fa78719a026a6110bf48d2a08aedc2f9774550b007f765c3"
OLD, NEW, TIME = 981_173_106, 1_790_000_000, 1_769_940_000


def tar(*members: tuple[str, int], **fields: Any) -> bytes:  # noqa: ANN401 - any field of a member
    """Return an archive of files with a name and a time each."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, time in members:
            member = tarfile.TarInfo(name)
            member.mtime, member.size = time, len(name)
            for field, value in fields.items():
                setattr(member, field, value)
            archive.addfile(member, io.BytesIO(name.encode()))
    return content.getvalue()


def written(folder: Path, content: bytes, times: Times, *left_out: bytes) -> tarfile.TarFile:
    found = layer_files.write(io.BytesIO(content), times, folder, left_out)
    packed = (folder / found.layer.digest.hex).read_bytes()
    plain = gzip.decompress(packed)
    assert (found.layer.digest, found.layer.size) == (Digest.of(packed), len(packed))
    assert (found.diff_id, found.old_diff_id) == (Digest.of(plain), Digest.of(content))
    return tarfile.open(fileobj=io.BytesIO(plain))


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (Times(TIME), [TIME, TIME]),
        (Times(TIME, kept_before=TIME - 1), [OLD, TIME]),
        (Times(OLD - 1, NEW), [OLD - 1] * 2),
    ],
)
def test_every_file_gets_the_time_of_its_layer_except_one_from_before_its_base_image(
    tmp_path: Path, times: Times, expected: list[int]
) -> None:
    with written(tmp_path, tar(("old", OLD), (LONG, NEW)), times) as archive:
        assert [(each.name, each.mtime) for each in archive] == list(zip(("old", LONG), expected, strict=True))
        assert [archive.extractfile(name).read() for name in ("old", LONG)] == [b"old", LONG.encode()]  # type: ignore[union-attr]


def test_times_of_an_extended_header_are_replaced_and_its_other_records_stay(tmp_path: Path) -> None:
    records = {"mtime": f"{NEW}.25", "atime": f"{NEW}.5", "SCHILY.xattr.user.a": "b"}
    with written(tmp_path, tar(("a", NEW), pax_headers=records), Times(TIME)) as archive:
        (member,) = archive
    assert member.mtime == TIME
    assert member.pax_headers == {"mtime": str(TIME), "atime": str(TIME), "SCHILY.xattr.user.a": "b"}


def test_a_time_before_1970_is_read_and_replaced(tmp_path: Path) -> None:
    header = bytearray(tar(("a", 0)))
    header[136:148] = (-5).to_bytes(12, "big", signed=True)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    with written(tmp_path, bytes(header), Times(TIME)) as archive:
        assert [each.mtime for each in archive] == [TIME]


def test_what_is_left_out_is_not_in_the_layer(tmp_path: Path) -> None:
    with written(tmp_path, tar(("a", 1), ("b", 1), (LONG, 1)), Times(TIME), b"b", LONG.encode()) as archive:
        assert archive.getnames() == ["a"]


def test_the_same_files_give_the_same_bytes_in_whatever_pieces_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = tar(*((f"file-{number}", NEW) for number in range(1500)))
    one = layer_files.write(io.BytesIO(content), Times(TIME), tmp_path)
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    other = layer_files.write(io.BytesIO(content), Times(TIME), tmp_path)
    assert one == other
    assert [path.name for path in tmp_path.iterdir()] == [one.layer.digest.hex]


def test_the_compressor_writes_the_bytes_that_every_machine_writes(tmp_path: Path) -> None:
    """Another version, or another processor, that compresses in another way would change the digest of each layer."""
    text = b"".join(hashlib.sha256(b"%d" % number).hexdigest().encode() for number in range(40_000))
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        member = tarfile.TarInfo("a")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    content.seek(0)
    assert layer_files.write(content, Times(TIME), tmp_path).layer.digest == AGREED


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (tar(("a", 1))[:700], "the archive ends in the middle of a file"),
        (b"x" * 512, "a header of the archive is damaged"),
        (b"x" * 100, "a header of the archive is damaged"),
        (tar(("a", 1), type=b"L"), "the archive has a header that BuildKit does not write"),
        (tar((LONG, 1)).replace(b" path=", b" path~", 1), "an extended header of the archive cannot be read"),
    ],
)
def test_what_is_no_archive_leaves_nothing_behind(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=rf"^{why}$"):
        layer_files.write(io.BytesIO(content), Times(TIME), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_path_is_the_same_however_a_header_holds_it() -> None:
    member = next(Archive(io.BytesIO(tar(("./a/b/", 1)))).members())
    assert member.path == b"a/b"
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo(LONG))
    member = next(Archive(io.BytesIO(content.getvalue())).members())
    assert member.path == LONG.encode()
