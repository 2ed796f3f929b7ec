"""Hole 3, with settled secrets: a record that nobody reviewed, or for a secret that is still in the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.verdict import Result
from goldenpath.delivery.rules import committed, settled
from goldenpath.shared.errors import GateBlocked
from tests.attacks.attack import Patch, Scene, attack
from tests.attacks.hole_03_reviewed import Developer, developer

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.delivery.model.event import Event
    from goldenpath.delivery.rules.settled import Records


def by_the_commit(folder: Path, event: Event) -> Records:
    """Return the records of the run's own commit, as if they had been reviewed."""
    return settled.Records(settled.parse(committed.text(folder, event.commit, settled.FILE) or settled.render(())))


def leak_and_remove(me: Developer) -> str:
    """Commit a token, take it out again, and return it."""
    token = me.app.plant_secret()
    (me.app.folder / "config.py").unlink()
    me.app.save("Take it out")
    return token


def settle(me: Developer) -> None:
    """Record what history has, and commit that."""
    words = (f"--source={me.app.folder}", "--by=me", "--reason=nobody asked")
    me.scene.fixture("inside")("settle", *words).ok()
    me.app.save("Settle it")


def require_passed(me: Developer) -> None:
    verdict = me.work.read_verdict(Gate.GITLEAKS)
    assert (verdict.result, [each.counts for each in verdict.settled]) == (Result.PASS, [True])


@attack(
    3,
    GateBlocked,
    "does not count until it is merged into the default branch main",
    Patch("goldenpath.delivery.rules.settled.effective_records", by_the_commit),
)
def an_own_branch_that_settles_the_token_it_leaked(scene: Scene) -> None:
    me = developer(scene)
    me.branch()
    leak_and_remove(me)
    settle(me)
    me.run("gitleaks-gate", "staging", "workflow_dispatch", "refs/heads/mine")
    require_passed(me)


@attack(
    3,
    GateBlocked,
    "the secret is still in a checked-out file; remove it there",
    Patch("goldenpath.delivery.secrets.gitleaks.secrets_in", lambda *_: frozenset()),
)
def a_settled_token_that_comes_back_into_a_file(scene: Scene) -> None:
    """The record was reviewed for a secret of history; what is built must not have it again."""
    me = developer(scene)
    token = leak_and_remove(me)
    settle(me)
    me.app.write("config.py", f'TOKEN = "{token}"\n').save("Use it again")
    me.run("gitleaks-gate", "prod", "workflow_dispatch", "refs/heads/main")
    require_passed(me)
