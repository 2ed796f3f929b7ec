"""What `act` does not look at: the workflows hold up before linters, and their parts fit together as GitHub asks."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from goldenpath.shared import process
from goldenpath.shared.toolchain import Toolchain
from tests import environments
from tests.e2e import platform_copy, zones
from tests.tools.command import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CALLED = ROOT / ".github" / "workflows" / "_build-and-release.yml"
TEMPLATES = sorted(platform_copy.TEMPLATES.glob("*.yml"))
LONGEST_TEMPLATE = 30
# Those that report have a job more for each image.
LONGEST_WITH_REPORT = {"delivery-notify.yml": 46, "delivery-monorepo-notify.yml": 70}
# What actionlint 1.7.12 is too old to know.
NEWER_KEYS = re.compile(r"(?m)^ *(queue|cache-mode): .*\n")
KNOWN_INSTEAD = {"uses: $/": "uses: ./", "job.workflow_sha": "github.sha"}


def read(path: Path) -> dict[Any, Any]:
    tree: dict[Any, Any] = yaml.safe_load(path.read_text())
    return tree


@pytest.mark.tools
def test_actionlint_has_nothing_to_say(tmp_path: Path) -> None:
    """Of copies in which the actions of this repository are named in the way it knows: it looks at their inputs too."""
    program = Toolchain.load().provide("actionlint").path
    shutil.copytree(ROOT / "actions", tmp_path / "actions")
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (tmp_path / ".git").mkdir()  # where it takes the root of the repository to be
    for path in (*WORKFLOWS, *TEMPLATES):
        text = NEWER_KEYS.sub("", path.read_text())
        for newer, known in KNOWN_INSTEAD.items():
            text = text.replace(newer, known)
        (folder / path.name).write_text(text)
    copies = sorted(folder.iterdir())
    assert len(copies) == len(WORKFLOWS) + len(TEMPLATES)
    process.run(program, "-no-color", "-shellcheck=", "-pyflakes=", *copies, timeout=60)


@pytest.mark.tools
def test_zizmor_finds_nothing_unsafe() -> None:
    program = Path(sys.executable).with_name("zizmor")
    places = (ROOT / ".github" / "workflows", ROOT / "actions", ROOT / "action.yml")
    process.run(program, "--offline", "--no-progress", "--persona=pedantic", "--format=plain", *places, timeout=60)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_is_short_enough_to_be_read_before_it_is_copied(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_WITH_REPORT.get(path.name, LONGEST_TEMPLATE)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_job_has_a_time_limit_and_its_exact_permissions(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {}
    jobs = {name: job for name, job in workflow["jobs"].items() if "steps" in job}
    assert [name for name, job in jobs.items() if not {"timeout-minutes", "permissions"} <= set(job)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_is_pasted_into_a_script_and_every_action_is_pinned(path: Path) -> None:
    steps = [step for job in read(path)["jobs"].values() for step in job.get("steps", ())]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []
    pinned = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}|\$/(actions/[a-z-]+|tests/e2e/action_contract)")
    assert [step["uses"] for step in steps if "uses" in step and not pinned.fullmatch(step["uses"])] == []


def test_a_release_waits_for_the_one_before_it_and_is_never_cancelled_half_way() -> None:
    push = read(CALLED)["jobs"]["push"]
    assert push["concurrency"] == {
        "group": "goldenpath-${{ inputs.environment }}-${{ inputs.ecr_repository }}"
        "${{ inputs.approval && format('-{0}', github.run_id) || '' }}",
        "cancel-in-progress": False,
        "queue": "max",
    }


def test_nothing_takes_a_job_that_ran_out_of_time_for_one_that_ended_well() -> None:
    """Such a job is cancelled, and `failure()` and `!= 'failure'` say nothing of it."""
    conditions = {name: job.get("if", "") for name, job in read(CALLED)["jobs"].items()}
    assert [name for name, condition in conditions.items() if "!= 'failure'" in condition] == []
    assert "!contains(needs.*.result, 'cancelled')" in conditions["platform"]
    for needed in ("test", "preflight", "bases"):
        assert f"""contains(fromJSON('["success", "skipped"]'), needs.{needed}.result)""" in conditions["build"]
    assert "needs.build.result == 'success'" in conditions["push"]


def test_only_a_release_that_asks_for_an_approval_is_bound_to_the_environment_of_its_name() -> None:
    jobs = read(CALLED)["jobs"]
    bound = {name: job["environment"] for name, job in jobs.items() if "environment" in job}
    assert bound == {"push": "${{ inputs.approval && inputs.environment || '' }}"}


ROLES = {*environments.ROLE_SECRETS.values(), "AWS_ROLE_ARN"}


def test_credentials_and_code_of_the_app_never_meet_in_one_job() -> None:
    jobs = read(CALLED)["jobs"]
    holds = {name: set(job["permissions"]) for name, job in jobs.items()}
    assert holds == {
        "test": {"contents"}, "preflight": {"id-token", "actions"}, "platform": {"contents"}, "build": {"contents"},
        "gitleaks-gate": {"contents", "security-events"}, "scan": {"contents"},
        "push": {"id-token", "contents", "actions"}, "bases": {"id-token"},
        "report": {"security-events", "actions", "contents"}, "verdict": set(),
        "compare-release": {"id-token", "contents"},
    }  # fmt: skip
    secrets = {name: set(re.findall(r"secrets\.(\w+)", str(job))) for name, job in jobs.items()}
    assert {name: of_job for name, of_job in secrets.items() if of_job} == {
        "test": {"SUBMODULES_TOKEN"}, "gitleaks-gate": {"SUBMODULES_TOKEN"},
        "platform": {"SUBMODULES_TOKEN", "BUILD_SECRETS", "BUILD_SSH_KEY"},
        "build": {"SUBMODULES_TOKEN", "BUILD_SECRETS", "BUILD_SSH_KEY"},
        "preflight": ROLES, "push": ROLES, "compare-release": ROLES, "bases": {"TF_AWS_IAM_ROLE_BASES", "BASES_LOGINS"},
    }  # fmt: skip
    code = {name for name, job in jobs.items() if "$/actions/build" in str(job) or "TEST_COMMAND" in str(job)}
    assert code == {"test", "platform", "build"}
    assert "github.token" not in (ROOT / "actions" / "build" / "action.yml").read_text()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_job_believes_what_another_job_can_replace_and_no_gate_runs_where_the_app_did(path: Path) -> None:
    assert zones.problems(path.read_text()) == []


SPOILED = {
    "a verdict by its name": ("push", "artifact-ids: >-", "pattern: goldenpath-*\n          unused: >-", "by name"),
    "every artifact of the run": ("report", "artifact-ids:", "unused:", "by name"),
    "an id that may be empty": ("scan", " || '0' }}\n          path", " }}\n          path", "when its id is empty"),
    "a gate where the caller says": ("gitleaks-gate", "runs-on: ubuntu-latest", "runs-on: ${{ inputs.runner }}",
                                     "which the caller chooses"),
    "a scan where the app was built": ("scan", "runs-on: ubuntu-latest", "runs-on: ${{ inputs.runner }}",
                                       "which the caller chooses"),
    "a gate beside the build": ("build", "uses: $/actions/build",
                                "uses: $/actions/gitleaks-gate\n      - uses: $/actions/build", "app, and decides"),
    "a token in the build": ("build", "contents: read # to check out the app", "id-token: write", "holds credentials"),
    "a submodules' token that stays": ("build", "persist-credentials: false", "persist-credentials: true",
                                       "holds credentials"),
    "a submodules' token for the app's tests": ("test", "${{ inputs.test_command }}", "${{ secrets.SUBMODULES_TOKEN }}",
                                                "holds credentials"),
    "a role in the checkout": ("build", "secrets.SUBMODULES_TOKEN", "secrets.AWS_ROLE_ARN", "holds credentials"),
    "a role in the build": ("build", "secrets.BUILD_SSH_KEY", "secrets.AWS_ROLE_ARN", "holds credentials"),
    "a login for base images in the build": ("build", "secrets.BUILD_SSH_KEY", "secrets.BASES_LOGINS",
                                             "holds credentials"),
    "the role for base images in the job of a platform": ("platform", "secrets.BUILD_SECRETS",
                                                          "secrets.TF_AWS_IAM_ROLE_BASES", "holds credentials"),
    "a build beside the login for base images": ("bases", "uses: $/actions/pull-bases",
                                                 "uses: $/actions/build\n      - uses: $/actions/pull-bases",
                                                 "holds credentials"),
    "base images fetched where the caller says": ("bases", "runs-on: ubuntu-latest", "runs-on: ${{ inputs.runner }}",
                                                  "which the caller chooses"),
    "base images by their name": ("build", "artifact-ids: ${{ needs.bases.outputs.images || '0' }}",
                                  "name: goldenpath-bases", "by name"),
    "every secret in the build": ("build", "secrets.BUILD_SSH_KEY", "toJSON(secrets)", "holds credentials"),
    "the run's token in the test": ("test", "${{ inputs.test_command }}", "${{ github.token }}", "holds credentials"),
    "a token in the checkout that is built": ("build", "persist-credentials: false", "fetch-tags: true",
                                              "its checkout keeps the token"),
    "a token in the checkout that is tested": ("test", "persist-credentials: false", "fetch-tags: true",
                                               "its checkout keeps the token"),
    "build secrets for all steps of a job": ("build", "    env:\n",
                                             "    env:\n      X: ${{ secrets.BUILD_SECRETS }}\n",
                                             "something else than the build"),
    "build secrets in the test": ("test", "${{ inputs.test_command }}", "${{ secrets.BUILD_SECRETS }}",
                                  "something else than the build"),
    "build secrets in a gate": ("scan", "environment: ${{ inputs.environment }}",
                                "environment: ${{ secrets.BUILD_SECRETS }}", "something else than the build"),
    "what the caller built beside a token": ("push", "${{ needs.build.outputs.candidate }},",
                                             "${{ inputs.context_artifact_id || '0' }},", "earlier job of the caller"),
    "a release without evidence": ("push", "evidence: |", "unused: |", "ecr-push is given no evidence"),
    "an upload without evidence": ("report", "evidence: |", "unused: |", "sarif-upload is given no evidence"),
    "a cache beside a gate": ("scan", "    permissions:", "    cache-mode: read\n    permissions:", "more than build"),
    "a cache beside a token": ("push", "      - name: ecr-push",
                               "      - uses: actions/cache/restore@v6\n      - name: ecr-push", "more than build"),
    "a cache where a gate blocks": ("build", "needs.gitleaks-gate.outputs.build_cache)", "'read')",
                                    "without asking needs.gitleaks-gate"),
    "a cache on a kept machine": ("build", " && runner.environment != 'self-hosted'", "", "without asking runner."),
    "a cache beside build secrets": ("platform", " && env.HAS_SECRETS == 'false'", "", "without asking env.HAS_"),
    "a cache with a private base": ("platform", "inputs.private_bases == ''", "true", "without asking inputs.private"),
    "a cache that a pull request leaves": ("build", "needs.gitleaks-gate.outputs.build_cache == 'write' && ", "",
                                           "without asking needs.gitleaks-gate"),
    "the scan of the last release by its name": (
        "verdict", "artifact-ids: ${{ needs.compare-release.outputs.release || '0' }}",
        "name: goldenpath-last-release", "by name"),
    "the last release scanned where the caller says": (
        "compare-release", "runs-on: ubuntu-latest", "runs-on: ${{ inputs.runner }}", "which the caller chooses"),
    "a build beside the role for the last release": (
        "compare-release", "uses: $/actions/compare-release",
        "uses: $/actions/build\n      - uses: $/actions/compare-release", "holds credentials"),
    "a build that says what it likes": ("push", "build: ${{ toJSON(needs.build.outputs.evidence) }}",
                                        "${{ needs.build.outputs.evidence }}", "not quoted behind a label"),
}  # fmt: skip


@pytest.mark.parametrize("spoiled", SPOILED)
def test_a_workflow_that_breaks_a_rule_is_found(spoiled: str) -> None:
    name, old, new, told = SPOILED[spoiled]
    before, job, after = re.split(rf"(?m)^(  {name}:.*\n(?:(?:    .*)?\n| *#.*\n)*)", CALLED.read_text(), maxsplit=1)
    assert old in job
    found = zones.problems(before + job.replace(old, new, 1) + after)
    assert [each for each in found if each.startswith(f"{name}: ") and told in each], found


def test_every_output_that_a_later_job_believes_has_a_value_in_each_attempt() -> None:
    """After "Re-run failed jobs" an output that was not set again keeps the value of the attempt before."""
    jobs = read(CALLED)["jobs"]
    believed = ("verdict", "reports", "evidence", "candidate", "receipt", "sbom")
    outputs = {
        f"{name}.{key}": line
        for name, job in jobs.items()
        for key, value in job.get("outputs", {}).items()
        if key.startswith(believed) and name != "verdict"
        for line in value.strip().splitlines()
    }
    assert len(outputs) > len(believed)
    assert [name for name, value in outputs.items() if not re.search(r"\|\| '(none|0|\{\})' \}\}$", value)] == []


def test_the_stand_ins_honour_every_input_that_the_workflow_gives() -> None:
    run = [path for path in WORKFLOWS if path.name not in platform_copy.NOT_RUN]
    assert [path.name for path in run if platform_copy.untested_inputs(path)] == []
    assert all(folder.is_dir() for folder in platform_copy.repositories(ROOT).values())
