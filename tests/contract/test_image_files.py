"""The image of the program has every file of the platform that its commands read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from goldenpath.delivery.adoption import reusable_workflow

ROOT = Path(__file__).resolve().parents[2]
READ = [value for value in vars(reusable_workflow).values() if isinstance(value, str) and value.endswith(".yml")]


@pytest.mark.parametrize("path", [path for path in READ if (ROOT / path).is_file()])
def test_a_file_that_the_commands_read_is_copied_into_the_image(path: str) -> None:
    copied = re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text())
    kept = re.findall(r"(?m)^!(.+)$", (ROOT / ".dockerignore").read_text())
    for listed in (" ".join(copied).split(), kept):
        assert any(path == one or path.startswith(f"{one}/") for one in listed), path
