"""The advisory records are complete and of every kind, and none is about the sample app."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from goldenpath.delivery.scanners import trivy_canary
from goldenpath.local.vulnerabilities import vulnerability_db

FILES = sorted(vulnerability_db.ADVISORIES.glob("GHSA-*.json"))


ECOSYSTEMS = {"PyPI", "npm", "Go", "RubyGems", "Maven", "Packagist", "NuGet", "crates.io"}


RECORDS: list[dict[str, Any]] = [json.loads(path.read_bytes()) for path in FILES]


REQUIREMENTS = Path(__file__).parents[4] / "examples/hello-web/requirements.txt"


@pytest.mark.parametrize(("path", "record"), list(zip(FILES, RECORDS, strict=True)), ids=[path.stem for path in FILES])
def test_a_record_has_all_that_a_finding_needs(path: Path, record: dict[str, Any]) -> None:
    assert record["id"] == path.stem
    assert re.fullmatch(r"CVE-\d{4}-\d{4,}", record["aliases"][0])
    assert record["summary"]
    assert record["affected"]
    (ecosystem,) = {part["package"]["ecosystem"] for part in record["affected"]}
    assert ecosystem in ECOSYSTEMS


def test_there_is_a_record_of_each_ecosystem_that_the_canary_asks_about() -> None:
    named = {alias for record in RECORDS for alias in (record["id"], *record["aliases"])}
    assert all(package.ids & named for package in trivy_canary.LANGUAGES.values())


def test_there_is_a_record_of_every_severity() -> None:
    assert {record["database_specific"]["severity"] for record in RECORDS} == {"LOW", "MODERATE", "HIGH", "CRITICAL"}


def test_there_is_a_record_without_a_fix() -> None:
    assert [record["id"] for record in RECORDS if not any("fixed" in event for event in events(record))] == [
        "GHSA-wj6h-64fc-37mp"
    ]


def events(record: dict[str, Any]) -> list[dict[str, str]]:
    return [event for part in record["affected"] for span in part["ranges"] for event in span["events"]]


def test_no_record_is_about_a_version_that_the_sample_app_pins() -> None:
    pins = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", REQUIREMENTS.read_text(), re.MULTILINE))
    assert {"flask", "waitress"} <= set(pins)
    for record in (each for each in RECORDS if each["affected"][0]["package"]["ecosystem"] == "PyPI"):
        pinned = pins.get(canonicalize_name(record["affected"][0]["package"]["name"]))
        ends = [Version(event["fixed"]) for event in events(record) if "fixed" in event]
        assert pinned is None or Version(pinned) >= max(ends)
