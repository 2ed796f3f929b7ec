from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.builders import COMMIT

from goldenpath.delivery.checkout.whole_checkout import require_checkout
from goldenpath.shared import git
from goldenpath.shared.errors import SourceUnusable, ToolFailed
from goldenpath.shared.names import Commit

HERE = Commit(COMMIT)


@pytest.fixture(autouse=True)
def _whole(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"head": HERE, "is_shallow": False, "is_partial": False, "lacks_objects": False}.items():
        monkeypatch.setattr(git, name, lambda *_, value=value: value)


def test_a_checkout_of_another_commit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "head", lambda _: Commit("b" * 40))
    with pytest.raises(SourceUnusable, match=f"The checkout is at {'b' * 40}, but this run is about {HERE}"):
        require_checkout(Path(), HERE, print)


def test_a_shallow_clone_whose_origin_gives_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object) -> None:
        raise ToolFailed("git failed", why="no access", fix="log in")

    monkeypatch.setattr(git, "is_shallow", lambda _: True)
    monkeypatch.setattr(git, "fetch_history", nothing)
    with pytest.raises(SourceUnusable) as caught:
        require_checkout(Path(), HERE, lambda _: None)
    assert "no access" in caught.value.why


def test_what_a_shallow_clone_lacks_is_fetched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking, shown = [True], list[str]()
    monkeypatch.setattr(git, "is_shallow", lambda _: bool(lacking))
    monkeypatch.setattr(git, "fetch_history", lambda *_: lacking.clear())
    require_checkout(Path(), HERE, shown.append)
    assert shown == ["the checkout is shallow: part of its history is missing; fetching it"]
    require_checkout(Path(), HERE, shown.append)
    assert len(shown) == 1
