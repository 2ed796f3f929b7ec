"""What holds of every run of the reusable workflow, whatever it was about: asserted after each of them.

Registry, outputs, summary, annotations and SARIF uploads must all tell the same story.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.delivery.model.event import comes_from_fork
from tests import environments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.local.server import Local
    from tests.e2e.act import Ended
    from tests.e2e.events import Event

REPOSITORY = "my-app"
_SHA_256_DIGITS = 64
_ENDINGS = {"pass": ("✅",), "advise": ("✅",), "block": ("⛔",), "error": ("❌", "✅")}


@dataclass(frozen=True)
class World:
    """What the registry and code scanning hold at one moment."""

    tags: Mapping[str, str]
    manifests: frozenset[str]
    uploads: int

    @classmethod
    def look(cls, emulator: Local, repository: str = REPOSITORY) -> World:
        """Return what they hold now."""
        return cls(emulator.tags(repository), frozenset(emulator.manifests(repository)), len(emulator.uploads()))


def hold(ended: Ended, event: Event, before: World, after: World, repository: str = REPOSITORY) -> None:
    """Fail unless everything that a run of one image showed and left agrees."""
    reports = list(ended.artifacts.glob("goldenpath-reports-*"))
    if "verdict" not in ended.jobs or len(reports) > 1:
        return
    verdict = ended.outputs("verdict")["verdict"]
    assert (ended.jobs["verdict"] == "success") is (verdict in {"pass", "advise"}), ended.story
    _registry(ended, before, after, repository)
    gates = _gates(ended)
    if reports:
        _summary(ended, verdict)
    _annotations(ended, verdict)
    _uploads(ended, event, gates, after.uploads - before.uploads)


def _registry(ended: Ended, before: World, after: World, repository: str) -> None:
    """Nothing changes but by a push that succeeded; then every output names what the registry holds."""
    if ended.jobs.get("push") != "success":
        assert (before.tags, before.manifests) == (after.tags, after.manifests), ended.story
        return
    told = ended.outputs("push")
    assert {after.tags[tag] for tag in told["tags"].split(",")} == {told["image_digest"]}, ended.story
    assert told["image_ref"].endswith(f"/{repository}@{told['image_digest']}")
    assert told["image"].partition(":")[0]
    assert f"```sh\ndocker pull {told['image_ref']}\n```" in ended.summary
    assert "@\u200bsha256" not in ended.summary, "what is copied from there is no reference"


def _summary(ended: Ended, verdict: str) -> None:
    """The page begins with the verdict, and says that something was released only where it was."""
    # act tells what a composite action writes twice, as its own and as its caller's.
    heads = list(dict.fromkeys(line for line in ended.summary.splitlines() if line.startswith("## ")))
    assert len(heads) == 1, ended.summary
    assert heads[0].removeprefix("## ").startswith(_ENDINGS[verdict]), heads[0]
    assert heads[0].endswith(": released") is (ended.jobs.get("push") == "success"), heads[0]


def _annotations(ended: Ended, verdict: str) -> None:
    """A finding that decides is shown at its file and line: as an error where it blocks, else as a warning."""
    placed = {level for level, *_ in ended.annotations}
    assert placed == {"block": {"error"}, "advise": {"warning"}, "pass": set()}.get(verdict, placed), ended.story


def _uploads(ended: Ended, event: Event, gates: Mapping[str, Any], uploaded: int) -> None:
    """Each gate that came to a verdict uploads its findings, where the environment asks for it and the token may."""
    asked = any(gate["environment"] in environments.UPLOADING for gate in gates.values())
    # GitHub takes findings for commits named by SHA-1.
    taken = not comes_from_fork(event.payload) and len(event.payload.get("after", "")) != _SHA_256_DIGITS
    expected = len(gates) if asked and taken else 0
    assert uploaded == expected, ended.story


def _gates(ended: Ended) -> dict[str, Any]:
    """Return the verdict of each gate that came to one."""
    found = ended.artifacts.glob("goldenpath-reports-*/*.verdict.json")
    return {path.name.partition(".")[0]: json.loads(path.read_bytes()) for path in found}
