"""What a report says of the base image."""

from __future__ import annotations

import pytest
from msgspec import structs

from goldenpath.delivery.builds import base_notes
from goldenpath.delivery.model.base_image import BaseImage
from goldenpath.delivery.model.finding import Finding, FindingOrigin
from goldenpath.shared.names import Digest
from tests.unit.builders import report, vulnerability

D1, D2 = (Digest(f"sha256:{each * 64}") for each in "12")


PYTHON = BaseImage("docker.io/library/python:3", D1)


def of_base(number: int, fixed: str = "2") -> Finding:
    found = vulnerability(identity=f"CVE-{number}", fixed=fixed)
    return structs.replace(found, origin=FindingOrigin(base=PYTHON.name, line=1))


OWN = structs.replace(vulnerability(), origin=FindingOrigin(line=7, instruction="RUN"))


THREE = (of_base(1), of_base(2), of_base(3, fixed=""), OWN)


MOVED = f"{PYTHON.name} names another image today: {D2}, in place of {D1}"


NEWEST = "its tag names no newer image: update packages in the Dockerfile, or take another tag"


ONE = f"1 finding is from the base image {PYTHON.name}"


FROM_BASE = f"findings are from the base image {PYTHON.name}"


NOTES: dict[str, tuple[tuple[Finding, ...], Digest | None, str]] = {
    "a newer image exists": (
        THREE, D2, f"3 {FROM_BASE}, 2 of them with a fix, which a newer base image may bring: {MOVED}",
    ),
    "a newer image exists, and this one has no finding": ((OWN,), D2, MOVED),
    "it is the newest": (
        THREE, D1,
        f"3 {FROM_BASE}, 2 of them with a fix; {NEWEST}",
    ),
    "it is the newest, and has no finding": ((OWN,), D1, ""),
    "nobody knows": (
        (of_base(1, fixed=""),), None,
        f"{ONE}, none of them with a fix; whether its tag names a newer image is unknown",
    ),
    "nobody knows, and it has no finding": ((), None, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTES)
def test_a_report_says_of_the_base_image(name: str) -> None:
    findings, newest, note = NOTES[name]
    noted = base_notes.noted(report(*findings), (structs.replace(PYTHON, newest=newest),))
    assert noted.notes == ((note,) if note else ())
    assert noted.findings == findings


def test_of_a_base_image_that_is_in_no_record_a_report_counts_the_findings() -> None:
    (note,) = base_notes.noted(report(of_base(1)), ()).notes
    assert note.startswith(f"1 finding is from the base image {PYTHON.name}")
