# A double answers with whatever its test says.
# ruff: noqa: ANN401

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from goldenpath.shared import git, git_settings, process
from goldenpath.shared.errors import SourceUnusable, ToolFailed
from goldenpath.shared.names import Commit
from tests.unit.builders import COMMIT
from tests.unit.program_double import ProgramDouble, ended


def doubled(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> ProgramDouble:
    double = ProgramDouble(list(answers))
    monkeypatch.setattr(process, "run", double)
    return double


def test_git_reads_a_folder_of_any_owner_and_its_last_newline_is_dropped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    double = doubled(monkeypatch, ended("a\nb\n\n"))
    assert git.run(tmp_path, "log") == "a\nb"
    assert double.calls == [
        ("git", "-c", "safe.directory=*", "-c", "safe.bareRepository=explicit", "-C", str(tmp_path), "log")
    ]
    (options,) = double.options
    assert (options["timeout"], options["accept"]) == (60.0, (0,))
    assert options["environment"] == git_settings.environment("log")
    assert options["environment"]["GIT_NO_REPLACE_OBJECTS"] == "1"


def test_only_what_reaches_a_remote_or_converts_files_reads_the_configuration_of_the_user() -> None:
    for word in ("log", "rev-parse", "ls-tree", "init", "config"):
        assert git_settings.environment(word)["GIT_CONFIG_GLOBAL"] == "/dev/null"
    for word in ("fetch", "push", "ls-remote", "hash-object", "cat-file", "add"):
        assert "GIT_CONFIG_GLOBAL" not in git_settings.environment(word)


def test_a_setting_for_one_call_comes_after_those_of_every_call() -> None:
    variables = git_settings.environment("fetch", [("http.extraheader", "a")])
    number = len(git_settings.SETTINGS)
    assert variables["GIT_CONFIG_COUNT"] == str(number + 1)
    assert variables[f"GIT_CONFIG_KEY_{number}"] == "http.extraheader"
    assert variables[f"GIT_CONFIG_VALUE_{number}"] == "a"


def test_the_commit_that_is_checked_out_is_the_head(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    double = doubled(monkeypatch, ended(COMMIT + "\n"))
    assert git.head(tmp_path) == COMMIT
    assert double.calls[0][-3:] == ("rev-parse", "--verify", "HEAD^{commit}")


def test_a_folder_that_is_not_there_is_told_before_git_is_asked(tmp_path: Path) -> None:
    with pytest.raises(SourceUnusable) as caught:
        git.head(tmp_path / "nowhere")
    assert str(caught.value) == (
        f"{tmp_path / 'nowhere'} is not a folder. Name the folder of a git checkout with --source."
    )


def test_a_folder_without_a_commit_is_no_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    doubled(monkeypatch, ToolFailed("git ended with exit status 128", why="fatal: not a git repository", fix="f"))
    with pytest.raises(SourceUnusable) as caught:
        git.head(tmp_path)
    assert caught.value.what == f"{tmp_path} is not a git checkout with at least one commit"
    assert caught.value.why == "fatal: not a git repository"


@pytest.mark.parametrize(("code", "there"), [(0, True), (1, False), (128, False)])
def test_a_commit_is_in_the_clone_or_not(monkeypatch: pytest.MonkeyPatch, code: int, *, there: bool) -> None:
    double = doubled(monkeypatch, ended(code=code))
    assert git.has(Path("/src"), Commit(COMMIT)) is there
    assert double.calls[0][-3:] == ("cat-file", "-e", f"{COMMIT}^{{commit}}")


@pytest.mark.parametrize(("said", "shallow"), [("true\n", True), ("false\n", False)])
def test_a_clone_is_shallow_or_whole(monkeypatch: pytest.MonkeyPatch, said: str, *, shallow: bool) -> None:
    doubled(monkeypatch, ended(said))
    assert git.is_shallow(Path("/src")) is shallow


def test_two_commits_may_have_several_bases_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    other = "f" * 40
    doubled(monkeypatch, ended(COMMIT), ended(f"{COMMIT}\n{other}\n"), ended(code=1))
    assert git.merge_bases(Path("/src"), Commit(COMMIT), Commit(other)) == (COMMIT, other)
    assert git.merge_bases(Path("/src"), Commit(COMMIT), Commit(other)) == ()


@pytest.mark.parametrize("told", ["", "-5", "253402300800", "99999999999999999999", "\u0663"])
def test_a_date_that_nothing_can_have_is_an_error(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    doubled(monkeypatch, ended(f"{told}\n"))
    with pytest.raises(SourceUnusable, match=r"has no usable date"):
        git.commit_time(Path("/src"), Commit(COMMIT))


@pytest.mark.parametrize(
    ("shallow", "filtered", "words"),
    [
        ("true", 1, ("--unshallow",)),
        ("false", 0, ("--refetch", "--no-filter")),
        ("true", 0, ("--unshallow", "--refetch", "--no-filter")),
    ],
)
def test_what_a_clone_lacks_is_what_is_fetched(
    monkeypatch: pytest.MonkeyPatch, shallow: str, filtered: int, words: tuple[str, ...]
) -> None:
    double = doubled(monkeypatch, ended(shallow), ended(code=filtered), ended())
    git.fetch_history(Path("/src"), Commit(COMMIT))
    assert double.calls[-1][double.calls[-1].index("/src") + 1 :] == (
        "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", *words, "origin", COMMIT,
    )  # fmt: skip
    assert double.options[-1]["timeout"] == 300.0


def test_an_object_that_is_listed_as_missing_is_lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    doubled(monkeypatch, ended("aaa\nbbb path\n"), ended("aaa\n?bbb\n"))
    assert not git.lacks_objects(Path("/src"), Commit(COMMIT))
    assert git.lacks_objects(Path("/src"), Commit(COMMIT))


def test_numbers_are_read_as_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    doubled(monkeypatch, ended("1767225600\n"), ended("refs/heads/main\n"))
    assert git.commit_time(Path("/src"), Commit(COMMIT)) == 1_767_225_600
    assert git.branch_ref(Path("/src")) == "refs/heads/main"


def test_a_checkout_without_origin_has_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    double = doubled(monkeypatch, ended(code=1))
    assert git.origin_url(Path("/src")) == ""
    assert double.options[0]["accept"] == (0, 1)


def reader(answers: bytes) -> git.Reader:
    return git.Reader(io.BytesIO(answers))


def test_objects_are_read_one_after_the_other() -> None:
    objects = reader(b"aaa blob 5\nhello\nbbb blob 0\n\nccc blob 2\nhi\n")
    assert [b"".join(objects.read(each)) for each in ("aaa", "bbb", "ccc")] == [b"hello", b"", b"hi"]


def test_an_object_that_is_not_in_the_clone_is_named() -> None:
    with pytest.raises(SourceUnusable, match=r"^The git object aaa is missing from the checkout"):
        list(reader(b"aaa missing\n").read("aaa"))


@pytest.mark.parametrize("answer", [b"aaa blob 5\nhel", b"aaa blob 5\n"])
def test_a_git_that_ends_in_the_middle_of_an_object_is_an_error(answer: bytes) -> None:
    with pytest.raises(SourceUnusable, match=r"^git ended in the middle of the object aaa"):
        list(reader(answer).read("aaa"))


def test_a_git_that_ends_before_it_answers_is_an_error() -> None:
    with pytest.raises(SourceUnusable):
        list(reader(b"").read("aaa"))
