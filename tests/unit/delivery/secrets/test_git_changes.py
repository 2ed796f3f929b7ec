from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from goldenpath.delivery.secrets import git_changes
from goldenpath.delivery.secrets.git_changes import Hunk, unquoted

ONE, TWO, THREE, NONE = "1" * 40, "2" * 40, "3" * 40, "0" * 40
LOG = f"""commit {ONE}

:000000 100644 {NONE} {ONE} A\ta file.txt
:000000 160000 {NONE} {TWO} A\tvendor
:000000 100644 {NONE} {THREE} A\tlogo.png

diff --git a/a file.txt b/a file.txt
new file mode 100644
index {NONE}..{ONE}
--- /dev/null
+++ b/a file.txt\t
@@ -0,0 +1,3 @@
+one
+commit {TWO}
+diff --git a/x b/x
diff --git a/vendor b/vendor
new file mode 160000
index {NONE}..{TWO}
--- /dev/null
+++ b/vendor
@@ -0,0 +1 @@
+Subproject commit {TWO}
diff --git a/logo.png b/logo.png
new file mode 100644
index {NONE}..{THREE}
Binary files /dev/null and b/logo.png differ
commit {TWO}

commit {THREE}

:100644 100644 {ONE} {TWO} M\t"a\\nb\\303\\274\\"\\\\"
::100644 100644 100644 {ONE} {TWO} {THREE} MM\tmerged

diff --git "a/a\\nb" "b/a\\nb"
index {ONE}..{TWO} 100644
--- "a/a\\nb"
+++ "b/a\\nb"
@@ -3,2 +3,2 @@ one
 three
-four
+FOUR
@@ -90,0 +91 @@
+more
\\ No newline at end of file
diff --combined merged
index {ONE},{TWO}..{THREE}
--- a/merged
+++ b/merged
@@@ -1,1 -1,1 +1,1 @@@
++both
"""


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def started(_: Path, *__: str) -> Iterator[IO[bytes]]:
        yield io.BytesIO(LOG.encode())

    monkeypatch.setattr(git_changes, "_git_log", started)


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("chunk", [1 << 20, 7, 100])
def test_versions_are_read_with_their_changes_whatever_a_line_holds(
    monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(git_changes, "_CHUNK", chunk)
    found = {each.path: each for each in git_changes.versions(Path(), ("HEAD",), merges="combined")}
    assert list(found) == ["a file.txt", "logo.png", 'a\nbü"\\', "merged"]
    text, picture, named, merged = found.values()
    assert (text.commit, text.identity, text.is_new) == (ONE, ONE, True)
    assert text.hunks == (Hunk(1, f"+one\n+commit {TWO}\n+diff --git a/x b/x".encode()),)
    assert (picture.identity, picture.patch, picture.hunks) == (THREE, None, ())
    assert (named.commit, named.is_new) == (THREE, False)
    assert named.hunks == (Hunk(3, b" three\n-four\n+FOUR"), Hunk(91, b"+more\n\\ No newline at end of file"))
    assert (merged.identity, merged.hunks) == (THREE, ())
    assert b"++both" in (merged.patch or b"")


@pytest.mark.usefixtures("log")
def test_a_patch_that_is_too_long_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_changes, "_CHUNK", 20)
    monkeypatch.setattr(git_changes, "_LONGEST", 150)
    found = {each.path: each for each in git_changes.versions(Path(), ("HEAD",), merges="combined")}
    assert found["a file.txt"].patch is None
    assert len(found) == len(["a file.txt", "logo.png", "named", "merged"])


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (b"plain name", "plain name"),
        (b'"a\\tb"', "a\tb"),
        (b'"\\"x\\""', '"x"'),
        (b'"\\360\\237\\246\\255"', "\U0001f9ad"),
    ],
)
def test_a_quoted_name_is_read_as_git_writes_it(name: bytes, path: str) -> None:
    assert unquoted(name) == path
