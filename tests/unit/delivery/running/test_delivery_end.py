from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from msgspec.structs import replace as replace_struct

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.receipt import State
from goldenpath.delivery.running.delivery_end import DeliveryEnd
from goldenpath.shared.errors import GateBlocked
from tests.unit.builders import secret
from tests.unit.delivery.report.test_job_summary import ALL, CASES, PASSED, facts, flaws, released
from tests.unit.delivery.running.terminal_cases import ERRORS, FOLDER, end_of


def rows(end: DeliveryEnd) -> list[str]:
    """Return the rows of `end`, each in one line."""
    return [f"{label}: {text}" for label, text in end.rows()]


def test_the_commands_for_a_folder_that_the_user_named_name_it() -> None:
    end = replace(end_of("vulnerabilities", CASES["vulnerabilities"]), is_named=True)
    assert f"report: goldenpath report open --work-dir {FOLDER}" in rows(end)
    assert f"explain: goldenpath explain CVE-2026-2 --work-dir {FOLDER}" in rows(end)


def test_a_folder_with_a_space_in_its_name_can_be_copied_into_a_shell() -> None:
    end = replace(end_of("released", CASES["released"]), folder=Path("/a b"), is_named=True)
    assert "report: goldenpath report open --work-dir '/a b'" in rows(end)


def test_a_secret_says_where_it_is_and_a_package_names_itself() -> None:
    both = replace(CASES["blocked"], deciding={Gate.GITLEAKS: (secret("deploy/config.py"),), Gate.TRIVY: flaws(1)})
    fixes = [row for row in rows(DeliveryEnd(both, FOLDER)) if row.startswith("to fix")]
    assert "in deploy/config.py:3" in fixes[0]
    assert fixes[1] == "to fix: CRITICAL CVE-2026-0: Update library-0 from 1.0 to 1.0."


def test_a_block_says_what_to_do_and_leaves_the_list_to_the_findings() -> None:
    labels = [row.partition(":")[0] for row in rows(end_of("vulnerabilities", CASES["vulnerabilities"]))]
    assert labels == ["first", *["to fix"] * 5, "", "explain", "do", "report", "files"]


def test_an_id_that_a_shell_would_read_as_a_command_is_quoted() -> None:
    hostile = replace_struct(secret("a"), id="x; rm -rf .")
    end = DeliveryEnd(replace(CASES["blocked"], deciding={Gate.GITLEAKS: (hostile,)}), FOLDER)
    assert "explain: goldenpath explain 'x; rm -rf .'" in rows(end)


def test_a_block_without_a_finding_to_show_says_its_error() -> None:
    end = DeliveryEnd(facts(), FOLDER, GateBlocked("blocked", why="w", fix="f"))
    assert rows(end)[:4] == ["error: blocked", "why: w", "do: f", "more: goldenpath explain gate-blocked"]


def test_a_release_that_could_not_be_undone_names_the_command_that_repairs_it() -> None:
    broken = facts(timings=ALL, verdicts=PASSED, receipt=released("prod", State.BROKEN))
    assert f"repair: goldenpath release repair {FOLDER}/receipt.json" in rows(DeliveryEnd(broken, FOLDER))


def test_a_run_that_left_no_verdict_has_no_report() -> None:
    assert rows(end_of("nothing-ran", CASES["nothing-ran"])) == [f"files: {FOLDER}"]


def test_an_end_without_an_error_is_known_by_its_facts() -> None:
    assert ERRORS.keys() <= CASES.keys()
    assert end_of("released", CASES["released"]).headline == "✅ a1b2c3d for prod: released"


def test_what_changed_since_the_last_release_comes_first_and_so_do_new_findings() -> None:
    shown = rows(end_of("compared", CASES["compared"]))
    assert shown[0] == "changes: 6 known, 3 new, 3 gone since prod's last release (1.4.2, 3 days ago)"
    fixes = [row for row in shown if row.startswith("to fix")]
    assert [row.startswith("to fix: new: ") for row in fixes] == [True, True, True, False, False]
