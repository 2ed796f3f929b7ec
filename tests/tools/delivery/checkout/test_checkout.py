"""The bytes of a checkout, compared with what a real git keeps of them."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps
from tests.tools.apps import App

from goldenpath.delivery.checkout import checkout, checkout_changes
from goldenpath.shared import git, process

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tools


def others(app: App) -> list[str]:
    return [each.path for each in checkout.read(app.folder, app.commit).other]


def test_a_clean_checkout_is_what_git_keeps_links_and_odd_names_included(app: App) -> None:
    (app.folder / "link").symlink_to("nowhere at all")
    (app.folder / os.fsdecode(b"caf\xe9")).write_bytes(b"an odd name")
    app.write("empty", "").save()
    assert others(app) == []


def test_the_digest_is_of_paths_and_bytes_and_of_nothing_else(app: App) -> None:
    before = checkout.read(app.folder, app.commit).digest
    app.write("not kept by git", "x")
    assert checkout.read(app.folder, app.commit).digest == before
    (app.folder / "Dockerfile").touch()
    assert checkout.read(app.folder, app.commit).digest == before
    app.write("Dockerfile", "FROM scratch\n")
    assert checkout.read(app.folder, app.commit).digest != before


def test_ends_of_lines_that_git_converts_are_other_bytes(app: App) -> None:
    app.write(".gitattributes", "*.bat text eol=crlf\n").write("run.bat", "dir\r\n").save()
    assert others(app) == ["run.bat"]


def test_a_file_that_is_not_there_or_is_none_is_not_read(app: App) -> None:
    app.write("gone", "x").write("pipe", "x").save()
    for name in ("gone", "pipe"):
        (app.folder / name).unlink()
    os.mkfifo(app.folder / "pipe")
    assert others(app) == []


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


def test_the_files_of_a_submodule_count_for_the_digest_and_are_listed(app: App, tmp_path: Path) -> None:
    library = apps.make(tmp_path / "library", **{"a.py": "a\n"})
    app.git("update-index", "--add", "--cacheinfo", f"160000,{library.commit},vendor")
    app.git("commit", "--quiet", "--message=A library")
    without = checkout.read(app.folder, app.commit)
    assert (without.within, without.submodules) == ((), {"vendor": library.commit})
    app.git("clone", "--quiet", str(library.folder), "vendor")
    there = checkout.read(app.folder, app.commit)
    assert "vendor/a.py" in {each.path for each in there.within}
    assert there.digest != without.digest
