"""Tags of a commit, and their messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.unit.program_double import ended
from tests.unit.shared.test_git import doubled

from goldenpath.delivery.checkout import git_tags
from goldenpath.shared import git

if TYPE_CHECKING:
    import pytest


def test_annotated_tags_have_a_message_those_that_only_a_tag_names_too(monkeypatch: pytest.MonkeyPatch) -> None:
    tags = {"111": b"object aaa\ntype commit\n", "333": b"object 444\ntype tag\n", "444": b"object aaa\ntype commit\n"}

    @contextmanager
    def asked(_: Path) -> Iterator[Callable[[str], bytes]]:
        yield tags.__getitem__

    monkeypatch.setattr(git, "asked", asked)
    doubled(monkeypatch, ended("tag 111\ncommit 222\ntag 333\n"), ended(""))
    assert git_tags.read(Path("/src")).names == {"111": "aaa", "333": "aaa", "444": "aaa"}
    assert git_tags.read(Path("/src")) == git_tags.AnnotatedTags()


def test_tags_that_name_tags_without_end_are_not_all_read() -> None:
    read = git_tags.follow(["0"], lambda tag: f"object {int(tag) + 1}\ntype tag\n".encode())
    assert len(read.names) == 1 + git_tags.NESTED_AT_MOST
    assert read.unread == ("1001",)
    assert set(read.names.values()) == {"1001"}
