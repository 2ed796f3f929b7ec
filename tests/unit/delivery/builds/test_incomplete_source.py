"""What stands in the build context for something else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.builds import incomplete_source
from goldenpath.delivery.checkout.checkout import Checkout
from goldenpath.shared import git
from goldenpath.shared.errors import SourceIncomplete
from tests.unit import run_builder

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.delivery.stage import Run

_POINTERS = Checkout("", (), pointers=("app/model.bin", "docs/film.mp4"))
_EMPTY = Checkout("", (), submodules={"app/vendor": "f" * 40, "full": "f" * 40})


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose folder `app` is the build context."""
    for name in ("app/vendor", "full", "docs"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "full" / "file").touch()
    monkeypatch.setattr(git, "run", lambda *_: str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(folder: Path, environment: str = "prod") -> Run:
    return run_builder.run(folder, environment)


def test_a_pointer_in_the_build_context_is_an_error_where_gates_block(repository: Path) -> None:
    with pytest.raises(SourceIncomplete) as caught:
        incomplete_source.require(run(repository), _POINTERS)
    assert caught.value.what == ("The build context has the git-lfs pointer, not the content, of 1 file: app/model.bin")
    assert caught.value.fix == (
        "Set `lfs: true` beside `environment` in the workflow; at a terminal: git lfs pull. "
        "If the build does not need them, list them in .dockerignore"
    )


def test_an_empty_submodule_in_the_build_context_is_an_error_where_gates_block(repository: Path) -> None:
    with pytest.raises(SourceIncomplete) as caught:
        incomplete_source.require(run(repository), _EMPTY)
    assert caught.value.what == "The build context has an empty folder for 1 submodule: app/vendor"


def test_both_are_warnings_where_gates_advise(repository: Path) -> None:
    both = replace(_EMPTY, pointers=_POINTERS.pointers)
    pointer, submodule = incomplete_source.require(run(repository, "dev"), both)
    assert "app/model.bin" in pointer
    assert "app/vendor" in submodule


def test_what_is_not_sent_to_the_build_is_not_missing(repository: Path) -> None:
    (repository / "app" / ".dockerignore").write_text("*.bin\nvendor\n")
    assert incomplete_source.require(run(repository), _POINTERS) == ()
    assert incomplete_source.require(run(repository), _EMPTY) == ()


def test_a_named_context_is_sent_too(repository: Path) -> None:
    (repository / "app" / ".dockerignore").write_text("*.bin\n")
    asked = run(repository)
    asked = replace(asked, request=replace(asked.request, build_contexts=(("d", "docs"), ("i", "docker-image://a"))))
    with pytest.raises(SourceIncomplete, match=r"of 1 file: docs/film\.mp4\."):
        incomplete_source.require(asked, _POINTERS)


def test_a_submodule_whose_folder_was_filled_by_other_means_is_not_empty(repository: Path) -> None:
    (repository / "app" / "vendor" / "library.py").touch()
    assert incomplete_source.require(run(repository), _EMPTY) == ()


def test_a_submodule_that_a_sparse_checkout_leaves_out_is_not_empty(repository: Path) -> None:
    (repository / "app" / "vendor").rmdir()
    assert incomplete_source.require(run(repository), _EMPTY) == ()
