"""What is changed in a checkout, compared with what a real git says."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps
from tests.tools.apps import App

from goldenpath.delivery.checkout import checkout, checkout_changes
from goldenpath.shared import git, process

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.tools


def changes(app: App) -> tuple[str, ...]:
    return checkout_changes.changed(app.folder, app.commit, checkout.read(app.folder, app.commit))


def commit_raw(app: App, path: str, content: bytes) -> None:
    """Commit bytes as they are, which `.gitattributes` would have git convert."""
    identity = git.ask(app.folder, "hash-object", "-w", "--stdin", stdin=content).stdout.decode().strip()
    app.git("update-index", "--add", "--cacheinfo", f"100644,{identity},{path}")
    app.git("commit", "--quiet", f"--message=Add {path}")
    app.git("checkout", "--quiet", "--", path)


def test_a_fresh_clone_with_other_ends_of_lines_than_its_attributes_ask_for_is_unchanged(
    app: App, tmp_path: Path
) -> None:
    app.write(".gitattributes", "*.sh text eol=lf\n*.bat text eol=crlf\n").write("run.bat", "dir\r\n").save()
    commit_raw(app, "run.sh", b"#!/bin/sh\r\n")
    app.git("clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = App(tmp_path / "clone", app.slug)
    assert git.run(clone.folder, "status", "--porcelain") == " M run.sh"
    assert changes(clone) == ()


def test_what_a_person_changed_is_changed_whatever_git_was_told(app: App) -> None:
    app.write(".gitattributes", "*.bat text eol=crlf\n").write("run.bat", "dir\r\n")
    for name in ("edited", "hidden", "program", "gone", "to link"):
        app.write(name, f"{name}\n")
    app.save()
    app.git("update-index", "--assume-unchanged", "hidden")
    app.write("edited", "x").write("hidden", "x").write("run.bat", "cd\r\n").write("not kept", "x")
    (app.folder / "program").chmod(0o755)
    for name in ("gone", "to link"):
        (app.folder / name).unlink()
    (app.folder / "to link").symlink_to("edited")
    app.write("added", "x").git("add", "added")
    assert changes(app) == ("added", "edited", "gone", "hidden", "program", "run.bat", "to link")


def test_what_a_sparse_checkout_leaves_out_is_not_missing(app: App) -> None:
    app.write("docs/a.md", "a\n").save()
    app.git("sparse-checkout", "set", "--cone", "rootfs")
    assert not (app.folder / "docs").exists()
    assert changes(app) == ()


def test_a_file_that_git_lfs_wrote_is_unchanged_also_where_git_lfs_is_missing(app: App) -> None:
    content = b"a model\n"
    oid = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"
    app.write("model.bin", pointer).save()
    assert checkout.read(app.folder, app.commit).pointers == ("model.bin",)
    app.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    app.git("add", ".gitattributes")
    app.git("commit", "--quiet", "--message=Large files")
    app.git("config", "filter.lfs.clean", "git-lfs-is-not-here")
    app.git("config", "filter.lfs.required", "true")
    app.write("model.bin", content)
    assert changes(app) == ()
    assert checkout.read(app.folder, app.commit).pointers == ()
    app.write("model.bin", b"another")
    assert changes(app) == ("model.bin",)


def test_a_submodule_at_another_commit_is_changed(app: App, tmp_path: Path) -> None:
    library = apps.make(tmp_path / "library")
    first = library.commit
    app.git("clone", "--quiet", str(library.folder), "vendor")
    app.git("update-index", "--add", "--cacheinfo", f"160000,{first},vendor")
    app.git("commit", "--quiet", "--message=A library")
    (app.folder / "vendor" / "Dockerfile").touch()
    assert changes(app) == ()
    (app.folder / "vendor" / "Dockerfile").write_text("FROM scratch\n")
    assert changes(app) == ("vendor",)
    git.run(app.folder / "vendor", "checkout", "--quiet", "--", ".")
    library.write("b", "b").save()
    process.run("git", "-C", app.folder / "vendor", "pull", "--quiet", timeout=9)
    assert changes(app) == ("vendor",)
