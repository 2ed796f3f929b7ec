from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from goldenpath.delivery.secrets import git_changes, git_objects
from goldenpath.delivery.secrets.git_changes import FileVersion
from goldenpath.delivery.secrets.git_objects import ScanRange
from goldenpath.delivery.secrets.scan_corpus import FileOrigin, ScanCorpus
from goldenpath.shared import git
from tests.unit.packed import members

HISTORY = Path("/history")
ANSWERS = {("rev-list", "--topo-order", "--reverse"): "c1111111111111111\nc2222222222222222"}
TREE = (
    git.TreeEntry("100644", "blob", "b1", b"src/app.py"),
    git.TreeEntry("100644", "blob", "b3", b"README"),
    git.TreeEntry("160000", "commit", "5ab0d01e00000000", b"vendor/library"),
)
COMMIT = b"tree 4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nA message\n"


def patch(*lines: str, at: int = 1) -> bytes:
    body = "\n".join(lines)
    return f"diff --git a/x b/x\nindex 00..b0\n--- /dev/null\n+++ b/x\n@@ -0,0 +{at} @@\n{body}\n".encode()


def version(commit: str, path: str, identity: str, *lines: str) -> FileVersion:
    """Return a version that changes the file in these lines; git shows nothing of it where there are none."""
    held = patch(*lines) if lines else None
    return FileVersion(commit, path, identity, held, git_changes.hunks(held or b""))


@pytest.fixture
def brought(monkeypatch: pytest.MonkeyPatch) -> list[FileVersion]:
    """The versions that commits bring; git answers the rest from a table."""
    versions: list[FileVersion] = []

    @contextmanager
    def reader(_source: Path, identities: list[str]) -> Iterator[git.Reader]:
        class Objects(git.Reader):
            def read(self, identity: str) -> Iterator[bytes]:
                yield COMMIT if identity.startswith("c") else f"content of {identity}".encode()

        assert len(set(identities)) == len(identities), "each object is read once"
        yield Objects(io.BytesIO())

    def answer(_source: Path, *words: str) -> str:
        return next(text for start, text in ANSWERS.items() if words[: len(start)] == start)

    monkeypatch.setattr(git, "run", answer)
    monkeypatch.setattr(git, "tree", lambda *_: iter(TREE))
    monkeypatch.setattr(git, "reader", reader)
    monkeypatch.setattr(git_changes, "versions", lambda *_, **__: iter(versions))
    return versions


def exported(folder: Path, *revisions: str, tags: dict[str, str] | None = None) -> git_objects.ExportedObjects:
    wanted = ScanRange(HISTORY, "c2222222222222222", revisions or ("c2222222222222222",))
    return git_objects.export(wanted, tags or {}, ScanCorpus(folder))


def texts(found: git_objects.ExportedObjects) -> bytes:
    return b"".join(members(found.files.packed).values())


def test_of_all_history_changes_are_written_and_what_the_tree_holds_is_read_whole(
    brought: list[FileVersion], tmp_path: Path
) -> None:
    brought += [version("c1", "src/app.py", "b0", "+old line"), version("c2", "src/app.py", "b1", "-old line", "+new")]
    found = exported(tmp_path, tags={"7a91111111111111": "c2222222222222222", "7a92222222222222": "an older commit"})
    assert [(each.identity[:9], each.path, each.commit[:3]) for each in found.files.origins.values()] == [
        ("change:b0", "src/app.py", "c1"),
        ("change:b1", "src/app.py", "c2"),
        ("b1", "src/app.py", "c2"),
        ("b3", "README", ""),
        ("7a9111111", "message of tag 7a9111111111", "c22"),
        ("c11111111", "message of commit c11111111111", "c11"),
        ("c22222222", "message of commit c22222222222", "c22"),
        ("names of ", "names of files", "c22"),
    ]
    assert found.partial == {"src/app.py": [FileOrigin("b0", "src/app.py", "c1")]}
    assert b"old line\n\n#" in texts(found)
    assert b"content of b1" in texts(found)
    assert b"content of b0" not in texts(found)
    assert b"README\nsrc/app.py\n" in texts(found)
    assert found.files.not_scanned == [
        "vendor/library is a submodule; its commit 5ab0d01e0000 is in another repository and was not scanned"
    ]


@pytest.mark.parametrize(
    "later",
    [
        version("c2", "a", "b2"),
        version("c2", "a", "b2", "+\x1f"),
        version("c2", "a", "b2", "+version https://git-lfs.github.com/spec/v1"),
    ],
    ids=["not shown", "a control character", "a pointer"],
)
def test_a_version_that_is_more_than_text_is_read_whole_and_so_are_later_ones(
    brought: list[FileVersion], tmp_path: Path, later: FileVersion
) -> None:
    path = later.path
    brought += [version("c1", path, "b0", "+one"), later, version("c3", path, "b4", "+three")]
    found = exported(tmp_path)
    assert [each.identity for each in found.partial[path]] == ["b0"]
    assert b"content of b2" in texts(found)
    assert b"content of b4" in texts(found)


@pytest.mark.parametrize(
    ("path", "line"),
    [("a", "+curl -u x"), ("a", "+-----BEGIN RSA"), ("a.yaml", "+kind: Secret")],
    ids=["curl", "a key", "a secret of Kubernetes"],
)
def test_where_a_rule_may_read_farther_than_a_change_that_place_is_read_in_this_version_and_later_ones(
    brought: list[FileVersion], tmp_path: Path, path: str, line: str
) -> None:
    lines = (("b0", "+one"), ("b2", line), ("b4", "+three"))
    brought += [version("c1", path, identity, each) for identity, each in lines]
    found = exported(tmp_path)
    assert [each.identity for each in found.partial[path]] == ["b0", "b2", "b4"]
    far = [each.identity for each in found.files.origins.values() if each.identity.startswith("far:")]
    assert far == ["far:b2", "far:b4"]


def test_of_a_part_of_history_every_version_is_read_whole_and_once(brought: list[FileVersion], tmp_path: Path) -> None:
    brought += [version("c2", "a", "b2", "+x"), version("c2", "b", "b2", "+x"), version("c3", "a", "b2", "+x")]
    found = exported(tmp_path, "c2222222222222222", "^c0")
    assert found.partial == {}
    assert texts(found).count(b"content of b2") == 1
    assert found.files.also == {"0000002": [FileOrigin("b2", "b", "c2")]}


def test_of_a_commit_what_names_other_objects_is_left_out_and_who_was_named_before(
    brought: list[FileVersion], tmp_path: Path
) -> None:
    assert not brought
    found = exported(tmp_path)
    held = texts(found)
    assert (held.count(b"author A"), held.count(b"A message"), held.count(b"tree 4d")) == (1, 2, 0)
    number = next(each for each, origin in found.files.origins.items() if origin.identity == "c2222222222222222")
    packed = found.files.packed
    places = {(packed.place(name, line) or ())[:2] for name in members(packed) for line in range(60)}
    assert (number, 5) in places
