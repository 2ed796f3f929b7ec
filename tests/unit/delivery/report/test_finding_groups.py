from __future__ import annotations

from msgspec.structs import replace

from goldenpath.delivery.model.finding import Finding, FindingOrigin, Location, Package, Severity
from goldenpath.delivery.report import finding_groups, finding_text
from tests.unit.builders import secret, vulnerability

BASE = FindingOrigin(base="docker.io/library/python:3")


def flaw(number: int, package: str = "openssl", fixed: str = "3.1", severity: Severity = Severity.HIGH) -> Finding:
    made = vulnerability(severity, identity=f"CVE-2026-{number}")
    return replace(made, package=Package(package, "3.0", "debian", fixed), location=Location(f"usr/lib/{package}"))


def test_what_one_change_fixes_is_one_row_with_the_worst_of_them_first() -> None:
    flaws = (*map(flaw, range(5)), flaw(9, severity=Severity.CRITICAL))
    (group,) = finding_groups.grouped(flaws)
    assert group.row() == (
        "CRITICAL",
        "CVE-2026-9, CVE-2026-0, CVE-2026-1 and 3 more",
        "usr/lib/openssl",
        "Update openssl from 3.0 to 3.1.",
    )  # fmt: skip


def test_a_finding_that_nothing_is_like_keeps_its_row() -> None:
    (group,) = finding_groups.grouped((flaw(1),))
    assert group.row() == finding_text.row(flaw(1))


def test_secrets_of_two_files_are_two_rows_and_those_of_one_file_are_one() -> None:
    secrets = (secret("a.py"), secret("b.py"), replace(secret("a.py"), location=Location("a.py", 9)))
    assert [group.row()[2] for group in finding_groups.grouped(secrets)] == [
        "a.py:3 (commit a1b2c3d4e5f6), and in 1 other place", "b.py:3 (commit a1b2c3d4e5f6)"
    ]  # fmt: skip


def test_a_change_names_a_platform_only_where_all_of_its_findings_are_on_that_one() -> None:
    everywhere, *of_arm64 = flaw(1), *(replace(flaw(number), platforms=("linux/arm64",)) for number in (2, 3))
    rows = [
        [group.row()[2] for group in finding_groups.grouped(flaws)] for flaws in (of_arm64, (*of_arm64, everywhere))
    ]
    assert rows == [["usr/lib/openssl on linux/arm64 only"], ["usr/lib/openssl"]]


def test_another_fixed_version_or_base_image_is_another_change() -> None:
    of_base = replace(flaw(3), origin=BASE)
    assert len(finding_groups.grouped((flaw(1), flaw(2, fixed="3.2"), of_base))) == 3


def test_a_newer_base_image_is_named_where_it_fixes_most() -> None:
    flaws = (*(replace(flaw(number, f"p{number}"), origin=BASE) for number in range(4)), flaw(8), flaw(9))
    assert finding_groups.best_change(flaws) == (
        "Most of it in one change: build from a newer docker.io/library/python:3. That is 4 of 6 findings."
    )


def test_the_update_of_one_package_is_named_where_it_fixes_most() -> None:
    flaws = (replace(flaw(1, "p"), origin=BASE), *(flaw(number) for number in range(5, 8)))
    assert finding_groups.best_change(flaws) == (
        "Most of it in one change: Update openssl from 3.0 to 3.1. That is 3 of 4 findings."
    )


def test_where_each_finding_needs_a_change_none_is_named() -> None:
    assert finding_groups.best_change((flaw(1, "a"), flaw(2, "b"))) == ""
    assert finding_groups.best_change(()) == ""
