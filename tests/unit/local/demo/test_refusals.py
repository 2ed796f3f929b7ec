"""The commits that the demo must not deliver."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.local.demo import refusals
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import GateBlocked, LocalTrouble, ScannerFailed

if TYPE_CHECKING:
    from collections.abc import Callable


BLOCKED = GateBlocked("gitleaks blocks the release to prod", why="a secret", fix="revoke it")


SECRET, PACKAGE = refusals.ATTEMPTS


@dataclass
class FakeRegistry:
    """A registry with one image, or with those that a delivery adds."""

    held: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"sha256:1": ("prod-1",)})

    def images(self) -> dict[str, tuple[str, ...]]:
        return dict(self.held)


def attempted(deliver: Callable[[], None], registry: FakeRegistry | None = None) -> None:
    refusals.require_refusal(SECRET, deliver, registry or FakeRegistry(), Progress())  # type: ignore[arg-type]


def stopped() -> None:
    raise BLOCKED


def test_a_commit_that_a_gate_stops_is_shown_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    attempted(stopped)
    assert capsys.readouterr().out == (
        "error[gate-blocked]: gitleaks blocks the release to prod\n  why: a secret\n  do:  revoke it\n"
        "  more: goldenpath explain gate-blocked\n"
    )


def test_the_result_of_the_delivery_that_was_stopped_is_reported() -> None:
    def stopped_with_a_result() -> None:
        error = GateBlocked("gitleaks blocks the release to prod", fix="revoke it")
        error.result = "a delivery"
        raise error

    registry = FakeRegistry()
    attempt = refusals.require_refusal(SECRET, stopped_with_a_result, registry, Progress())  # type: ignore[arg-type]
    assert attempt == "a delivery"


def test_a_commit_that_no_gate_stops_ends_the_demo() -> None:
    with pytest.raises(
        LocalTrouble, match=r"^No gate stopped a commit with a secret in it before prod\. Every stage succeeded"
    ):
        attempted(lambda: None)


def test_an_image_that_reached_the_registry_ends_the_demo_whatever_the_gate_says() -> None:
    registry = FakeRegistry()

    def arrives() -> None:
        registry.held["sha256:1"] = ("prod-1", "prod-2")
        raise BLOCKED

    with pytest.raises(LocalTrouble) as caught:
        attempted(arrives, registry)
    assert caught.value.why == (
        "The registry held {'sha256:1': ('prod-1',)} and now holds {'sha256:1': ('prod-1', 'prod-2')}"
    )


def test_a_scanner_that_fails_is_no_refusal() -> None:
    def fails() -> None:
        raise ScannerFailed("gitleaks did not finish its work", fix="run again")

    with pytest.raises(ScannerFailed):
        attempted(fails)


def test_the_secret_has_the_form_of_a_token_and_is_in_no_file_of_ours(tmp_path: Path) -> None:
    (tmp_path / "hello_web").mkdir()
    SECRET.change(tmp_path)
    (token,) = re.findall(r"ghp_[0-9a-zA-Z]{36}", (tmp_path / "hello_web" / "settings.py").read_text())
    assert token not in Path(refusals.__file__).read_text()
