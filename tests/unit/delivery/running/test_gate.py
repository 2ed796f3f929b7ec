from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from goldenpath.delivery.model.event import Event
from goldenpath.delivery.model.exception import Standing
from goldenpath.delivery.model.finding import Finding, Gate, Severity
from goldenpath.delivery.model.verdict import Result
from goldenpath.delivery.report import sarif
from goldenpath.delivery.report.annotations import AnnotationPlace, Notice
from goldenpath.delivery.rules import effective
from goldenpath.delivery.running import gate
from goldenpath.delivery.stages import ecr_push
from goldenpath.shared import codec
from goldenpath.shared.errors import BadInput, DiskTrouble, GateBlocked, GoldenPathError, StageOutOfOrder
from goldenpath.shared.names import Commit, Digest
from goldenpath.shared.runner import Runner
from goldenpath.shared.workflow_run import WorkflowRun
from tests.unit.builders import COMMIT, DIGEST, report, secret, vulnerability
from tests.unit.layout_builder import layout
from tests.unit.run_builder import candidate, run

if TYPE_CHECKING:
    from goldenpath.delivery.stage import Outcome


def conclude(folder: Path, environment: str, *findings: Finding, of: Gate = Gate.TRIVY) -> Outcome:
    return gate.conclude(run(folder, environment), report(*findings, gate=of), category="c")


def test_a_blocking_gate_names_what_blocks_and_how_to_fix_it(tmp_path: Path) -> None:
    outcome = conclude(tmp_path, "prod", vulnerability(), vulnerability(Severity.LOW))
    assert isinstance(outcome.stop, GateBlocked)
    assert str(outcome.stop) == (
        "trivy blocks the release to prod: 1 finding must be fixed. "
        "CRITICAL CVE-2020-14343 in usr/lib/python3/site-packages/PyYAML.dist-info/METADATA. "
        "Update PyYAML from 5.3 to 5.4. "
        "Fix them as described above and push again, or request an exception (docs/policy.md of the platform)."
    )


def test_a_secret_is_named_with_file_line_and_commit_and_never_shown(tmp_path: Path) -> None:
    outcome = conclude(tmp_path, "prod", secret(), of=Gate.GITLEAKS)
    assert outcome.notices == (
        Notice(
            "CRITICAL github-pat in config.py:3 (commit a1b2c3d4e5f6). "
            "Revoke this secret first, then take it out of the repository.",
            AnnotationPlace("config.py", 3),
        ),
    )


def test_an_advisory_gate_warns_and_does_not_stop(tmp_path: Path) -> None:
    outcome = conclude(tmp_path, "dev", vulnerability())
    assert outcome.stop is None
    assert [each.place for each in outcome.notices] == [AnnotationPlace("Dockerfile", 1)]
    assert outcome.outputs == {
        "verdict": "advise", "findings": "1", "deciding": "1", "accepted": "0", "settled": "0", "unfixed": "0",
        "critical": "1", "high": "0", "medium": "0", "low": "0", "unknown": "0", "would_block_in": "test,staging,prod",
    }  # fmt: skip


def test_what_does_not_decide_is_counted_and_not_warned_of(tmp_path: Path) -> None:
    outcome = conclude(tmp_path, "prod", vulnerability(Severity.MEDIUM))
    assert (outcome.stop, outcome.warnings) == (None, ())
    told = {name: outcome.outputs[name] for name in ("verdict", "findings", "deciding", "medium", "would_block_in")}
    assert told == {"verdict": "pass", "findings": "1", "deciding": "0", "medium": "1", "would_block_in": ""}


def test_of_many_findings_five_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    outcome = conclude(tmp_path, "prod", *(vulnerability(identity=f"CVE-{number}") for number in range(7)))
    assert outcome.stop is not None
    assert [f"CVE-{number} " in outcome.stop.why for number in range(7)] == [True] * 5 + [False] * 2
    assert outcome.stop.why.endswith("; and 2 more")
    assert len(outcome.notices) == 7


def test_findings_sarif_and_verdict_say_the_same(tmp_path: Path) -> None:
    conclude(tmp_path, "prod", vulnerability())
    work = run(tmp_path).work
    assert work.read_findings(Gate.TRIVY) == report(vulnerability())
    assert work.read_verdict(Gate.TRIVY).result is Result.BLOCK
    assert len(json.loads(work.sarif(Gate.TRIVY).read_bytes())["runs"][0]["results"]) == 1


def test_a_verdict_names_its_run_and_the_rules_that_decided(tmp_path: Path) -> None:
    made = run(tmp_path, runner=Runner(in_actions=True, repository="team/my-app", run_id="47"))
    gate.conclude(made, report(vulnerability()), category="trivy")
    verdict = made.work.read_verdict(Gate.TRIVY)
    assert verdict.policy == made.policy.digest
    assert verdict.run == WorkflowRun("https://github.com", "team/my-app", 47)


def test_a_disk_that_fails_on_the_way_leaves_no_verdict(tmp_path: Path) -> None:
    """The verdict comes last: without it nothing is released."""
    work = run(tmp_path).work
    work.sarif(Gate.TRIVY).mkdir(parents=True)
    with pytest.raises(DiskTrouble):
        conclude(tmp_path, "dev")
    assert not work.verdict(Gate.TRIVY).exists()


def test_what_an_earlier_run_left_is_forgotten(tmp_path: Path) -> None:
    conclude(tmp_path, "dev")
    gate.forget(run(tmp_path), Gate.TRIVY)
    assert list((tmp_path / "work").iterdir()) == []


EXCEPTION = "version: 1\nexceptions: [{{gate: trivy, id: CVE-2020-14343, scope: {{package: PyYAML}}, {}}}]\n"


def excepted(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    end = datetime.now(UTC).date() + timedelta(days)
    text = EXCEPTION.format(f"reason: a test stand, owner: team-web, expires: {end}")
    monkeypatch.setattr(effective, "app_file", lambda *_: text)


def test_an_exception_lets_a_finding_through_and_is_in_verdict_sarif_and_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    excepted(monkeypatch, 60)
    outcome = conclude(tmp_path, "prod", vulnerability())
    work = run(tmp_path).work
    (applied,) = work.read_verdict(Gate.TRIVY).exceptions
    assert (outcome.stop, outcome.warnings, outcome.outputs["accepted"]) == (None, (), "1")
    assert applied.standing is Standing.ACCEPTED
    assert "team-web: a test stand" in outcome.summary
    (result,) = json.loads(work.sarif(Gate.TRIVY).read_bytes())["runs"][0]["results"]
    assert result["suppressions"][0]["status"] == "accepted"


@pytest.mark.parametrize(
    ("days", "told", "stops"),
    [(10, "accepted, but only until", False), (-1, "counts no more", True), (91, "later than the platform", True)],
)
def test_an_exception_that_ends_soon_or_does_not_count_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, told: str, *, stops: bool
) -> None:
    excepted(monkeypatch, days)
    outcome = conclude(tmp_path, "prod", vulnerability())
    assert told in outcome.warnings[-1]
    assert (outcome.stop is not None) is stops


@pytest.mark.parametrize(
    ("findings", "left"), [(51, "1 more finding is in trivy.json"), (60, "10 more findings are in trivy.json")]
)
def test_of_very_many_findings_fifty_are_warned_of(tmp_path: Path, findings: int, left: str) -> None:
    many = (replace(vulnerability(), fingerprint=str(number)) for number in range(findings))
    outcome = conclude(tmp_path, "dev", *many)
    assert len(outcome.notices) == 51
    assert outcome.notices[-1] == Notice(left)


def test_what_github_does_not_take_is_said_in_the_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "RESULTS_LIMIT", 1)
    conclude(tmp_path, "dev", vulnerability(), vulnerability(Severity.LOW))
    (note,) = run(tmp_path).work.read_verdict(Gate.TRIVY).notes
    assert note == "GitHub does not accept all findings: the SARIF file has the 1 most severe, without the other 1"


#       verdicts of                        release          error               what is said
NOT_LET_THROUGH: dict[str, tuple[dict[str, Any], type[GoldenPathError], str]] = {
    "no verdict of trivy": ({"gates": [Gate.GITLEAKS]}, StageOutOfOrder, "trivy.verdict.json is missing"),
    "no verdict at all": ({"gates": []}, StageOutOfOrder, "gitleaks.verdict.json is missing"),
    "verdicts for dev": (
        {"decided_for": "dev"}, StageOutOfOrder, f"The verdict of gitleaks is about {COMMIT} for dev, and the release",
    ),
    "another image": ({"image": "sha256:" + "6" * 64}, StageOutOfOrder, f"The verdict of trivy is about {DIGEST}"),
    "another commit": ({"commit": "b" * 40}, StageOutOfOrder, f"The verdict of gitleaks is about {COMMIT}"),
    "a gate that blocks": ({"findings": (vulnerability(),)}, GateBlocked, "trivy does not allow this release"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_LET_THROUGH)
def test_a_release_needs_both_verdicts_on_this_very_commit_image_and_environment(tmp_path: Path, name: str) -> None:
    changed, kind, what = NOT_LET_THROUGH[name]
    release = Release(tmp_path, **changed)
    with pytest.raises(kind) as caught:
        release.check()
    assert caught.value.what.startswith(what)


def test_a_release_that_both_gates_let_through_goes_on(tmp_path: Path) -> None:
    Release(tmp_path, findings=(vulnerability(Severity.LOW),)).check()


def test_a_candidate_of_another_commit_is_refused_whatever_the_gates_said_of_it(tmp_path: Path) -> None:
    tagged = Event("push", Commit("b" * 40), "refs/tags/v1.4.2")
    here = run(tmp_path, event=tagged)
    codec.write(here.work.candidate, candidate(layout(here.work.layout)))
    with pytest.raises(StageOutOfOrder) as caught:
        ecr_push.run(here)
    assert caught.value.what == f"The candidate is of the commit {COMMIT}, and this run is about {tagged.commit}"


def test_a_candidate_that_was_built_for_another_repository_is_refused(tmp_path: Path) -> None:
    here = run(tmp_path)
    built = candidate(layout(here.work.layout))
    codec.write(here.work.candidate, replace(built, ecr_repository="my-api"))
    with pytest.raises(StageOutOfOrder) as caught:
        ecr_push.run(here)
    told = "The candidate was built for the ECR repository my-api, and this run releases to my-app"
    assert caught.value.what == told


@pytest.mark.parametrize("tag", ["my-app-1.2.3", "deploy-very", "my-app-vnext"])
def test_a_tag_that_gives_no_version_is_still_refused_in_prod(tmp_path: Path, tag: str) -> None:
    here = run(tmp_path, "prod", event=Event("push", Commit(COMMIT), f"refs/tags/{tag}", default_branch="main"))
    with pytest.raises(BadInput, match="may not be released to prod"):
        ecr_push.run(here)


def test_a_verdict_that_was_made_advisory_by_hand_does_not_open_a_blocking_environment(tmp_path: Path) -> None:
    release = Release(tmp_path, findings=(vulnerability(),))
    path = run(tmp_path).work.verdict(Gate.TRIVY)
    path.write_text(path.read_text().replace('"blocking"', '"advisory"').replace('"block"', '"advise"'))
    with pytest.raises(GateBlocked):
        release.check()


@dataclass
class Release:
    """A release to prod of what the gates decided on."""

    folder: Path
    gates: Sequence[Gate] = tuple(Gate)
    decided_for: str = "prod"
    findings: tuple[Finding, ...] = ()
    image: str = DIGEST
    commit: str = COMMIT

    def __post_init__(self) -> None:
        for each in self.gates:
            found = self.findings if each is Gate.TRIVY else ()
            gate.conclude(run(self.folder, self.decided_for), report(*found, gate=each), category="c")

    def check(self) -> None:
        made = candidate(layout(self.folder / "layout"))
        changed = replace(made, digest=Digest(self.image), commit=Commit(self.commit))
        ecr_push.require_verdicts(run(self.folder, "prod"), changed)
