"""Whatever a user, a machine or a clone configures, git gives the same results."""

from __future__ import annotations

import functools
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps

from goldenpath.delivery.checkout import checkout, git_branches, git_tags
from goldenpath.delivery.secrets import git_changes, git_objects, gitleaks
from goldenpath.delivery.secrets.scan_corpus import ScanCorpus
from goldenpath.registries import platform_git
from goldenpath.shared import git
from goldenpath.shared.errors import GoldenPathError
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.apps import App

    from goldenpath.shared.toolchain import Program

pytestmark = pytest.mark.tools

# Each is odd or hostile; `{program}` leaves a mark when it is started.
SETTINGS = (
    "log.showSignature=true",
    "gpg.program={program}",
    "log.follow=true",
    "log.date=relative",
    "log.decorate=full",
    "log.mailmap=true",
    "log.diffMerges=off",
    "log.showRoot=false",
    "log.excludeDecoration=refs/*",
    "format.pretty=oneline",
    "i18n.logOutputEncoding=UTF-16",
    "color.ui=always",
    "core.abbrev=4",
    "core.quotePath=true",
    "core.pager={program}",
    "core.fsmonitor={program}",
    "core.hooksPath={hooks}",
    "core.autocrlf=true",
    "core.splitIndex=true",
    "diff.external={program}",
    "diff.noprefix=true",
    "diff.relative=true",
    "diff.ignoreSubmodules=all",
    "diff.orderFile={hooks}/nothing",
    "fetch.prune=true",
    "remote.origin.tagOpt=--tags",
    "remote.origin.prune=true",
    "push.followTags=true",
    "commit.gpgSign=true",
    "init.defaultObjectFormat=sha256",
    "transfer.hideRefs=refs/heads",
)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> App:
    """An app with an origin, an annotated tag, a submodule, a merge, and a signed commit on top."""
    folder = tmp_path_factory.mktemp("settings")
    app = apps.make(folder / "app", **{"läuft.txt": "one\r\n", "sub/a.txt": "a\n"})
    app.git("update-index", "--add", "--cacheinfo", f"160000,{app.commit},vendor/library")
    app.git("commit", "--quiet", "--message=Submodule")
    app.git("checkout", "--quiet", "-b", "side", "HEAD~1")
    app.write("side.txt", "side\n").save("Side")
    app.git("checkout", "--quiet", "main")
    app.git("merge", "--quiet", "--no-ff", "--message=Merge", "side")
    app.git("tag", "--annotate", "--message=One", "v1.0.0")
    text = git.output(app.folder, "cat-file", "commit", "HEAD").replace(
        b"\n\n", b"\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n AAAA\n -----END PGP SIGNATURE-----\n\nSigned: ", 1
    )
    done = git.ask(app.folder, "hash-object", "-t", "commit", "-w", "--stdin", stdin=text)
    app.git("reset", "--quiet", "--hard", done.stdout.decode().strip())
    origin = folder / "origin.git"
    app.git("clone", "--quiet", "--bare", ".", str(origin))
    app.git("remote", "set-url", "origin", f"file://{origin}")
    app.git("fetch", "--quiet", "origin")
    app.git("update-ref", "refs/remotes/origin/gone", "HEAD")
    return app


@functools.cache
def gitleaks_program() -> Program:
    return Toolchain.load().provide("gitleaks")


def results(app: App, folder: Path) -> dict[str, object]:
    """Return everything that is asked of git about an app, and in the platform's own checkout."""
    source, commit = app.folder, git.head(app.folder)
    git.fetch_history(source, commit)
    history = git.history_alone(source, folder / "history")
    tags = git_tags.read(source)
    wanted = git_objects.ScanRange(history, commit, (commit,))
    files = git_objects.export(wanted, tags.names, ScanCorpus(folder / "files")).files
    base = platform_git.resolve(source, "HEAD~1")
    return {
        "time": git.commit_time(source, commit),
        "whole": (git.is_shallow(source), git.is_partial(source), git.lacks_objects(source, commit)),
        "ref": git.branch_ref(source),
        "tip": git_branches.tip(source, "main"),
        "tags": asdict(tags),
        "files": (sorted(files.origins), files.not_scanned, git.tracked(source)),
        "brought": [*git_changes.versions(history, (commit,), merges="combined")],
        "commits": wanted.commits,
        "leaks": gitleaks.scan_files(gitleaks_program(), files),
        "checkout": checkout.read(source, commit).digest,
        "changed": platform_git.changed_paths(source, "HEAD~2", "HEAD"),
        "text": platform_git.text_at(source, commit, "läuft.txt"),
        "trailers": platform_git.trailers(source, "HEAD~2", "HEAD", "Signed"),
        "merged": platform_git.merged_tree(source, base, "refs/heads/side"),
        "proposal": platform_git.commit_on(source, base, ["sub/a.txt"], "A change"),
        "refs": git.run(source, "for-each-ref"),
    }


@pytest.fixture(scope="module")
def expected(signed: App, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return results(signed, tmp_path_factory.mktemp("expected"))


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """A file that is not there, and that every program in the folder `hooks` beside it writes."""
    marks, hooks = tmp_path / "marks", tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "nothing").write_text("side.txt\n")
    for name in ("program", "post-index-change", "reference-transaction", "pre-push"):
        (hooks / name).write_text(f"#!/bin/sh\necho {name} >> {marks}\nprintf '\\377 odd'\n")
        (hooks / name).chmod(0o755)
    return marks


def differing(app: App, expected: dict[str, object], configuration: Path, folder: Path, *settings: str) -> list[str]:
    """Return which results differ with `settings` in the file `configuration`."""
    before = configuration.read_bytes() if configuration.exists() else b""
    folder.mkdir()
    try:
        for each in settings:
            key, _, value = each.partition("=")
            git.run(app.folder, "config", "--file", str(configuration), key, value)
        found = results(app, folder)
        return [name for name in expected if found[name] != expected[name]]
    except GoldenPathError as error:
        return [str(error)]
    finally:
        configuration.write_bytes(before)


@pytest.mark.parametrize("place", ["user", "clone"])
def test_no_setting_changes_a_result(
    signed: App,
    expected: dict[str, object],
    marks: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    configuration = {"user": tmp_path / ".gitconfig", "clone": signed.folder / ".git" / "config"}[place]
    placed = [
        each.format(program=marks.parent / "hooks" / "program", hooks=marks.parent / "hooks") for each in SETTINGS
    ]
    if not differing(signed, expected, configuration, tmp_path / "all", *placed):
        assert not marks.exists(), marks.read_text()
        return
    # All at once takes a second; one at a time says which it is.
    alone = {each: differing(signed, expected, configuration, tmp_path / f"{n}", each) for n, each in enumerate(placed)}
    assert {each: names for each, names in alone.items() if names} == {}
    pytest.fail("several settings together change a result, and none of them alone")
