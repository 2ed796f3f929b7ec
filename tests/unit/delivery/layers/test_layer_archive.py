"""Archives of layers: their headers are read and rewritten."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.layers import layer_files
from goldenpath.delivery.layers.layer_archive import Archive, Times

if TYPE_CHECKING:
    from pathlib import Path
from tests.unit.delivery.layers.test_layer_files import tar, written

LONG = "a/" * 90 + "name"


OLD, NEW, TIME = 981_173_106, 1_790_000_000, 1_769_940_000


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


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (tar(("a", 1))[:700], "The archive ends in the middle of a file"),
        (b"x" * 512, "A header of the archive is damaged"),
        (b"x" * 100, "A header of the archive is damaged"),
        (tar(("a", 1), type=b"L"), "The archive has a header that BuildKit does not write"),
        (tar((LONG, 1)).replace(b" path=", b" path~", 1), "An extended header of the archive cannot be read"),
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
