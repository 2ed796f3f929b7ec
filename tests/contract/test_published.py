"""What others publish is fetched as it was locked, from wherever the user's npm fetches packages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests import published

LOCK: dict[str, Any] = json.loads(Path(published.__file__).with_name("package-lock.json").read_bytes())
ROOT, PACKAGES = LOCK["packages"][""], {name: each for name, each in LOCK["packages"].items() if name}


def test_every_package_is_locked_by_version_and_hash_and_none_to_a_server() -> None:
    assert all(re.fullmatch(r"\d+\.\d+\.\d+(-[\w.]+)?", version) for version in ROOT["dependencies"].values())
    assert all(each["integrity"].startswith("sha512-") and "resolved" not in each for each in PACKAGES.values())


def test_only_the_files_that_tests_read_are_kept() -> None:
    assert sorted(path.name for path in published.folder().rglob("*") if path.is_file()) == [
        "api.github.com.json",
        "sarif-2.1.0-rtm.5.json",
    ]
    assert published.github_description()["openapi"].startswith("3.")
    assert published.sarif_schema()["properties"]["version"]["enum"] == ["2.1.0"]


def test_the_notice_names_what_is_there() -> None:
    root = Path(published.__file__).parents[2]
    headings = re.findall(r"^(\w+/\S+(?:, \w+/\S+)*)$", (root / "NOTICE").read_text(), re.MULTILINE)
    named = [path for heading in headings for path in heading.split(", ")]
    assert len(named) == 4
    assert [path for path in named if not (root / path).exists()] == []
