"""Rules of GitHub that act does not enforce, held against the text of the workflows, the templates and the examples."""

from __future__ import annotations

import math
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from goldenpath.delivery.adoption import reusable_workflow
from goldenpath.delivery.builds import buildx
from goldenpath.delivery.github import code_scanning
from goldenpath.delivery.notifications import webhook
from goldenpath.delivery.registry import ecr_client
from goldenpath.delivery.rules import matrix
from goldenpath.delivery.scanners import scanner, trivy_canary, trivy_database
from goldenpath.registries.terraform import program
from goldenpath.shared import git, go_build
from tests.e2e import guide, zones
from tests.e2e.texts import DELIVERY, EXAMPLE, TEMPLATES, WORKFLOWS, jobs, named, read
from tests.tools.command import ROOT

# They release nothing, and hold no credentials.
CHECKS = {"ci.yml", "e2e.yml", "one-builder.yml"}
CALLED = [path for path in WORKFLOWS if path.name.startswith("_")]
UPLOAD, DOWNLOAD = "actions/upload-artifact@", "actions/download-artifact@"
# What a job does beside its longest step: start, check out, fetch programs and the artifacts of other jobs.
BESIDE = 10 * 60


# GitHub shows the name of a job that it skips as it is written.
@pytest.mark.parametrize("path", [*WORKFLOWS, *TEMPLATES, EXAMPLE], ids=named)
def test_no_job_is_shown_with_an_expression_in_its_name(path: Path) -> None:
    skippable = [job for job in jobs(path).values() if {"if", "needs"} & set(job)]
    assert [job["name"] for job in skippable if "${{" in job.get("name", "")] == []


@pytest.mark.parametrize("path", [each for each in WORKFLOWS if each.name not in CHECKS], ids=named)
def test_no_job_but_those_that_build_restores_or_saves_a_cache(path: Path) -> None:
    """One that holds credentials must not trust what another run left, and one that tests an app must not leave it."""
    assert read(path)["cache-mode"] == "none"
    may = {name for name, job in jobs(path).items() if job.get("cache-mode", "none") != "none"}
    uses = {name for name, job in jobs(path).items() if "actions/cache" in str(job)}
    assert may == uses == ({"build", "platform"} if path == DELIVERY else set())


# What each job of ours may wait for, by the limits that we set ourselves; a fetched program may have to be built.
# trivy's two databases are fetched at the same time.
DATABASES = max(
    trivy_database.DOWNLOAD_TIMEOUT * len(matrix.load().databases),
    trivy_database.JAVA_DOWNLOAD_TIMEOUT * len(matrix.load().java_databases),
)
# What the databases know is asked by scans of their own.
SCAN = DATABASES + 2 * scanner.TIMEOUT + trivy_canary.JAVA_TIMEOUT
READING = 6 * buildx.READ_TIMEOUT  # five platforms in one job, and named contexts
WAITS = {
    ("_build-and-release", "test"): 0,  # the app's own
    ("_build-and-release", "preflight"): 0,
    ("_build-and-release", "compare-release"): 0,  # its step ends at its own limit, and then nothing is compared
    ("_build-and-release", "bases"): ecr_client.SESSION_SECONDS,  # of each registry
    ("_build-and-release", "gitleaks-gate"): git.FETCH_TIMEOUT + 3 * scanner.TIMEOUT,  # history, tree and archives
    ("_build-and-release", "platform"): git.FETCH_TIMEOUT + READING + buildx.BUILD_TIMEOUT,
    ("_build-and-release", "build"): git.FETCH_TIMEOUT + READING + buildx.BUILD_TIMEOUT,
    ("_build-and-release", "scan"): SCAN + scanner.TIMEOUT,  # and the inventory
    ("_build-and-release", "push"): ecr_client.SESSION_SECONDS,
    ("_build-and-release", "report"): 2 * code_scanning.PROCESSING_SECONDS,
    ("_build-and-release", "verdict"): 0,
    ("_pull-request-comment", "comment"): 0,
    ("_notify", "notify"): webhook.LONGEST_SECONDS,
    ("_apply-registries", "find"): git.FETCH_TIMEOUT,
    ("_apply-registries", "apply"): 0,  # see below
    ("_rescan", "rescan"): SCAN,
    ("_rescan", "report"): code_scanning.PROCESSING_SECONDS,
}
FETCHES_PROGRAMS = {"gitleaks-gate", "platform", "build", "scan"}


def test_our_own_time_limits_end_before_those_of_the_job() -> None:
    """GitHub kills a job at its limit: nothing is told, and no report is kept."""
    limits = {(path.stem, name): 60 * job["timeout-minutes"] for path in CALLED for name, job in jobs(path).items()}
    assert set(limits) == set(WAITS)
    longest = {
        key: max(waits, go_build.BUILD_SECONDS if key[1] in FETCHES_PROGRAMS else 0) for key, waits in WAITS.items()
    }
    too_short = {key: limits[key] for key in limits if longest[key] and longest[key] + BESIDE > limits[key]}
    assert too_short == {}


# A reviewed change is read, planned and, after its merge, applied.
PROPOSAL = program.INIT_SECONDS + program.PLAN_SECONDS + 3 * program.READ_SECONDS
TERRAFORM = {
    "create-ecr-registry": PROPOSAL,
    "retire-ecr-registry": PROPOSAL,
    "_apply-registries": PROPOSAL + program.APPLY_SECONDS,
}


@pytest.mark.parametrize("name", TERRAFORM)
def test_the_time_limits_of_terraform_end_before_that_of_its_job(name: str) -> None:
    limits = [60 * job["timeout-minutes"] for job in jobs(DELIVERY.with_name(f"{name}.yml")).values()]
    assert TERRAFORM[name] + BESIDE <= max(limits)


# After "Re-run failed jobs" an output that is not set again keeps the value of the attempt before.
_SET = re.compile(r"\|\| '(none|0|\{\}|\[\]|error|false)' \}\}$")
# Said by a step that always runs, since a job of a matrix must not set what belongs to another one.
_BY_PLATFORM = re.compile(r"\$\{\{ steps\.outputs\.outputs\.linux-[a-z0-9-]+ \}\}")
_LABELLED = re.compile(r"^build: |^\$\{\{ needs\.")


@pytest.mark.parametrize("path", CALLED, ids=named)
def test_every_output_of_every_job_has_a_value_in_each_attempt(path: Path) -> None:
    unset = [
        f"{name}.{key}: {line}"
        for name, job in jobs(path).items()
        for key, value in job.get("outputs", {}).items()
        for line in value.strip().splitlines()
        if not (_SET.search(line) or _BY_PLATFORM.fullmatch(line) or _LABELLED.match(line))
    ]
    assert unset == []


def test_what_was_set_to_have_a_value_is_empty_for_callers() -> None:
    for path in CALLED:
        outputs = (read(path)[True]["workflow_call"] or {}).get("outputs", {})  # YAML 1.1 reads `on` as true
        for key, each in outputs.items():
            job, output = re.findall(r"jobs\.([a-z-]+)\.outputs\.([a-z_]+)", each["value"])[0]
            given = jobs(path)[job]["outputs"][output]
            if "|| 'none'" in given and key not in {"sbom_artifact", "reports_artifact"}:
                place = f"jobs.{job}.outputs.{output}"
                assert each["value"] == f"${{{{ {place} != 'none' && {place} || '' }}}}"


def test_the_step_that_names_a_platforms_image_runs_whatever_happened_before_it() -> None:
    steps = jobs(DELIVERY)["platform"]["steps"]
    (step,) = (each for each in steps if each.get("id") == "outputs")
    assert step["if"] == "always() && steps.name.outputs.key"
    assert [each for each in step["env"].values() if "||" in each] == [
        "${{ steps.image.outputs.artifact-id || '0' }}", "${{ steps.build.outputs.evidence || '{}' }}",
    ]  # fmt: skip


# Artifacts cost, and a full quota stops every run.
def uploads() -> list[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    """Return every upload of the delivery: its job, its step, and the steps after it."""
    return [
        (name, step, job["steps"][number + 1 :])
        for name, job in jobs(DELIVERY).items()
        for number, step in enumerate(job["steps"])
        if step.get("uses", "").startswith(UPLOAD)
    ]


def test_only_what_somebody_takes_is_uploaded() -> None:
    text = DELIVERY.read_text()
    for job, step, _ in uploads():
        output = [key for key, each in jobs(DELIVERY)[job]["outputs"].items() if f"steps.{step['id']}." in each]
        if job == "platform":
            assert step["id"] == "image"
            continue
        taken = [key for key in output if f"needs.{job}.outputs.{key}" in text or f"jobs.{job}.outputs.{key}" in text]
        assert taken, f"{job}: nobody takes {step['name']}"


def test_images_are_kept_as_long_as_a_release_may_take_them_and_everything_else_is_small() -> None:
    days = {(job, step["id"]): step["with"]["retention-days"] for job, step, _ in uploads()}
    images = {("platform", "image"), ("build", "candidate")}
    assert {key for key, kept in days.items() if kept == "${{ env.IMAGE_DAYS }}"} == images
    assert days.pop(("bases", "images")) == 1, "only the jobs that build take them"
    assert {kept for key, kept in days.items() if key not in images} == {30, 90}
    expression = read(DELIVERY)["env"]["IMAGE_DAYS"]
    approved, other = map(int, re.findall(r"&& (\d+) \|\| (\d+) }}$", expression)[0])
    assert other == 1
    assert expression.startswith("${{ inputs.approval && !inputs.skip_push && github.event_name != 'merge_group'")
    longest = max(each.verdict_age.total_seconds() for each in matrix.load().environments)
    assert approved > math.ceil(longest / 86400), "an approved release would find no image, though its verdicts count"


def test_an_artifact_that_is_not_kept_is_explained_or_stops_nothing() -> None:
    for job, step, after in uploads():
        explained = [each for each in after if f"steps.{step['id']}.outcome == 'failure'" in each.get("if", "")]
        assert step.get("continue-on-error") or explained, f"{job}: {step['name']}"
        assert all(each["if"].startswith("failure() && ") for each in explained)
        assert all("$ARTIFACT_REFUSED" in each["run"] for each in explained)
    told = read(DELIVERY)["env"]["ARTIFACT_REFUSED"]
    page, _, anchor = told.rpartition("#")
    document = (ROOT / page.partition("/blob/main/")[2]).read_text()
    assert anchor in {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall("(?m)^#+ (.*)$", document)
    }


def test_an_image_of_several_platforms_is_handed_over_once() -> None:
    (candidate,) = (step for job, step, _ in uploads() if (job, step["id"]) == ("build", "candidate"))
    assert candidate["with"]["path"] == "${{ steps.build.outputs.handover }}"
    for name in ("scan", "push"):
        first, second, *_ = (
            each for each in jobs(DELIVERY)[name]["steps"] if each.get("uses", "").startswith(DOWNLOAD)
        )
        assert "needs.platform.outputs.linux-amd64" in first["with"]["artifact-ids"]
        assert (first["if"], first["with"]["merge-multiple"]) == ("inputs.runners != ''", True)
        # Last, since each platform has an index of its own under the same name.
        assert "needs.build.outputs.candidate" in second["with"]["artifact-ids"]


def test_a_runner_may_be_given_by_several_labels() -> None:
    chosen = {name: job["runs-on"] for name, job in jobs(DELIVERY).items() if job["runs-on"] != zones.OUR_OWN}
    listed = "(startsWith(inputs.runner, '[') || startsWith(inputs.runner, '{')) && fromJSON(inputs.runner)"
    either = f"${{{{ {listed} || inputs.runner }}}}"
    assert chosen == {"test": either, "build": either, "platform": "${{ matrix.runner }}"}


def decide(verdict: str, **inputs: str) -> str:
    """Return what the job `verdict` says, and that it fails exactly where the verdict stops."""
    (step,) = (each for each in jobs(DELIVERY)["verdict"]["steps"] if each.get("id") == "decide")
    given = {
        "VERDICT": verdict,
        "RESULTS": "test skipped",
        "GITHUB_OUTPUT": os.devnull,
        "LABELS_INPUT": "ubuntu-latest",
    }
    given |= {"RUNNERS_INPUT": "", "PATH": os.environ["PATH"]} | inputs
    done = subprocess.run(["bash", "-e", "-c", step["run"]], env=given, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is (verdict in {"pass", "advise"}), done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    ("verdict", "inputs", "told"),
    [
        ("pass", {}, "pass: test skipped"),
        ("error", {}, "see the job that failed"),
        ("error", {"LABELS_INPUT": '["self-hosted", "linux"]'}, "see the job that failed"),
        ("error", {"LABELS_INPUT": "[self-hosted, linux]"}, "the input `runner` is not valid JSON"),
        ("error", {"LABELS_INPUT": '{"group": "large"'}, "the input `runner` is not valid JSON"),
        ("error", {"RUNNERS_INPUT": '[{"platform": "linux/amd64", "runner": "ubuntu-latest"}]'}, "see the job that"),
        ("error", {"RUNNERS_INPUT": "linux/arm64"}, "the input `runners` is not valid JSON"),
        ("block", {"LABELS_INPUT": "[self-hosted, linux]"}, "a gate found what this environment does not let through"),
    ],
)
def test_a_run_that_failed_says_which_input_github_could_not_read(
    verdict: str, inputs: dict[str, str], told: str
) -> None:
    assert told in decide(verdict, **inputs)


def test_the_guides_deployment_fails_where_github_dropped_the_reference() -> None:
    job = yaml.safe_load(guide.deploying())["deploy"]
    assert job["if"] == "needs.delivery.outputs.released == 'true'"
    (step,) = job["steps"]
    for image, code in (("registry/my-app@sha256:0", 0), ("", 1)):
        done = subprocess.run(["bash", "-e", "-c", step["run"]], env={"IMAGE": image}, capture_output=True, check=False)
        assert (done.returncode != 0) is bool(code)
        assert ("GitHub dropped image_ref" in done.stderr.decode()) is bool(code)


def test_whether_code_scanning_is_on_is_asked_before_the_build_with_a_token_that_only_reads() -> None:
    job = jobs(DELIVERY)["gitleaks-gate"]
    assert job["permissions"] == {"contents": "read", "security-events": "read"}
    assert "gitleaks-gate" in jobs(DELIVERY)["build"]["needs"]
    assert reusable_workflow.read().permissions["security-events"] == "write", "callers grant no more than before"


def test_a_release_that_waits_for_an_approval_holds_up_no_other() -> None:
    push = jobs(DELIVERY)["push"]
    assert push["environment"].startswith("${{ inputs.approval && ")
    assert push["concurrency"]["group"].endswith("${{ inputs.approval && format('-{0}', github.run_id) || '' }}")
    assert push["concurrency"]["cancel-in-progress"] is False
