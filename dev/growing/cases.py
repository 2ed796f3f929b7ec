"""What grows with its input and starts no program: reports of findings, and registries in one file.

Each case prepares its input of a size in a new folder, and returns the work that is measured.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace
from tests.tools.registry_files import write_crowded

from goldenpath.local import sample
from goldenpath.model import codec
from goldenpath.model.exception import Acceptance, Scope
from goldenpath.model.finding import Findings, Gate, Scanner
from goldenpath.model.settled import Settlement
from goldenpath.model.verdict import Verdict
from goldenpath.policy import matrix, settled
from goldenpath.policy.app import NO_RULES, AppRules, reviewed
from goldenpath.policy.decision import Decision, decide
from goldenpath.policy.settled import NO_RECORDS, Records
from goldenpath.registries import catalogue, config, hcl_map, hygiene, lifecycle, merged, request, retire, review
from goldenpath.registries.hygiene import Environment, Seen
from goldenpath.registries.lifecycle import StoredImage
from goldenpath.report import job_summary, sarif, summary
from goldenpath.report.annotations import chosen, places
from goldenpath.report.job_summary import Facts
from goldenpath.services.ecr_describe import Image
from goldenpath.stages import gate
from goldenpath.tools import gitleaks, proposal_git, terraform_plan, trivy

ROOT = Path(__file__).resolve().parents[2]
TODAY = dt.date(2026, 11, 28)
NOW = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
_RECORDED = ROOT / "tests" / "data" / "reports" / "trivy" / "vulnerable.json"
_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN")

Work = Callable[[], object]
Prepare = Callable[[int, Path], Work]


@dataclass(frozen=True)
class Case:
    """A cost to measure: what is done, for so many of what, and in which `group` it is asked for by name.

    `once` is for work that cannot be done twice on one input, `builds` for work that a builder does beside it.
    """

    name: str
    group: str
    what: str
    unit: str
    sizes: tuple[int, ...]
    prepare: Prepare
    once: bool = False
    builds: bool = False


def _report_of_trivy(count: int) -> bytes:
    """Return a report of trivy on `count` vulnerabilities of 5,000 ids, each with a long description."""
    tree = json.loads(_RECORDED.read_bytes())
    result = next(each for each in tree["Results"] if each.get("Vulnerabilities"))
    one = {**result["Vulnerabilities"][0], "Description": "What it does, and to whom. " * 20}
    result["Vulnerabilities"] = [
        {
            **one,
            "VulnerabilityID": f"CVE-2026-{number % 5000}",
            "PkgName": f"package-{number}",
            "Severity": _SEVERITIES[number % len(_SEVERITIES)],
        }
        for number in range(count)
    ]
    return json.dumps(tree).encode()


def _report_of_gitleaks(count: int) -> bytes:
    entries = (
        {
            "RuleID": "github-pat", "Description": "A GitHub token", "StartLine": number + 1, "File": "keys.txt",
            "Commit": "a" * 40, "Entropy": 4.5, "Secret": f"ghp_{number:036}",
        }
        for number in range(count)
    )  # fmt: skip
    return json.dumps([*entries]).encode()


def _concluded(found: Findings, folder: Path, rules: AppRules = NO_RULES, records: Records = NO_RECORDS) -> None:
    """Do what follows from findings in a delivery: the verdict, SARIF, summaries, comment and annotations."""
    policy = matrix.load()
    decision = decide(found, policy, policy.environment("prod"), rules, records, today=TODAY)
    passed = sarif.passed(decision.verdict)
    rendered = sarif.render(found, passed, category=found.gate.value, dockerfile="Dockerfile")
    codec.write(folder / "findings.json", found)
    codec.write_bytes(folder / "findings.sarif", rendered.log)
    codec.write(folder / "verdict.json", decision.verdict)
    summary.render(decision.verdict, decision.deciding, decision.unfixed)
    _shown(folder, decision)


def _shown(folder: Path, decision: Decision) -> None:
    """Do what the last job does with the files of the gates."""
    verdict = codec.read(folder / "verdict.json", Verdict, written_by="a gate")
    report = codec.read(folder / "findings.json", Findings, written_by="a gate")
    by_fingerprint = {each.fingerprint: each for each in report.findings}
    deciding = tuple(by_fingerprint[each] for each in verdict.decided_by)
    facts = Facts("prod", "a" * 40, (), verdicts={verdict.gate: verdict}, deciding={verdict.gate: deciding})
    job_summary.render(facts)
    job_summary.render(facts, limit=job_summary.COMMENT_LIMIT)
    chosen(gate._warnings(verdict, decision.deciding), 10)  # noqa: SLF001  what `conclude` returns
    places(deciding, "Dockerfile")


def _findings_of_trivy(count: int, folder: Path) -> Work:
    raw = _report_of_trivy(count)

    def work() -> None:
        scanned = trivy.parse(raw)
        _concluded(Findings(Gate.TRIVY, Scanner("trivy", "1"), scanned.config, {}, scanned.findings), folder)

    return work


def _findings_of_gitleaks(count: int, folder: Path) -> Work:
    raw = _report_of_gitleaks(count)

    def work() -> None:
        _concluded(Findings(Gate.GITLEAKS, Scanner("gitleaks", "1"), "a" * 40, {}, gitleaks.parse(raw)), folder)

    return work


def _exceptions(count: int, folder: Path) -> Work:
    """Accept `count` findings of one rule, each in a file of its own, by an exception each."""
    (one,) = gitleaks.parse(_report_of_gitleaks(1))
    paths = [f"tests/data/{number}.txt" for number in range(count)]
    listed = tuple(replace(one, location=replace(one.location, path=path), fingerprint=path) for path in paths)
    until = TODAY + dt.timedelta(days=30)
    accepted = AppRules(
        exceptions=tuple(
            Acceptance(Gate.GITLEAKS, one.id, Scope(path=path), "A made-up token.", "team-web", until) for path in paths
        )
    )
    report = Findings(Gate.GITLEAKS, Scanner("gitleaks", "1"), "a" * 40, {}, listed)
    return lambda: _concluded(report, folder, reviewed(accepted, accepted))


def _settled(count: int, folder: Path) -> Work:
    """Let `count` settled secrets of history pass, which the default branch has a record of."""
    report = _report_of_gitleaks(count)
    found = tuple(replace(each, in_history_only=True) for each in gitleaks.parse(report))
    records = tuple(
        Settlement(each.fingerprint, each.id, each.location.path, "Revoked.", "team-web", TODAY) for each in found
    )
    text = settled.render(records)
    listed = Findings(Gate.GITLEAKS, Scanner("gitleaks", "1"), "a" * 40, {}, found)

    def work() -> None:
        merged_ones, proposed = settled.parse(text), settled.parse(text)
        _concluded(listed, folder, records=settled.reviewed(proposed, merged_ones, "does not count"))

    return work


def _crowded(count: int, folder: Path) -> tuple[Path, str]:
    write_crowded(folder, count)
    path = config.path_of(folder, "dev")
    return path, path.read_text()


def _requested(count: int, folder: Path) -> Work:
    path, text = _crowded(count, folder)
    wanted = {"environment": "dev", "name": "one-more", "owner": "team", "risk": "low", "requester": "", "domain": ""}
    asked = request.parse(wanted)
    return lambda: config.with_request(text, asked, path)


def _deprecated(count: int, folder: Path) -> Work:
    path, text = _crowded(count, folder)
    last = config.parse(text, "dev", path)[-1]
    return lambda: retire.deprecated(text, last, TODAY, path)


def _taken_out(count: int, folder: Path) -> Work:
    path, text = _crowded(count, folder)
    last = config.parse(text, "dev", path)[-1]
    return lambda: hcl_map.without_entry(text, config.BLOCK, config.MAP, last.name)


def _catalogue(count: int, folder: Path) -> Work:
    _crowded(count, folder)
    module = folder / "modules" / "aws_ecr"
    module.mkdir(parents=True)
    (module / "risk.tf").write_bytes((ROOT / "modules" / "aws_ecr" / "risk.tf").read_bytes())
    return lambda: catalogue.write(folder)


def _images(count: int) -> tuple[Image, ...]:
    return tuple(
        Image(f"sha256:{number:064x}", (f"dev-{number:07x}",) if number % 3 else (), 1, NOW - dt.timedelta(days=number))
        for number in range(count)
    )


_POLICY = json.dumps({
    "rules": [
        {"rulePriority": 1, "selection": {"tagStatus": "tagged", "tagPatternList": ["prod-*"],
                                          "countType": "imageCountMoreThan", "countNumber": 90}},
        {"rulePriority": 2, "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed",
                                          "countNumber": 7}},
        {"rulePriority": 3, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 20}},
    ]
})  # fmt: skip


def _lifecycle(count: int, _: Path) -> Work:
    rules = lifecycle.parse(_POLICY)
    stored = [StoredImage(each.digest, frozenset(each.tags), (NOW - each.pushed).days) for each in _images(count)]
    return lambda: lifecycle.expired(rules, stored)


def _hygiene(count: int, folder: Path) -> Work:
    path, text = _crowded(count, folder)
    registries, rules, images = config.parse(text, "dev", path), lifecycle.parse(_POLICY), _images(30)
    scans = {each.digest: {"CRITICAL": 1} for each in hygiene.scannable(images)}

    def work() -> None:
        seen = tuple(hygiene.counted(Seen(each, ("no owner",)), images, scans, rules, NOW) for each in registries)
        hygiene.report([Environment("dev", seen, tuple(f"stray-{number}" for number in range(count)))])

    return work


def _plan(count: int) -> bytes:
    """Return the plan of one registry, as Terraform tells it in an environment of `count`."""
    address = 'module.ecr_repositories["app-{:04}"].aws_ecr_repository.this'
    state = [
        {"address": address.format(number), "type": "aws_ecr_repository", "mode": "managed",
         "values": {"name": f"app-{number:04}", "tags": {"owner": "team"}}}
        for number in range(count)
    ]  # fmt: skip
    changed = {"actions": ["create"], "before": None, "after": {"name": "one-more", "tags": {"owner": "team"}}}
    quiet = {"actions": ["no-op"], "before": {}, "after": {}}
    changes = [{"address": each["address"], "type": each["type"], "change": quiet} for each in state]
    changes.append({"address": address.replace("{:04}", "x"), "type": "aws_ecr_repository", "change": changed})
    return json.dumps({
        "format_version": "1.2", "terraform_version": "1.11.4", "configuration": {"root_module": {}},
        "planned_values": {"root_module": {"resources": state}}, "prior_state": {"values": {"root_module": {
            "resources": state}}}, "resource_changes": changes, "variables": {},
    }).encode()  # fmt: skip


def _reviewed(count: int, _: Path) -> Work:
    raw = _plan(count)

    def work() -> None:
        plan = terraform_plan.parse_plan(raw)
        record = review.Record.of(plan, "dev", "app-x", "octocat")
        body = review.description(record, plan, "a line\n" * 20 * count, review.Told("Create", {"owner": "team"}))
        review.read(body).require(plan)
        review.require_shown(record, plan, body)

    return work


def _merged(count: int, folder: Path) -> Work:
    """Compare two commits, the second of which has one registry less."""
    path, text = _crowded(count, folder)
    sample.git(folder, "init", "--quiet", "--initial-branch=main")
    sample.commit(folder, "All")
    path.write_text(hcl_map.without_entry(text, config.BLOCK, config.MAP, config.parse(text, "dev", path)[-1].name))
    sample.commit(folder, "One less")
    before, after = (proposal_git.resolved(folder, name) for name in ("HEAD^", "HEAD"))

    def work() -> None:
        merged.require_nothing_else(folder, merged.touched(folder, before, after), before, after)

    return work


_FINDINGS = (0, 2_500, 5_000, 10_000, 25_000)
_REGISTRIES = (1, 10, 100, 300, 1_000)

CASES = (
    Case("findings-trivy", "findings", "trivy's report to verdict, SARIF, summary, comment and annotations",
         "findings", _FINDINGS, _findings_of_trivy),
    Case("findings-gitleaks", "findings", "the same of gitleaks' report", "findings", _FINDINGS,
         _findings_of_gitleaks),
    Case("findings-exceptions", "findings", "findings of one rule, each accepted by an exception", "findings",
         (10, 100, 300, 1_000, 3_000), _exceptions),
    Case("findings-settled", "findings", "secrets of history, each with a record that lets it pass", "findings",
         (10, 100, 300, 1_000, 3_000), _settled),
    Case("registries-request", "registries", "a registry is written into `ecr.tf`", "registries", _REGISTRIES,
         _requested),
    Case("registries-deprecate", "registries", "a registry is deprecated in `ecr.tf`", "registries", _REGISTRIES,
         _deprecated),
    Case("registries-remove", "registries", "a registry is taken out of `ecr.tf`", "registries", _REGISTRIES,
         _taken_out),
    Case("registries-catalogue", "registries", "the catalogue", "registries", _REGISTRIES, _catalogue),
    Case("registries-hygiene", "registries", "the hygiene report, 30 images each", "registries", _REGISTRIES,
         _hygiene),
    Case("registries-review", "registries", "a plan is described, recorded and compared", "registries", _REGISTRIES,
         _reviewed),
    Case("registries-merged", "registries", "what a merge changed", "registries", _REGISTRIES, _merged),
    Case("registries-lifecycle", "registries", "what a lifecycle policy expires", "images", (10, 100, 1_000, 10_000),
         _lifecycle),
)  # fmt: skip
