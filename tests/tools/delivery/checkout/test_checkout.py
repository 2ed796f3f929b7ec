"""The bytes of a checkout, compared with what a real git keeps of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps

from goldenpath.delivery.checkout import checkout

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.apps import App

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
