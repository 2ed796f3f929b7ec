from __future__ import annotations

import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.delivery.model.candidate import Candidate
from goldenpath.delivery.model.finding import Findings, Gate
from goldenpath.delivery.model.receipt import Receipt, State, TagMove
from goldenpath.delivery.model.verdict import Verdict
from goldenpath.shared import codec
from goldenpath.shared.errors import DiskTrouble
from goldenpath.shared.names import Digest, EnvironmentName, ImageRepository, Tag
from tests.unit.builders import COMMIT, DIGEST, report, secret, vulnerability
from tests.unit.hostile import json_values, reports

RECEIPT = Receipt(
    State.RELEASED, EnvironmentName("dev"), ImageRepository("registry/my-app"), Digest(DIGEST), COMMIT,  # type: ignore[arg-type]
    (TagMove(Tag("a1b2c3d"), None, Digest(DIGEST)),),
)  # fmt: skip
VALUES = [report(vulnerability(), vulnerability(fixed="")), report(secret(), gate=Gate.GITLEAKS), RECEIPT]


@pytest.mark.parametrize("value", VALUES, ids=["vulnerabilities", "secrets", "receipt"])
def test_what_is_written_is_what_is_read(value: object, tmp_path: Path) -> None:
    codec.write(tmp_path / "x.json", value)
    assert codec.read(tmp_path / "x.json", type(value), written_by="build") == value


def test_a_file_is_indented_and_ends_in_a_newline() -> None:
    assert codec.encode({"a": Tag("x"), "b": Path("y")}) == b'{\n  "a": "x",\n  "b": "y"\n}\n'


@pytest.mark.parametrize("value", [object(), {"a": object()}, 1j])
def test_a_value_without_a_json_form_is_a_mistake_of_the_caller(value: object) -> None:
    with pytest.raises(NotImplementedError, match=r"no JSON form for (object|complex)"):
        codec.encode(value)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'"nope"', "'nope' is not a digest (`sha256:` and 64 hexadecimal digits)"),
        (b"3", "expected Digest, got int"),
        (b"", "Input data was truncated"),
    ],
)
def test_a_wrong_name_is_refused_with_its_rule(raw: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        codec.decode(raw, Digest)
    assert str(caught.value) == message


@given(
    reports(*map(codec.encode, VALUES), names=("gate", "findings", "tags", "digest", "severity", "package", "location"))
    | json_values(Findings.__struct_fields__ + Receipt.__struct_fields__, (DIGEST, COMMIT)).map(codec.encode),
    st.sampled_from([Findings, Receipt, Verdict, Candidate, Digest, list[Digest]]),
)
def test_any_bytes_are_a_value_of_the_type_or_a_value_error(raw: bytes, kind: type[object]) -> None:
    try:
        value = codec.decode(raw, kind)
    except ValueError:
        return
    assert codec.decode(codec.encode(value), kind) == value


def test_a_full_disk_leaves_the_old_file_whole_and_no_part_of_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.json"
    codec.write_bytes(path, b"old")

    def full(self: Path, content: bytes) -> int:
        self.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskTrouble) as caught:
        codec.write_bytes(path, b"new")
    assert (caught.value.what, caught.value.why) == (f"{path} cannot be written or read", "No space left on device")
    assert [each.name for each in tmp_path.iterdir()] == ["x.json"]
    assert path.read_text() == "old"


def test_a_disk_that_takes_nothing_away_either_is_disk_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "write_bytes", read_only)
    monkeypatch.setattr(Path, "unlink", read_only)
    with pytest.raises(DiskTrouble) as caught:
        codec.write_bytes(tmp_path / "x.json", b"new")
    assert caught.value.why == "Read-only file system"


def test_a_file_where_a_folder_shall_be_is_disk_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DiskTrouble) as caught:
        codec.write_bytes(tmp_path / "file" / "x.json", b"")
    assert caught.value.why == "File exists"
