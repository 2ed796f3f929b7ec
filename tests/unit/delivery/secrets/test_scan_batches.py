from __future__ import annotations

import re
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.delivery.secrets import line_windows, scan_batches
from goldenpath.delivery.secrets.scan_batches import OVERLAP, PIECE, ScanBatches, pieces
from tests.unit.packed import members


def packed(folder: Path, *contents: bytes, path: str = "a.txt") -> ScanBatches:
    files = ScanBatches(folder / "packed")
    for number, content in enumerate(contents):
        files.add_text(str(number), path, content)
    files.close()
    return files


def names(files: ScanBatches) -> list[str]:
    return sorted(members(files))


@given(st.lists(st.text("ab\n", max_size=40), min_size=1, max_size=20))
def test_every_line_of_every_content_is_found_again(
    tmp_path_factory: pytest.TempPathFactory, contents: list[str]
) -> None:
    marked = [f"{number} {content}" for number, content in enumerate(contents)]
    files = packed(tmp_path_factory.mktemp("files"), *(each.encode() for each in marked))
    (name,) = names(files)
    lines = ["", *members(files)[name].decode().split("\n")]
    for number, content in enumerate(marked):
        first = lines.index(content.split("\n")[0]) + 1
        for line, _ in enumerate(content.split("\n")):
            place = files.place(name, first + line)
            assert (place or ())[:2] == (str(number), line + 1)


def test_a_file_that_was_not_written_is_no_place(tmp_path: Path) -> None:
    assert packed(tmp_path, b"x").place("0000001-plain", 1) is None


@pytest.mark.parametrize("far", [b"-----BEGIN RSA", b"-----begin", b"curl -u"])
def test_what_a_rule_could_follow_into_another_content_is_a_member_of_its_own(tmp_path: Path, far: bytes) -> None:
    assert sorted(members(packed(tmp_path, b"x", far, b"y")).values()) == sorted(
        [far, b"x\n############\ny\n############\n"]
    )


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("k8s/Secret.YAML", "0000000-plain.yaml"),
        ("main.tf", "0000000-plain.tf"),
        ("NuGet.Config", "0000000-plainnuget.config"),
        ("store.p12", "0000000-plain.p12"),
        ("logo.png", "0000000-plain"),
    ],
)
def test_an_ending_that_a_rule_asks_for_is_kept(tmp_path: Path, path: str, name: str) -> None:
    assert names(packed(tmp_path, b"x", path=path)) == [name]


def test_a_member_is_read_at_one_look_and_the_size_of_all_is_known(tmp_path: Path) -> None:
    files = packed(tmp_path, *(b"x\n" * 7_000 for _ in range(30)), b"y" * 1_000_000)
    sizes = [len(content) + len(scan_batches.FIRST_LINE) for content in members(files).values()]
    assert max(sizes) <= 100_000
    assert sum(sizes) == files.batch.size


def test_what_is_sealed_is_last_in_every_tar_and_beside_them(tmp_path: Path) -> None:
    files = packed(tmp_path, *(b"%07d\n" % number * 12_000 for number in range(30)))
    assert len(files.tars) > 1
    batch = files.take()
    places = batch.seal("~last", b"the end")
    assert places == (*(f"{tar.name}!~last" for tar in files.tars), "~last")
    for tar in files.tars:
        with tarfile.open(tar) as archive:
            assert archive.getnames()[-1] == "~last"
    assert (batch.folder / "~last").read_bytes() == b"the end"


def test_what_is_taken_is_complete_and_what_follows_is_in_another_folder(tmp_path: Path) -> None:
    ready, files = list[int](), ScanBatches(tmp_path / "packed")
    files.on_tar = lambda: ready.append(len(files.batch.tars))
    for number in range(30):
        files.add(str(number), "a", [b"%07d\n" % number * 12_000])
    taken = files.take()
    assert (ready, len(taken.tars)) == ([1, 2], 2)
    files.add_archive("30", ".7z", [b"7z"])
    files.close()
    assert [tar.name for tar in files.tars] == ["000000.tar", "000001.tar", "000002.tar"]
    assert (files.batch.tars, files.batch.archives) == ([files.tars[2]], 1)
    assert {path.suffix for path in taken.folder.iterdir()} == {".tar"}
    assert len(members(files)) == 30


def test_a_text_is_cut_at_ends_of_lines_and_goes_on_where_a_rule_could_not_look_further(tmp_path: Path) -> None:
    lines = b"".join(b"line %04d;\n" % number for number in range(1_000))
    parts = list(line_windows.split_text(lines, 1_500, re.compile(b"key")))
    assert b"".join(part for _, part in parts) == lines
    assert all(part.startswith(b"line %04d;" % before) for before, part in parts)


def test_a_part_begins_with_the_lines_that_a_rule_may_look_over(tmp_path: Path) -> None:
    lines = b"x;\n" * 400 + b"api_key =\n\n" + b"y" * 1_490 + b"\n"
    *_, (before, last) = line_windows.split_text(lines, 1_500, re.compile(b"key"))
    assert (before, last[: -len(b"y" * 1_490) - 1]) == (399, b"x;\napi_key =\n\n")


@pytest.mark.parametrize("length", [0, 1, PIECE, PIECE + 1, 3 * PIECE])
def test_pieces_hold_all_and_what_is_shorter_than_the_overlap_is_whole_in_one(length: int) -> None:
    whole = b"".join(b"%07d\n" % number for number in range(length // 8 + 1))[:length]
    found = list(pieces([whole[:70_000], whole[70_000:]]))
    assert all(len(piece) <= PIECE for _, piece in found)
    for begin in range(0, max(length - OVERLAP, 1), 4_001):
        assert any(whole[begin : begin + OVERLAP] in piece for _, piece in found)
    for lines, piece in found[1:]:
        assert whole.split(b"\n")[lines].endswith(piece.split(b"\n")[0])


def test_a_piece_ends_with_a_line_where_it_can() -> None:
    *whole, _ = pieces([b"a line of 31 bytes, or near it\n" * 10_000])
    assert {piece[-1:] for _, piece in whole} == {b"\n"}
    assert [len(piece) for _, piece in pieces([b"x" * 100_000])] == [PIECE, 100_000 - PIECE + OVERLAP]


def test_a_file_begins_as_a_picture_does() -> None:
    """What gitleaks makes of it is tried on the real one, in `test_bypasses.py`."""
    assert scan_batches.FIRST_LINE == b"GIF\n"
