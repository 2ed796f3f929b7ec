"""`dev/pin.py` against a real web server of releases."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from dev import pin
from tests.tools import release_server

from goldenpath.shared import pins
from goldenpath.shared.errors import ToolHashMismatch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.tools

OLD = "ab" * 32
NEW = hashlib.sha256(b"the new release").hexdigest()
TABLE = """# Why hello is here.
- name: hello
  version: 1.2.4  # edited by hand
  for: tests
  repository: acme/hello
  checksums: hello_{version}_checksums.txt
  assets:
    - platform: linux/amd64
      name: hello_{version}_linux
      sha256: OLD
""".replace("OLD", OLD)


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serve hello 1.2.4 from a folder, which is returned; the table is a copy."""
    folder = tmp_path / "www" / "acme" / "hello" / "releases" / "download" / "v1.2.4"
    folder.mkdir(parents=True)
    (folder / "hello_1.2.4_linux").write_bytes(b"the new release")
    (folder / "hello_1.2.4_checksums.txt").write_text(f"{NEW}  hello_1.2.4_linux\n")
    monkeypatch.setattr(pins, "TABLE", tmp_path / "toolchain.yaml")
    pins.TABLE.write_text(TABLE)
    with release_server.serve(tmp_path / "www") as address:
        monkeypatch.setenv("GOLDENPATH_RELEASES", address)
        yield folder


@pytest.mark.usefixtures("release")
def test_one_command_pins_the_edited_version(capsys: pytest.CaptureFixture[str]) -> None:
    pin.main("hello")
    assert pins.TABLE.read_text() == TABLE.replace(OLD, NEW)
    told = capsys.readouterr().out
    assert f"linux/amd64  {OLD[:12]} -> {NEW[:12]}  hello_1.2.4_linux" in told
    assert "the hashes against a second source than acme/hello" in told


def test_a_file_that_its_own_release_does_not_vouch_for_is_not_pinned(release: Path) -> None:
    (release / "hello_1.2.4_linux").write_bytes(b"replaced later")
    with pytest.raises(ToolHashMismatch, match=r"hello_1\.2\.4_linux is not what .* of its own release says"):
        pin.main("hello")
    assert pins.TABLE.read_text() == TABLE
