"""Which images a Dockerfile starts from, which have a stand-in, and what a layout is made of."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from goldenpath.local.engine import debian
from goldenpath.local.images import base_images
from goldenpath.local.images.stand_in_recipes import WORDPRESS
from goldenpath.shared import process
from goldenpath.shared.errors import LocalTrouble, ToolFailed
from goldenpath.shared.process import Completed


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("dev", True),
        ("dev/null", False),
        ("usr/share/doc/bash", True),
        ("usr/share/doc/bash/copyright", True),
        ("usr/share/doc/bash/README.gz", False),
        ("usr/share/man/man1/ls.1.gz", False),
        ("usr/lib/python3/dist-packages/pip/__pycache__", False),
        ("usr/lib/python3.11/EXTERNALLY-MANAGED", False),
        ("var/lib/dpkg/status", True),
        ("var/lib/apt/lists/x_InRelease", False),
    ],
)
def test_a_stand_in_is_as_slim_as_the_image_it_stands_for(path: str, kept: bool) -> None:
    assert base_images._belongs(path) is kept  # noqa: SLF001  the rule itself, without a file system


@pytest.fixture
def debian_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDENPATH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(debian, "mirror", lambda: ("http://mirror.example/debian", "bookworm"))
    monkeypatch.setattr(base_images, "_architecture", lambda: "amd64")


@pytest.mark.usefixtures("debian_mirror")
def test_where_no_stand_in_can_be_made_the_error_says_what_would_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "may_install", lambda: False)
    with pytest.raises(LocalTrouble) as caught:
        base_images.python_base(print)
    assert str(caught.value) == (
        "No stand-in for docker.io/library/python can be made here. Only root on Debian or Ubuntu can make one. "
        "Make Docker Hub reachable, or run this as root on Debian or Ubuntu."
    )


@pytest.mark.usefixtures("debian_mirror")
def test_a_mirror_that_fails_is_named_and_nothing_is_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_command: object, **_options: object) -> Completed:
        raise ToolFailed("debootstrap ended with exit status 1", why="E: no such suite", fix="")

    monkeypatch.setattr(debian, "may_install", lambda: True)
    monkeypatch.setattr(debian, "which", lambda program: program)
    monkeypatch.setattr(process, "run", fail)
    for _ in range(2):
        with pytest.raises(LocalTrouble, match=r"could not be made from the packages of http://mirror\.example/debian"):
            base_images.make(WORDPRESS, print)


@pytest.mark.usefixtures("debian_mirror")
def test_a_stand_in_gets_its_files_and_links_and_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[str] = []

    def debootstrap(*command: object, **_options: object) -> Completed:
        runs.append(str(command))
        root = Path(str(command[-2]))
        lists = root / "var/lib/apt/lists"
        lists.mkdir(parents=True)
        (root / "usr/bin").mkdir(parents=True)
        (lists / "mirror_Release").write_text("Suite: stable\nDate: Sat, 06 Sep 2025 10:00:00 UTC\n")
        return Completed("debootstrap", 0, b"", b"", 0.0)

    monkeypatch.setattr(debian, "may_install", lambda: True)
    monkeypatch.setattr(debian, "which", lambda program: program)
    monkeypatch.setattr(process, "run", debootstrap)
    made = base_images.python_base(print)
    assert base_images.python_base(pytest.fail) == made
    assert len(runs) == 1
    (entry,) = json.loads((made.folder / "index.json").read_bytes())["manifests"]
    manifest = json.loads((made.folder / "blobs/sha256" / entry["digest"].removeprefix("sha256:")).read_bytes())
    layer = made.folder / "blobs/sha256" / manifest["layers"][0]["digest"].removeprefix("sha256:")
    with tarfile.open(layer) as tar:
        assert tar.getmember("usr/local/bin/python").linkname == "/usr/bin/python3"
        assert "var/lib/apt/lists/mirror_Release" not in tar.getnames()
    assert [path.name for path in made.folder.parent.iterdir() if path.name.startswith("root-")] == []
