"""Git folders are found in any layer of an image, whatever its compression, and what cannot be read is named."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from goldenpath.delivery.image import image_files
from goldenpath.delivery.image.git_folders import GitFolder
from goldenpath.delivery.image.image_files import LayerSearch
from goldenpath.delivery.model.layout import Descriptor, Image, Layout, Manifest
from goldenpath.delivery.scanners import git_folder_findings
from goldenpath.shared import git
from goldenpath.shared.errors import ToolFailed
from goldenpath.shared.names import Digest
from goldenpath.shared.oci import CONFIG, GZIP_LAYER, MANIFEST
from tests.unit.builders import COMMIT
from tests.unit.run_builder import run

TAR = GZIP_LAYER.removesuffix("+gzip")
NO_TAR = gzip.compress(b"no tar", mtime=0)


CLONED = """[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tlogallrefupdates = true
[remote "origin"]
\turl = https://github.com/nvm-sh/nvm.git
\tfetch = +refs/heads/*:refs/remotes/origin/*
[branch "master"]
\tremote = origin
\tmerge = refs/heads/master
"""
APP = "https://github.com/o/app"


def layer_of(folder: Path, **files: str) -> Descriptor:
    """Return a layer with these files; `__` in a name stands for a slash."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("__", "/"))
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return stored(folder, gzip.compress(content.getvalue(), mtime=0), GZIP_LAYER)


def layer(folder: Path, *names: str, media_type: str = GZIP_LAYER) -> Descriptor:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name))
    raw = content.getvalue()
    return stored(folder, gzip.compress(raw, mtime=0) if media_type.endswith("gzip") else raw, media_type)


def stored(folder: Path, raw: bytes, media_type: str) -> Descriptor:
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    digest = Digest.of(raw)
    (blobs / digest.hex).write_bytes(raw)
    return Descriptor(media_type, digest, len(raw))


def search(folder: Path, *layers: Descriptor) -> LayerSearch:
    descriptor = stored(folder, b"{}", CONFIG)
    image = Image(descriptor, Manifest(2, MANIFEST, descriptor, list(layers)))
    return image_files.search(Layout(folder), image)


@pytest.mark.parametrize("name", [".git/HEAD", "./.git/config", "app/.git/objects/ab/cd", "a/b/.git/config"])
@pytest.mark.parametrize("media_type", [GZIP_LAYER, TAR])
def test_a_git_folder_is_found(tmp_path: Path, name: str, media_type: str) -> None:
    found = search(tmp_path, layer(tmp_path, "etc/passwd", name, media_type=media_type))
    (folder,) = found.git_folders
    assert (folder.path, found.unread) == (name.removeprefix("./").partition(".git")[0] + ".git", ())


@pytest.mark.parametrize("name", ["app/.gitignore", ".github/config", "app/.git", "x.git/config", ".git/README"])
def test_what_only_looks_like_one_is_not(tmp_path: Path, name: str) -> None:
    assert search(tmp_path, layer(tmp_path, name)).git_folders == ()


def test_one_that_a_later_layer_removes_is_found_once(tmp_path: Path) -> None:
    layers = layer(tmp_path, "app/.git/HEAD", "app/.git/config"), layer(tmp_path, "app/.wh..git")
    (folder,) = search(tmp_path, *layers).git_folders
    assert folder.path == "app/.git"


@pytest.mark.parametrize(
    ("raw", "media_type"),
    [(b"", GZIP_LAYER), (b"no gzip", GZIP_LAYER), (NO_TAR, GZIP_LAYER), (b"x", f"{TAR}+zstd")],
)
def test_a_layer_that_cannot_be_read_is_named(tmp_path: Path, raw: bytes, media_type: str) -> None:
    broken = stored(tmp_path, raw, media_type)
    assert search(tmp_path, broken) == LayerSearch((), (str(broken.digest),))


def test_each_git_folder_is_a_finding_that_always_decides() -> None:
    same = LayerSearch((GitFolder("app/.git"),), ())
    (finding,) = map(git_folder_findings.finding, git_folder_findings.found([same, same]))
    assert (finding.id, finding.location.path, finding.kind) == ("git-folder-in-image", "app/.git", "secret")
    assert finding.remedy == (
        "If the build context brings it, add .git to .dockerignore. If a RUN step clones it, end that step with "
        "`rm -rf /app/.git`: a later step leaves it in its layer."
    )


@pytest.mark.parametrize("name", ["app.jar", "srv/APP.War", "./a/b.ear", "x.par"])
def test_a_java_archive_in_any_layer_is_named(tmp_path: Path, name: str) -> None:
    found = search(tmp_path, layer(tmp_path, "etc/passwd"), layer(tmp_path, name, "z/later.jar"))
    assert found.java_archive == name.removeprefix("./")


@pytest.mark.parametrize("name", ["app.jar.txt", "jar", "app.jarx", "app.class", "lib/.wh.app.jar"])
def test_what_only_looks_like_a_java_archive_is_none(tmp_path: Path, name: str) -> None:
    assert search(tmp_path, layer(tmp_path, name)).java_archive == ""


@pytest.mark.parametrize("kind", [tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_folder_or_a_link_is_no_java_archive(tmp_path: Path, kind: bytes) -> None:
    content, entry = io.BytesIO(), tarfile.TarInfo("app.jar")
    entry.type, entry.linkname = kind, "elsewhere"
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(entry)
    assert search(tmp_path, stored(tmp_path, content.getvalue(), TAR)).java_archive == ""


#        files of the image's layers, from the first on                             a clone of somebody else
FOLDERS: dict[str, tuple[tuple[dict[str, str], ...], bool]] = {
    "a clone of nvm": (({"config": CLONED, "HEAD": "ref: refs/heads/master\n"},), True),
    "one in two layers": (({"config": CLONED}, {"config": CLONED, "HEAD": "a" * 40}), True),
    "one with submodules": (({"config": CLONED, "modules__x__config": CLONED},), True),
    "one without a configuration": (({"HEAD": "a" * 40},), False),
    "one without a remote": (({"config": CLONED.partition("[remote")[0]},), False),
    "one of the app's owner": (({"config": CLONED.replace("nvm-sh/", "O/")},), False),
    "one over ssh": (({"config": CLONED.replace("https://github.com/", "git@github.com:")},), False),
    "one of a private server": (({"config": CLONED.replace("github.com", "git.example.com")},), False),
    "one whose address leads back": (({"config": CLONED.replace("nvm-sh/nvm", "x/../o/app")},), False),
    "one with a token": (({"config": CLONED.replace("github.com", "x:secret@github.com")},), False),
    "one with a token in a hidden version": (
        ({"config": CLONED.replace("github.com", "x:secret@github.com")}, {"config": CLONED}), False,
    ),
    "one with a header": (({"config": f'{CLONED}[http "https://github.com/"]\n\textraheader = X: y\n'},), False),
    "one that includes another file": (({"config": CLONED + "[include]\n\tpath = /token\n"},), False),
    "one with a second remote": (({"config": CLONED + '[remote "b"]\n\turl = /srv/app\n'},), False),
    "a submodule with a token": (
        ({"config": CLONED, "modules__x__config": CLONED.replace("github.com", "x@github.com")},), False,
    ),
    "the app's own, with another address": (({"config": CLONED, "refs__heads__main": COMMIT + "\n"},), False),
    "the app's own, with packed refs": (({"config": CLONED, "packed-refs": f"#\n{COMMIT} refs/tags/v1\n"},), False),
    "bytes": (({"config": "\u2028"},), False),
}  # fmt: skip


@pytest.mark.parametrize("name", FOLDERS)
def test_a_git_folder_is_judged_by_what_it_is(tmp_path: Path, name: str) -> None:
    layers, is_clone = FOLDERS[name]
    placed = [layer_of(tmp_path, **{f"root__.nvm__.git__{key}": text for key, text in each.items()}) for each in layers]
    (folder,) = git_folder_findings.found([search(tmp_path, *placed)])
    assert folder.path == "root/.nvm/.git"
    assert git_folder_findings.is_clone(folder, APP, frozenset({COMMIT})) is is_clone
    assert not git_folder_findings.is_clone(folder, "", frozenset())


def test_a_clone_of_somebody_else_is_noted_and_the_rest_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = GitFolder("root/.nvm/.git", (CLONED.encode(),))
    token = GitFolder("app/.git", (CLONED.replace("github.com", "x@github.com").encode(),))
    monkeypatch.setattr(git, "run", lambda *_: COMMIT)
    (found,), (note,) = git_folder_findings.judged(run(tmp_path), (theirs, token))
    assert found.remedy.startswith("Its configuration seems to hold a token or a password: revoke it first.")
    assert note == (
        "root/.nvm/.git is a clone of https://github.com/nvm-sh/nvm.git: its history is in the image and was not "
        "searched for secrets. To leave it out, end the RUN step that clones it with `rm -rf /root/.nvm/.git`"
    )


def test_where_the_app_s_commits_are_unknown_every_git_folder_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> str:
        raise ToolFailed("git failed", fix="f")

    monkeypatch.setattr(git, "run", fails)
    found, notes = git_folder_findings.judged(run(tmp_path), (GitFolder("root/.nvm/.git", (CLONED.encode(),)),))
    assert (len(found), notes) == (1, ())
