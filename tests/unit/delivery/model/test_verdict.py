"""Verdicts of a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.model.verdict import Mode
from goldenpath.delivery.rules import app, matrix

if TYPE_CHECKING:
    from goldenpath.delivery.rules.app import AppRules


def parse(text: str) -> AppRules:
    return app.parse(text, matrix.load())


def test_a_pull_request_is_as_strict_as_it_proposes_and_as_its_base_is() -> None:
    proposed = parse("version: 1\ntighten: {dev: {gitleaks: {mode: blocking}}}\n")
    merged = parse("version: 1\ntighten: {dev: {trivy: {mode: blocking}}}\n")
    rules = app.reviewed(proposed, merged)
    assert set(app.tightened(matrix.load().environment("dev"), rules).modes.values()) == {Mode.BLOCKING}
