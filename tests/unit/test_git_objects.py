from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from goldenpath.errors import SourceUnusable
from goldenpath.tools import git, git_objects

HISTORY = Path("/history")
ANSWERS = {
    ("rev-list", "c2", "^c1"): "c2222222222222222",
    ("rev-list", "--objects"): "b1 src/app.py\nb2 a name with spaces",
    ("ls-tree", "-r", "-z"): (
        "100644 blob b1\tsrc/app.py\x00100644 blob b3\tREADME\x00160000 commit 5ab0d01e00000000\tvendor/library\x00"
    ),
    ("log",): (
        'c1\n\n:000000 100644 0000 b1 A\tsrc/app.py\n:000000 100644 0000 b2 A\t"an \\303\\244"\n'
        "c2\n\n:100644 100644 b2 b1 M\ta name with spaces\n:000000 100644 0000 b3 A\tREADME"
    ),
}


@pytest.fixture(autouse=True)
def _git(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_source: Path, *words: str) -> str:
        return next(text for start, text in ANSWERS.items() if words[: len(start)] == start)

    @contextmanager
    def reader(_source: Path, _identities: list[str]) -> Iterator[git.Reader]:
        class Objects(git.Reader):
            def read(self, identity: str) -> Iterator[bytes]:
                yield f"content of {identity}".encode()

        yield Objects(io.BytesIO())

    monkeypatch.setattr(git, "run", answer)
    monkeypatch.setattr(git, "reader", reader)


def test_what_commits_bring_and_what_the_tree_holds_is_written_once(tmp_path: Path) -> None:
    tags = {"7a91111111111111": "c2222222222222222", "7a92222222222222": "an older commit"}
    files = git_objects.export(HISTORY, "c2", ("c2", "^c1"), tags, tmp_path)
    assert [(each.identity[:3], each.path) for each in files.origins.values()] == [
        ("b1", "src/app.py"),
        ("b2", "a name with spaces"),
        ("b3", "README"),
        ("c22", "message of commit c22222222222"),
        ("7a9", "message of tag 7a9111111111"),
        ("nam", "names of files"),
    ]
    assert b"README\na name with spaces\nsrc/app.py\n" in (tmp_path / "rest" / "0000000-plain").read_bytes()
    assert b"content of b1" in (tmp_path / "rest" / "0000000-plain").read_bytes()
    assert b"content of b2" in (tmp_path / "versions" / "0000000-plain").read_bytes()
    assert files.not_scanned == [
        "vendor/library is a submodule; its commit 5ab0d01e0000 is in another repository and was not scanned"
    ]


def test_an_object_that_is_missing_stops_the_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "run", lambda *_: "b1 a\n?b2")
    with pytest.raises(SourceUnusable, match=r"^the git object b2 is missing from the checkout"):
        list(git_objects.brought(HISTORY, ("c2",)))


def test_the_commit_of_a_file_is_the_first_that_brought_it() -> None:
    assert git_objects.first_commits(HISTORY, ("c2",)) == {"b1": "c1", "b2": "c1", "b3": "c2"}
