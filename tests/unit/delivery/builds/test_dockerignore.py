from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.builds import dockerignore

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "path", "ignored"),
    [
        ("", "a", False),
        ("# a\n\n", "a", False),
        ("a", "a", True),
        ("/a/", "a", True),
        ("./a", "a", True),
        ("a", "a/b/c", True),
        ("a", "b/a", False),
        ("**/a", "a", True),
        ("**/a", "b/c/a", True),
        ("*.bin", "model.bin", True),
        ("*.bin", "b/model.bin", False),
        ("**/*.bin", "b/model.bin", True),
        ("a/**", "a/b/c", True),
        ("b?d", "bad", True),
        ("[ab].txt", "b.txt", True),
        ("[^ab].txt", "b.txt", False),
        (r"\*.txt", "a.txt", False),
        ("*\n!a", "a", False),
        ("*\n!a", "a/b", False),
        ("*\n!a\na/b", "a/b", True),
        ("!a\n*", "a", True),
        ("a.b", "axb", False),
        ("[z-a]", "b", False),
    ],
)
def test_a_path_is_ignored_as_docker_ignores_it(text: str, path: str, *, ignored: bool) -> None:
    assert dockerignore.parse(text)(path) is ignored


def test_a_dockerfiles_own_file_replaces_that_of_the_context(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("\ufeffa\n", encoding="utf-8")
    assert dockerignore.matcher(tmp_path, tmp_path / "Dockerfile")("a")
    (tmp_path / "Dockerfile.dockerignore").write_text("b\n")
    ignored = dockerignore.matcher(tmp_path, tmp_path / "Dockerfile")
    assert (ignored("a"), ignored("b")) == (False, True)


def test_without_a_file_nothing_is_ignored(tmp_path: Path) -> None:
    assert not dockerignore.matcher(tmp_path)("a")
