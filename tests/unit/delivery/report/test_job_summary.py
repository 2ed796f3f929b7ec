from __future__ import annotations

from dataclasses import replace as replace_facts
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from goldenpath.delivery import stage_names
from goldenpath.delivery.model.finding import Finding, FindingOrigin, Findings, Gate, Location, Package, Severity
from goldenpath.delivery.model.receipt import ImageSignature, Receipt, SigningState, State, TagMove
from goldenpath.delivery.model.timing import End, Timing, Timings
from goldenpath.delivery.model.verdict import Mode, Result, Verdict
from goldenpath.delivery.report import job_summary
from goldenpath.delivery.report.job_summary import Ending, Facts
from goldenpath.delivery.report.release_difference import Novelty, ReleaseDifference
from goldenpath.policy.contact import Contact
from goldenpath.shared.names import Commit, Digest, EnvironmentName, ImageRepository, SigningProfile, StageName, Tag
from tests.unit.builders import COMMIT, DIGEST, report, secret, vulnerability

# A summary is of any stages; a new one in the pipeline changes none of these pages.
STAGES = ("gitleaks-gate", "build", "trivy-gate", "sbom", "ecr-push")

GOLDEN = Path(__file__).parents[3] / "data" / "golden"
TOKEN = secret("deploy/config.py")
FLAW = vulnerability()


def verdict(gate: Gate, result: Result, environment: str = "prod") -> Verdict:
    made: Findings = report(*(() if result is Result.PASS else (TOKEN if gate is Gate.GITLEAKS else FLAW,)), gate=gate)
    return Verdict(
        gate=gate, environment=environment, result=result, subject=made.subject, scanner=made.scanner, seen=made.seen,
        mode=Mode.ADVISORY if result is Result.ADVISE else Mode.BLOCKING, counts=made.counts(),
        deciding=len(made.findings), would_block_in=("test", "staging", "prod") if result is Result.ADVISE else (),
    )  # fmt: skip


def timings(*ended: tuple[str, End], sentence: str = "as it should", fix: str = "") -> Timings:
    return Timings(tuple(Timing(StageName(stage), end, 1.25, sentence, fix) for stage, end in ended))


def released(environment: str, state: State = State.RELEASED) -> Receipt:
    tags = (TagMove(Tag(COMMIT[:7]), None, Digest(DIGEST)), TagMove(Tag(f"{environment}-{COMMIT[:7]}"), None, None))
    repository = ImageRepository("345678901234.dkr.ecr.eu-west-2.amazonaws.com/my-app")
    return Receipt(state, EnvironmentName(environment), repository, Digest(DIGEST), Commit(COMMIT), tags)


def facts(environment: str = "prod", **changed: object) -> Facts:
    return Facts(environment, COMMIT, stage_names.IN_ORDER, **changed)  # type: ignore[arg-type]


def flaws(count: int) -> tuple[Finding, ...]:
    """Return vulnerabilities of twenty packages, two thirds of them from the base image."""
    severities, base = (Severity.CRITICAL, Severity.HIGH), FindingOrigin(base="docker.io/library/python:3")
    return tuple(
        replace(
            vulnerability(severities[number % 2], identity=f"CVE-2026-{number}"),
            package=Package(f"library-{number % 20}", "1.0", "debian", f"1.{number % 20}"),
            location=Location(f"usr/lib/library-{number % 20}"),
            origin=base if number % 3 else None,
            published=date(2026, 11, 28) - timedelta(days=number * 7 % 500),
        )
        for number in range(count)
    )


DECIDED = datetime(2026, 11, 28, 12, tzinfo=UTC)
ALL = timings(*((stage, End.DONE) for stage in stage_names.IN_ORDER))
PASSED = {gate: verdict(gate, Result.PASS) for gate in Gate}
HELPER = Contact("Platform team", "https://wiki.example.com/platform", "#ask-platform")
CASES = {
    "released": facts(timings=ALL, verdicts=PASSED, receipt=released("prod"), contact=HELPER),
    "advised": facts(
        "dev",
        timings=ALL,
        verdicts={gate: verdict(gate, Result.ADVISE, "dev") for gate in Gate},
        deciding={Gate.GITLEAKS: (TOKEN,), Gate.TRIVY: (FLAW,)},
        receipt=released("dev"),
    ),
    "blocked": facts(
        timings=Timings((Timing(StageName("gitleaks-gate"), End.STOPPED, 1.25, "as it should", code="gate-blocked"),)),
        verdicts={Gate.GITLEAKS: replace(verdict(Gate.GITLEAKS, Result.BLOCK), decided_at=DECIDED)},
        deciding={Gate.GITLEAKS: (TOKEN,)},
        contact=HELPER,
    ),
    "failed": facts(
        timings=Timings((
            Timing(StageName("gitleaks-gate"), End.DONE, 0.25, "gitleaks: PASS"),
            Timing(StageName("build"), End.FAILED, 3.5, "There is no Dockerfile here", "Write one", "bad-input"),
        )),
        verdicts={Gate.GITLEAKS: verdict(Gate.GITLEAKS, Result.PASS)},
        contact=HELPER,
    ),
    "nothing-ran": facts(),
    "vulnerabilities": facts(
        timings=Timings((
            Timing(StageName("gitleaks-gate"), End.DONE, 0.5, "gitleaks: PASS"),
            Timing(StageName("build"), End.DONE, 62, "built"),
            Timing(StageName("trivy-gate"), End.STOPPED, 8.2, "trivy: BLOCK", code="gate-blocked"),
        )),
        verdicts={
            Gate.GITLEAKS: verdict(Gate.GITLEAKS, Result.PASS),
            Gate.TRIVY: replace(verdict(Gate.TRIVY, Result.BLOCK), decided_at=DECIDED),
        },
        deciding={Gate.TRIVY: flaws(3_000)},
    ),
    "compared": facts(
        timings=Timings((Timing(StageName("trivy-gate"), End.STOPPED, 8.2, "trivy: BLOCK", code="gate-blocked"),)),
        verdicts={
            Gate.GITLEAKS: verdict(Gate.GITLEAKS, Result.PASS),
            Gate.TRIVY: replace(verdict(Gate.TRIVY, Result.BLOCK), decided_at=DECIDED),
        },
        deciding={Gate.TRIVY: flaws(9)},
        difference=ReleaseDifference(
            f"sha256:{'7' * 64}", "prod", "2026-11-28",
            {flaw.fingerprint: Novelty.KNOWN if number % 3 else Novelty.NEW for number, flaw in enumerate(flaws(9))},
            flaws(12)[9:], "1.4.2, 3 days ago",
        ),
    ),
    "cancelled": facts(
        timings=Timings((
            Timing(StageName("gitleaks-gate"), End.DONE, 0.5, "gitleaks: PASS"),
            Timing(StageName("build"), End.FAILED, 12, "The run was stopped by SIGTERM", "Run it again", "cancelled"),
        )),
        verdicts={Gate.GITLEAKS: verdict(Gate.GITLEAKS, Result.PASS)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_summary_is_what_it_was(name: str) -> None:
    assert job_summary.render(CASES[name]) == (GOLDEN / f"summary-{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("known", "ending"),
    [
        (facts(), Ending.FAILED),
        (facts(verdicts=PASSED, timings=ALL), Ending.CHECKED),
        (facts(verdicts=PASSED, timings=ALL, receipt=released("prod", State.UNCHANGED)), Ending.RELEASED),
        (facts(verdicts=PASSED, timings=timings(("ecr-push", End.FAILED)), receipt=released("prod", State.UNDONE)),
         Ending.FAILED),
        (facts(verdicts={**PASSED, Gate.TRIVY: verdict(Gate.TRIVY, Result.BLOCK)}, receipt=released("prod")),
         Ending.BLOCKED),
    ],
    ids=["nothing", "no receipt", "released before", "undone", "an earlier receipt beside a block"],
)  # fmt: skip
def test_how_a_run_ended_is_told_from_its_files(known: Facts, ending: Ending) -> None:
    assert known.ending is ending


def test_a_release_that_could_not_be_undone_is_not_called_nothing() -> None:
    known = facts(verdicts=PASSED, timings=timings(("ecr-push", End.FAILED)), receipt=released("prod", State.BROKEN))
    assert (
        job_summary.headline(known) == "❌ a1b2c3d for prod: failed in ecr-push; the undo of the release is incomplete"
    )


def test_ten_thousand_findings_fit_into_what_github_takes_and_the_rest_are_counted() -> None:
    many = tuple(replace(secret(f"{number}/" + "ü" * 5000), id="x" * 5000) for number in range(10_000))
    known = facts(verdicts=PASSED, deciding={Gate.GITLEAKS: many})
    text = job_summary.render(known)
    assert len(text.encode()) < job_summary.LIMIT
    assert "and 9900 more, all in the reports of this run" in text
    assert len(job_summary.render(known, limit=30_000).encode()) <= 30_000


def test_what_was_not_looked_at_is_told_and_ten_thousand_such_notes_fit() -> None:
    note = "vendor/@team is a submodule and was not scanned. " + "x" * 5_000
    noted = replace(PASSED[Gate.GITLEAKS], notes=(note,) * 10_000)
    text = job_summary.render(facts(verdicts={**PASSED, Gate.GITLEAKS: noted}))
    assert "### Notes\n\n- gitleaks: `vendor/@team` is a submodule and was not scanned. xxx" in text
    assert "- and 9900 more, all in the verdicts of this run" in text
    assert len(text.encode()) < job_summary.LIMIT


def test_what_a_stranger_named_a_file_is_neither_markup_nor_a_mention() -> None:
    name = "<img src=x>|[a](http://e)\n::set-output name=a::b\n# @team `x`\u202e"
    hostile = replace(TOKEN, location=Location(name, 1))
    text = job_summary.render(facts(verdicts=PASSED, deciding={Gate.GITLEAKS: (hostile,)}))
    (row,) = [each for each in text.splitlines() if "img" in each]
    assert "<img" not in row
    assert "src=x&gt;\\|`[a](http://e)`" in row
    assert "`@team`" in row
    assert "\\|" in row
    assert "\u202e" not in text
    assert not [each for each in text.splitlines() if each.lstrip().startswith("::")]


def test_an_image_in_the_page_can_be_copied_as_it_is_and_nobody_is_called() -> None:
    image = f"345678901234.dkr.ecr.eu-west-2.amazonaws.com/my_app@{DIGEST}"
    text = job_summary.render(facts(timings=timings(("ecr-push", End.DONE), sentence=f"released: {image} for @team")))
    assert f"released: `{image}` for `@team`" in text


def test_a_release_that_nothing_bound_is_reported_once() -> None:
    receipt = replace(released("dev"), unbound="Nothing says that the ECR repository my-app belongs to dev only.")
    text = job_summary.render(facts("dev", timings=ALL, verdicts=PASSED, receipt=receipt))
    assert text.count("- Nothing says that the ECR repository my-app belongs to dev only.\n") == 1


def test_the_signatures_of_an_image_stand_beside_its_tags() -> None:
    profile = SigningProfile("arn:aws:signer:eu-west-2:123456789012:/signing-profiles/release")
    signed = replace(released("prod"), signatures=(ImageSignature(profile, SigningState.COMPLETE),))
    page = job_summary.render(facts(verdicts=PASSED, timings=ALL, receipt=signed))
    assert f"\n- signature `{profile}`: complete\n" in page


def test_what_nobody_has_fixed_is_on_the_page_and_does_not_decide() -> None:
    unfixed = vulnerability(fixed="")
    text = job_summary.render(facts(timings=ALL, verdicts=PASSED, unfixed={Gate.TRIVY: (unfixed,)}))
    assert "### Reported only: no fix exists" in text
    assert "(affected: no fix has been published)" in text
    assert "Findings to fix" not in text


def test_what_the_base_image_brings_has_a_table_of_its_own_before_the_rest() -> None:
    base, own = FindingOrigin(base="docker.io/library/python:3"), FindingOrigin(line=12, instruction="RUN")
    found = (
        replace(vulnerability(), origin=own), replace(vulnerability(identity="CVE-1"), origin=base),
        replace(vulnerability(identity="CVE-2"), origin=base),
    )  # fmt: skip
    text = job_summary.render(facts(verdicts=PASSED, deciding={Gate.GITLEAKS: (secret(),), Gate.TRIVY: found}))
    first = text.index("### Findings to fix from the base image docker.io/library/python:3\n")
    second = text.index("### Findings to fix\n")
    assert first < text.index("| CVE-1, CVE-2 |") < second
    assert second < text.index("| github-pat |") < text.index("METADATA, brought by RUN in line 12 of the Dockerfile |")


def test_a_comparison_that_does_not_count_is_a_note() -> None:
    why = "The comparison with the last release is left out: trivy.json is not the file that its job wrote"
    assert f"- {why}" in job_summary.render(facts(verdicts=PASSED, timings=ALL, not_compared=why))


def test_findings_that_the_last_release_has_too_need_no_word_of_their_own_where_none_is_new() -> None:
    known = replace_facts(CASES["compared"], deciding={Gate.TRIVY: flaws(9)[1:3]})
    text = job_summary.render(known)
    assert "### Findings to fix from the base image" in text
    assert "Other findings" not in text
