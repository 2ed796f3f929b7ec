"""An app's checkout as `init` and `doctor` read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery.adoption import checkout
from goldenpath.shared import git
from goldenpath.shared.errors import SourceUnusable


@pytest.mark.parametrize(
    ("slug", "folder", "name"),
    [("Team/My_App", "x", "my-app"), ("", "Shop.Web", "shop-web"), ("", "_", "my-app")],
)
def test_the_name_comes_from_the_remote_else_from_the_folder(slug: str, folder: str, name: str) -> None:
    assert checkout.GitCheckout(Path("/apps") / folder, slug, "", shallow=False, dockerfiles=()).name == name


def test_a_folder_without_git_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "affirms", lambda *_: False)
    with pytest.raises(SourceUnusable, match="is not a git checkout"):
        checkout.read(tmp_path)
