"""A checkout of a commit and no branch, as other CI systems make it, and the ref that is named for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.tools import apps
from tests.tools.apps import App
from tests.tools.delivery.stages.test_gitleaks_gate import scan

from goldenpath.delivery.builds import named_ref
from goldenpath.delivery.model.finding import Gate
from goldenpath.shared import git
from goldenpath.shared.errors import BadInput, SourceUnusable
from goldenpath.shared.names import Ref

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.command import Command

    from goldenpath.delivery.model.work_folder import WorkFolder

pytestmark = pytest.mark.tools

MAIN, SIDE = Ref("refs/heads/main"), Ref("refs/heads/side")


@pytest.fixture
def origin(tmp_path: Path) -> App:
    """A repository with a branch `side` beside `main`, and an annotated tag on the first commit of `main`."""
    made = apps.make(tmp_path / "origin")
    made.git("tag", "--annotate", "--message=One", "v1.0.0")
    made.git("tag", "plain")
    made.git("checkout", "--quiet", "-b", "side")
    made.write("side", "x").save()
    made.git("checkout", "--quiet", "main")
    made.write("main", "x").save()
    return made


def detached(origin: App, folder: Path, ref: str, *words: str) -> App:
    folder.mkdir()
    clone = App(folder, origin.slug)
    clone.git("init", "--quiet")
    clone.git("remote", "add", "origin", f"file://{origin.folder}")
    clone.git("fetch", "--quiet", "--no-tags", *words, "origin", ref)
    clone.git("checkout", "--quiet", "--detach", "FETCH_HEAD")
    return clone


@pytest.mark.parametrize("words", [(), ("--depth=1",)])
def test_a_branch_contains_its_newest_commit_and_those_before_it(
    origin: App, tmp_path: Path, words: tuple[str, ...]
) -> None:
    clone = detached(origin, tmp_path / "clone", MAIN, *words)
    assert named_ref.require_contains(clone.folder, MAIN, clone.commit) == clone.commit
    # The branch moves on while the pipeline waits.
    newer = origin.write("main", "newer").save()
    assert named_ref.require_contains(clone.folder, MAIN, clone.commit) == newer


def test_a_branch_does_not_contain_a_commit_of_another(origin: App, tmp_path: Path) -> None:
    clone = detached(origin, tmp_path / "clone", SIDE)
    clone.git("update-ref", "refs/remotes/origin/main", "HEAD")
    clone.git("update-ref", MAIN, "HEAD")
    with pytest.raises(BadInput) as caught:
        named_ref.require_contains(clone.folder, MAIN, clone.commit)
    assert caught.value.what == f"refs/heads/main does not contain the commit {clone.commit.short}"
    assert caught.value.why == f"Its newest commit is {origin.commit}"


def test_a_tag_contains_the_commit_that_it_names_and_no_other(origin: App, tmp_path: Path) -> None:
    clone = detached(origin, tmp_path / "clone", "refs/tags/v1.0.0")
    tag = named_ref.require_contains(clone.folder, Ref("refs/tags/v1.0.0"), clone.commit)
    assert tag == git.run(origin.folder, "rev-parse", "refs/tags/v1.0.0")
    assert named_ref.require_contains(clone.folder, Ref("refs/tags/plain"), clone.commit) == clone.commit
    with pytest.raises(BadInput, match=r"^refs/tags/plain does not name the commit"):
        named_ref.require_contains(clone.folder, Ref("refs/tags/plain"), origin.commit)


def test_a_ref_that_origin_does_not_have_is_refused(origin: App, tmp_path: Path) -> None:
    clone = detached(origin, tmp_path / "clone", MAIN)
    clone.git("branch", "here")
    origin.git("branch", "refs/heads/here")  # refs/heads/refs/heads/here
    with pytest.raises(BadInput, match=r"^The remote `origin` has no refs/heads/here"):
        named_ref.require_contains(clone.folder, Ref("refs/heads/here"), clone.commit)


def test_an_origin_that_cannot_be_asked_proves_nothing(origin: App, tmp_path: Path) -> None:
    clone = detached(origin, tmp_path / "clone", MAIN)
    clone.git("remote", "set-url", "origin", f"file://{tmp_path}/nowhere")
    with pytest.raises(SourceUnusable, match=r"could not be checked"):
        named_ref.require_contains(clone.folder, MAIN, clone.commit)


def test_a_detached_checkout_reaches_prod_by_the_ref_that_is_named(
    goldenpath: Command, origin: App, work: WorkFolder, tmp_path: Path
) -> None:
    clone = detached(origin, tmp_path / "clone", MAIN, "--depth=1")
    refused = scan(goldenpath, clone, work)
    assert (refused.code, refused.error["code"]) == (2, "bad-input")
    assert "--ref refs/heads/main" in refused.text
    assert scan(goldenpath, clone, work, GOLDENPATH_REF=MAIN).code == 0
    assert work.read_verdict(Gate.GITLEAKS).subject == origin.commit
    other = scan(goldenpath, clone, work, GOLDENPATH_REF=SIDE)
    assert (other.code, other.error["code"]) == (2, "bad-input")
