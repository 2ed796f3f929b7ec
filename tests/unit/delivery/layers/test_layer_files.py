"""Layers are written again with other times, in bytes that depend on their files alone."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from goldenpath.delivery.layers import layer_files
from goldenpath.delivery.layers.layer_archive import Times
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from pathlib import Path

LONG = "a/" * 90 + "name"
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
