"""Hole 6, where the gates run: on a machine that runs an app's code, that code decides what a gate says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from goldenpath.delivery.model.evidence import Evidence, sha256
from goldenpath.delivery.model.finding import Gate
from goldenpath.shared.errors import EvidenceMismatch
from tests.attacks import hand_over
from tests.attacks.attack import Patch, Refused, attack
from tests.e2e import zones
from tests.tools.command import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.delivery.model.evidence import Report
    from tests.attacks.attack import Scene

WORKFLOW = ROOT / ".github" / "workflows" / "_build-and-release.yml"


def first_said(reports: Iterable[Report]) -> Evidence:
    """Believe whoever reports a file first."""
    return Evidence({name: each for report in reversed([*reports]) for name, each in report.digests.items()})


@attack(6, EvidenceMismatch, "reports trivy.verdict.json, which `build` does not write",
        Patch("goldenpath.delivery.model.work_folder._require_own_files"),
        Patch("goldenpath.delivery.model.evidence.Evidence.of", first_said),
        )  # fmt: skip
def a_job_that_runs_the_app_reports_a_verdict_of_its_own(scene: Scene) -> None:
    """Code of the app that takes over the build's machine writes all outputs of that job, in several lines."""
    handed_over = hand_over.made(scene)
    honest = handed_over.evidence["GOLDENPATH_EVIDENCE"]
    handed_over.put("candidate", "candidate.json", "trivy.verdict.json")
    verdict = sha256(handed_over.work.verdict(Gate.TRIVY).read_bytes())
    own = handed_over.work.left_by("build").line + "\n" + json.dumps({"trivy.verdict.json": verdict})
    kept = [line for line in honest.splitlines() if "candidate.json" not in line]
    handed_over.release(more={"GOLDENPATH_EVIDENCE": "\n".join([f"build: {json.dumps(own)}", *kept])})


@attack(6, EvidenceMismatch, "Two jobs of this run report different bytes of trivy.verdict.json",
        Patch("goldenpath.delivery.model.evidence.Evidence.of", first_said))  # fmt: skip
def two_jobs_report_one_verdict(scene: Scene) -> None:
    handed_over = hand_over.made(scene)
    honest = handed_over.evidence["GOLDENPATH_EVIDENCE"]
    handed_over.put("candidate", "candidate.json", "trivy.verdict.json")
    kept = [line for line in honest.splitlines() if "candidate.json" not in line]
    own = hand_over.lines(handed_over.work)["GOLDENPATH_EVIDENCE"]
    handed_over.release(more={"GOLDENPATH_EVIDENCE": "\n".join([own, *kept])})


def workflow() -> str:
    """Return the reusable workflow."""
    return WORKFLOW.read_text()


def as_before() -> str:
    """Return the reusable workflow as it was: the caller's `runner` is where the gates run too."""
    return WORKFLOW.read_text().replace("runs-on: ubuntu-latest", "runs-on: ${{ inputs.runner }}")


@attack(
    6,
    EvidenceMismatch,
    "run on ubuntu-latest, whatever a caller says",
    Patch("tests.attacks.hole_06_placement.workflow", as_before),
)
def a_caller_chooses_a_runner_that_it_kept_for_the_gates(_: Scene) -> None:
    """What the app's code left on such a machine, a wrapper for one, then runs in place of the scanner."""
    caller = {"inputs.runner": "kept-by-the-app"}
    jobs: dict[str, dict[str, Any]] = yaml.safe_load(workflow())["jobs"]
    gates = {"gitleaks-gate", "trivy-gate", "sbom", "ecr-push"}
    machines = {
        stage: caller.get(str(job["runs-on"]).strip("${} "), job["runs-on"])
        for job in jobs.values()
        for step in job["steps"]
        if (stage := step.get("uses", "").removeprefix("$/actions/")) in gates
    }
    fresh = sorted(stage for stage, machine in machines.items() if machine == zones.OUR_OWN)
    if fresh:
        raise Refused(EvidenceMismatch.code, f"{', '.join(fresh)} run on {zones.OUR_OWN}, whatever a caller says")
    assert set(machines.values()) == {"kept-by-the-app"}
