"""Hole 17: an hour of a runner for a few kilobytes, and values that end a run in a traceback."""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING

from goldenpath.delivery.checkout import git_tags
from goldenpath.delivery.model.finding import Gate
from goldenpath.registries.config import ecr_tf
from goldenpath.shared import git
from goldenpath.shared.errors import GateBlocked, PolicyInvalid, RegistryConfigUnexpected, SourceUnusable
from tests.attacks import scans
from tests.attacks.attack import Patch, Scene, attack, nothing

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.delivery.secrets.scan_limits import FileBudget
    from goldenpath.shared.names import Commit
    from tests.tools.apps import App

MAGIC = b"\x1f\x8b\x08"
WORK: dict[str, int] = {}


def count_attempts(_: FileBudget) -> None:
    WORK["attempts"] = WORK.get("attempts", 0) + 1


def count_bytes(_: FileBudget, size: int) -> None:
    WORK["bytes"] = WORK.get("bytes", 0) + size


def gate(scene: Scene, made: App) -> None:
    WORK.clear()
    scans.run(scene, "gitleaks-gate", made)
    scans.passed(scene, Gate.GITLEAKS)


@attack(
    17,
    GateBlocked,
    "It has more than 20,000 places where a compressed stream may begin",
    Patch("goldenpath.delivery.secrets.scan_limits.FileBudget.attempt", count_attempts),
)
def headers_of_gzip_without_end(scene: Scene) -> None:
    # Flags that no header has: to see that takes a few bytes each, less than the limit of those.
    made = scans.app(scene, **{"magic.bin": (MAGIC + b"\xe0") * 110_000})
    gate(scene, made)
    assert WORK["attempts"] > 100_000


@attack(
    17,
    GateBlocked,
    "It has compressed streams in one another",
    Patch("goldenpath.delivery.secrets.scan_limits.FileBudget.feed", count_bytes),
)
def headers_that_all_lead_to_the_same_empty_blocks(scene: Scene) -> None:
    """A block of deflate may be empty: a stream of a megabyte then gives no byte, and begins a thousand times."""
    headers = 1000
    lead = b"".join(
        MAGIC + b"\x04" + bytes(6) + (12 * (headers - number) - 12).to_bytes(2, "little") for number in range(headers)
    )
    content = lead + b"\0\0\0\xff\xff" * 80_000
    gate(scene, scans.app(scene, **{"blocks.bin": content}))
    assert WORK["bytes"] > 500 * len(content)


@attack(
    17,
    GateBlocked,
    "It was not read: more than 1000 tags name tags",
    Patch("goldenpath.delivery.checkout.git_tags.NESTED_AT_MOST", 1 << 40),
)
def tags_that_name_tags(scene: Scene) -> None:
    made = scans.app(scene)
    target, kind = str(made.commit), "commit"
    for number in range(3000):
        text = f"object {target}\ntype {kind}\ntag t\ntagger t <t@example.com> 1 +0000\n\n{number}\n"
        target, kind = write_object(made.folder, "tag", text.encode()), "tag"
    made.git("update-ref", "refs/tags/v1", target)
    gate(scene, made)
    assert len(git_tags.read(made.folder).names) == 3000


def write_object(folder: Path, kind: str, content: bytes) -> str:
    """Write an object as git keeps it, whatever it says. Source: Pro Git, "Git Objects"."""
    whole = f"{kind} {len(content)}\0".encode() + content
    name = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
    file = folder / ".git" / "objects" / name[:2] / name[2:]
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(zlib.compress(whole))
    return name


def look_for_each_end(text: str, start: int) -> int:
    """Do as an expression would: look for the end of the comment, and go on with the next sign where there is none."""
    WORK["read"] = WORK.get("read", 0) + len(text) - start
    end = text.find("*/", start)
    return end + 2 if end >= 0 else start + 2


@attack(
    17,
    RegistryConfigUnexpected,
    "a comment is not closed",
    Patch("goldenpath.registries.config.hcl._comment_end", look_for_each_end),
)
def comments_without_end_in_a_file_of_registries(scene: Scene) -> None:
    WORK.clear()
    text = "locals {\n  ecr_repositories = {}\n}\n" + "/*" * 20_000
    ecr_tf.parse(text, "dev", scene.folder / "ecr.tf")
    assert WORK["read"] > 1000 * len(text)


def with_rules(scene: Scene, line: str) -> App:
    return scans.app(scene, **{".goldenpath.yml": f"version: 1\n{line}\n"})


def uncaught(scene: Scene, stage: str, made: App, *kinds: type[Exception]) -> None:
    """Run the stage until an error that nobody caught goes through: its reader gets a traceback."""
    try:
        scans.run(scene, stage, made)
    except kinds:
        return
    raise AssertionError("there was no traceback")


@attack(
    17,
    PolicyInvalid,
    "the number in line 2 has 20002 characters",
    Patch("goldenpath.policy.source._require_short_numbers", nothing),
)
def an_integer_of_twenty_thousand_digits(scene: Scene) -> None:
    uncaught(scene, "gitleaks-gate", with_rules(scene, f"exceptions: 0x{'f' * 20_000}"), ValueError)


@attack(17, PolicyInvalid, ".goldenpath.yml is not valid", Patch("goldenpath.policy.source._UNREADABLE", ()))
def a_value_that_claims_to_be_of_another_type(scene: Scene) -> None:
    uncaught(scene, "gitleaks-gate", with_rules(scene, "exceptions: !!bool x"), KeyError)


def unchecked(source: Path, commit: Commit) -> int:
    return int(git.run(source, "show", "--no-patch", "--format=%ct", commit))


def of_date(scene: Scene, date: str) -> App:
    made = scans.app(scene)
    tree = git.run(made.folder, "rev-parse", "HEAD^{tree}")
    text = f"tree {tree}\nauthor a <a@example.com> {date} +0000\ncommitter a <a@example.com> {date} +0000\n\nA commit\n"
    made.git("update-ref", "refs/heads/main", write_object(made.folder, "commit", text.encode()))
    return made


@attack(17, SourceUnusable, "has no usable date", Patch("goldenpath.shared.git.commit_time", unchecked))
def a_commit_of_the_year_33658(scene: Scene) -> None:
    uncaught(scene, "build", of_date(scene, "1000000000000"), ValueError)


@attack(17, SourceUnusable, "has no usable date", Patch("goldenpath.shared.git.commit_time", unchecked))
def a_commit_of_before_1970(scene: Scene) -> None:
    uncaught(scene, "build", of_date(scene, "-100"), ValueError)
