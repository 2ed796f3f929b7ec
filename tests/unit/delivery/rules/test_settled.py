"""Settled secrets: which records count, by event, environment, and what the default branch and the files have."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace as changed

from goldenpath.delivery.checkout import git_branches
from goldenpath.delivery.model.event import Event
from goldenpath.delivery.model.finding import Finding, Gate, Kind
from goldenpath.delivery.model.settled import SettledStanding, Settlement
from goldenpath.delivery.model.verdict import Result
from goldenpath.delivery.report import job_summary
from goldenpath.delivery.rules import committed, matrix, settled
from goldenpath.delivery.rules.decision import decide
from goldenpath.delivery.rules.settled import Records
from goldenpath.delivery.running import gate
from goldenpath.delivery.secrets import gitleaks
from goldenpath.delivery.secrets.gitleaks import Leak
from goldenpath.shared.errors import PolicyInvalid
from goldenpath.shared.names import Commit
from tests.unit import policy_table
from tests.unit.builders import COMMIT, report, secret
from tests.unit.run_builder import run

if TYPE_CHECKING:
    from goldenpath.delivery.model.verdict import Verdict

TODAY, TIP, NOWHERE = date(2026, 11, 28), Commit("b" * 40), Path("/nowhere")
POLICY = policy_table.POLICY
GONE: Finding = changed(secret(), fingerprint="0123456789abcdef" * 2, in_history_only=True)
RECORD = Settlement(GONE.fingerprint, GONE.id, GONE.location.path, "revoked, SEC-12", "security team", TODAY)
WITH, WITHOUT = settled.render([RECORD]), settled.render([])
EVENTS = {
    "a push": Event("push", Commit(COMMIT), "refs/heads/trunk", default_branch="trunk"),
    "a tag": Event("push", Commit(COMMIT), "refs/tags/v1.2.3", default_branch="trunk"),
    "a dispatch": Event("workflow_dispatch", Commit(COMMIT), "refs/heads/trunk", default_branch="trunk"),
}


def place(monkeypatch: pytest.MonkeyPatch, here: str | None, there: str | None) -> None:
    """Let the run's commit and the tip of the default branch have these files."""
    texts = {Commit(COMMIT): here, TIP: there}
    monkeypatch.setattr(committed, "text", lambda _, commit, file: texts[commit] if file == settled.FILE else None)
    monkeypatch.setattr(git_branches, "tip", lambda *_: TIP)


def judged(records: Records, *found: Finding, environment: str = "prod", policy: matrix.Policy = POLICY) -> Verdict:
    whole = report(*found, gate=Gate.GITLEAKS)
    return decide(whole, policy, policy.environment(environment), records=records, today=TODAY).verdict


def replace_path(path: str) -> Settlement:
    return changed(RECORD, path=path)


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("here", [None, WITHOUT, WITH])
def test_a_merged_record_counts_for_every_event_and_for_commits_that_are_older(
    monkeypatch: pytest.MonkeyPatch, name: str, here: str | None
) -> None:
    place(monkeypatch, here, WITH)
    records = settled.effective_records(NOWHERE, EVENTS[name])
    assert records == Records((RECORD,), (), "does not count until it is merged into the default branch trunk")
    assert judged(records, GONE).result is Result.PASS


@pytest.mark.parametrize("there", [None, WITHOUT])
@pytest.mark.parametrize("name", EVENTS)
def test_a_record_that_is_not_merged_does_not_count(
    monkeypatch: pytest.MonkeyPatch, name: str, there: str | None
) -> None:
    place(monkeypatch, WITH, there)
    verdict = judged(settled.effective_records(NOWHERE, EVENTS[name]), GONE)
    assert (verdict.result, [each.standing for each in verdict.settled]) == (Result.BLOCK, [SettledStanding.PENDING])
    assert "does not count until it is merged into the default branch trunk" in verdict.settled[0].sentence


#        the record                                      the finding                                          worth
WORTH: dict[str, tuple[Settlement, Finding, SettledStanding]] = {
    "a secret of history": (RECORD, GONE, SettledStanding.SETTLED),
    "a secret of a checked-out file": (RECORD, changed(GONE, in_history_only=False), SettledStanding.IN_FILES),
    "another secret": (changed(RECORD, fingerprint="f" * 32), GONE, SettledStanding.NOT_FOUND),
    "a record that names another path": (replace_path("testdata/x"), GONE, SettledStanding.NOT_FOUND),
    "a record that names another rule": (changed(RECORD, rule="harmless"), GONE, SettledStanding.NOT_FOUND),
    "what was not looked into": (RECORD, changed(GONE, kind=Kind.BLIND_SPOT), SettledStanding.NOT_FOUND),
    "a secret in the image": (RECORD, changed(GONE, gate=Gate.TRIVY), SettledStanding.NOT_FOUND),
}  # fmt: skip


@pytest.mark.parametrize("name", WORTH)
def test_only_a_secret_of_history_is_settled(name: str) -> None:
    record, finding, standing = WORTH[name]
    verdict = judged(Records((record,)), finding)
    assert [each.standing for each in verdict.settled] == [standing]
    assert (verdict.result is Result.PASS) is (standing is SettledStanding.SETTLED)


def test_where_the_platform_does_not_allow_it_nothing_is_settled() -> None:
    text = policy_table.TEXT
    for strict in (
        text.replace("secrets: allowed", "secrets: refused"),
        text.replace(", settled_secrets: allowed", ""),
    ):
        verdict = judged(Records((RECORD,)), GONE, policy=matrix.parse(strict))
        assert (verdict.result, verdict.settled[0].standing) == (Result.BLOCK, SettledStanding.REFUSED)
    only_prod = matrix.parse(
        text.partition("  prod:")[0]
        + "  prod:"
        + text.partition("  prod:")[2].replace("secrets: allowed", "secrets: refused")
    )
    assert judged(Records((RECORD,)), GONE, environment="dev", policy=only_prod).would_block_in == ("prod",)


def test_a_verdict_summary_and_sarif_show_what_is_settled(tmp_path: Path) -> None:
    outcome = gate.conclude(
        run(tmp_path, "prod"), report(GONE, gate=Gate.GITLEAKS), Records((RECORD,), notes=("a note",)), category="c"
    )
    work = run(tmp_path).work
    verdict = work.read_verdict(Gate.GITLEAKS)
    said = (
        f"settled secret github-pat in config.py ({GONE.fingerprint}) is settled; "
        "security team on 2026-11-28: revoked, SEC-12"
    )
    assert outcome.sentence == "gitleaks: PASS in prod (blocking); 1 critical found, 1 settled"
    assert [each.sentence for each in verdict.settled] == [said]
    assert "### Settled secrets\n\n- settled secret github-pat" in outcome.summary
    assert (outcome.warnings, verdict.notes) == ((), ("a note",))
    (result,) = json.loads(work.sarif(Gate.GITLEAKS).read_bytes())["runs"][0]["results"]
    assert result["suppressions"][0]["justification"] == said
    facts = job_summary.Facts("prod", COMMIT, (), verdicts={Gate.GITLEAKS: verdict})
    assert "### Settled secrets" in job_summary.render(facts)


def test_a_record_that_was_not_needed_is_shown_and_nobody_is_warned(tmp_path: Path) -> None:
    outcome = gate.conclude(run(tmp_path, "prod"), report(gate=Gate.GITLEAKS), Records((RECORD,)), category="c")
    assert (outcome.warnings, "was not found in what this run scanned" in outcome.summary) == ((), True)


def test_a_record_that_does_not_count_is_warned_of(tmp_path: Path) -> None:
    found = changed(GONE, in_history_only=False)
    outcome = gate.conclude(run(tmp_path, "prod"), report(found, gate=Gate.GITLEAKS), Records((RECORD,)), category="c")
    assert (outcome.stop is None, "still in a checked-out file" in outcome.warnings[-1]) == (False, True)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (f"fingerprint: {GONE.fingerprint}", "fingerprint: '*'", "$.settled[0].fingerprint: '*' does not match"),
        ("reason: revoked, SEC-12", "reason: ' '", "$.settled[0].reason"),
        ("  settled_by: security team\n", "", "'settled_by' is a required property"),
        ("2026-11-28", "2026-02-30", "is not a 'date'"),
        ("version: 1", "version: 1\nexpires: never", "Additional properties"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_the_field(old: str, new: str, told: str) -> None:
    assert old in WITH
    with pytest.raises(PolicyInvalid) as caught:
        settled.parse(WITH.replace(old, new))
    assert told in caught.value.why


def leak(path: str = "old.py", commit: str = "c1", mark: str = "aaaa") -> Leak:
    return Leak("github-pat", "A token", 1, path, commit, 4.5, mark)


#        where the secret is                     objects that are checked out    paths that only history has
PLACES: dict[str, tuple[list[Leak], set[str], list[str]]] = {
    "came and went": ([leak()], {"b1"}, ["old.py"]),
    "is still there": ([leak(), leak(commit="b1")], {"b1"}, []),
    "is still there under another path": ([leak(), leak("new.py", "b1")], {"b1"}, []),
    "another one is there": ([leak(), leak("new.py", "b1", "bbbb")], {"b1"}, ["old.py"]),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_secret_that_any_checked_out_file_has_is_not_of_history_only(name: str) -> None:
    leaks, identities, expected = PLACES[name]
    found = gitleaks.findings(leaks, gitleaks.secrets_in(leaks, identities))
    assert [each.location.path for each in found if each.in_history_only] == expected
    assert not any(each.in_history_only for each in gitleaks.findings(leaks))
