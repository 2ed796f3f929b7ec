"""A clone that an auditor names is one, with all of its history."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery.evidence import clones
from goldenpath.shared import git
from goldenpath.shared.errors import BadInput


def test_a_folder_without_a_commit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "affirms", lambda *_: False)
    with pytest.raises(BadInput, match=f"{tmp_path} is no git checkout"):
        clones.require([tmp_path])
    monkeypatch.setattr(git, "affirms", lambda *_: True)
    clones.require([tmp_path])
    with pytest.raises(BadInput, match="missing is no git checkout"):
        clones.require([tmp_path, Path("missing")])


def test_a_clone_of_a_part_is_missing_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "is_shallow", lambda clone: clone.name == "part")
    (gap,) = clones.shallow([tmp_path / "whole", tmp_path / "part"])
    assert (gap.about, gap.what) == ("clone 'part'", "only a part of its history was cloned")
