"""Hole 1: the job that releases believed the candidate and both verdicts by the names of two artifacts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.model.finding import Gate
from goldenpath.shared.errors import EvidenceMismatch
from tests.attacks import hand_over
from tests.attacks.attack import Edit, Patch, attack, require_done
from tests.e2e import events, platform_copy
from tests.tools import command

if TYPE_CHECKING:
    from goldenpath.delivery.model.work_folder import WorkFolder
    from tests.attacks.attack import Scene

ALL_FILES = ("candidate", "candidate.json", "gitleaks.verdict.json", "trivy.verdict.json")
OTHER_BYTES = "is not the file that its job wrote"


def believed(_: WorkFolder, path: Path) -> bytes:
    """Read a file as if nobody could have replaced it."""
    return path.read_bytes()


CONTENT = Patch("goldenpath.delivery.model.work_folder.WorkFolder.content", believed)


@attack(1, EvidenceMismatch, f"candidate.json {OTHER_BYTES}", CONTENT)
def another_job_replaces_the_image_and_both_verdicts(scene: Scene) -> None:
    handed_over = hand_over.made(scene)
    handed_over.put(*ALL_FILES)
    handed_over.release()


@attack(1, EvidenceMismatch, f"candidate.json {OTHER_BYTES}", CONTENT)
def another_job_replaces_the_image_and_what_was_said_of_it_alone(scene: Scene) -> None:
    handed_over = hand_over.made(scene)
    handed_over.put("candidate", "candidate.json", "trivy.verdict.json")
    handed_over.release()


@attack(1, EvidenceMismatch, f"trivy.verdict.json {OTHER_BYTES}", CONTENT)
def another_job_turns_a_verdict_that_blocks(scene: Scene) -> None:
    """The build itself makes the image, and only the verdict is forged."""
    handed_over = hand_over.made(scene)
    handed_over.put("candidate", "candidate.json")
    blocking = handed_over.work.verdict(Gate.TRIVY)
    blocking.write_text(handed_over.forged.verdict(Gate.TRIVY).read_text().replace('"pass"', '"block"'))
    evidence = command.evidence(handed_over.work)
    handed_over.put("trivy.verdict.json")
    handed_over.release(more=evidence)


@attack(1, EvidenceMismatch, "There is no evidence of the files in the work folder",
        Patch("goldenpath.delivery.running.execution.believing", lambda run, _: run))  # fmt: skip
def a_caller_has_the_evidence_dropped(scene: Scene) -> None:
    """GitHub drops an output in which it sees a secret, and a caller may have a secret whose value is a brace."""
    handed_over = hand_over.made(scene)
    handed_over.put(*ALL_FILES)
    handed_over.release(more={"GOLDENPATH_EVIDENCE": '{}\nbuild: ""\n{}\n'})


@attack(1, EvidenceMismatch, "No job of this run reported gitleaks.verdict.json", CONTENT)
def a_verdict_arrives_although_its_gate_reported_none(scene: Scene) -> None:
    """An image with a leaked token is scanned for vulnerabilities as it is; only the secret scan never ended."""
    handed_over = hand_over.made(scene)
    handed_over.put(*ALL_FILES)
    reported = [handed_over.work.left_by(stage).line for stage in ("build", "trivy-gate")]
    handed_over.release(more={"GOLDENPATH_EVIDENCE": "\n".join(reported)})


# A job of the caller, written by whoever wants an image released that no gate saw. It starts first and leaves a process
# behind. On GitHub it would run beside the others and hold the concurrency group of the release until it is done; act
# knows no such groups, so the release of this copy says that it waits, and waits.
CALLER = """
name: delivery
on: push
jobs:
  harmless:
    runs-on: ubuntu-latest
    steps:
      # Not in the folder of the job, which is gone when the job ends, and with it what starts there.
      - run: cd / && setsid nohup python3 -I "{script}" > "{log}" 2>&1 &
  delivery:
    needs: harmless
    permissions: {{contents: read, id-token: write, security-events: write, actions: read}}
    uses: {platform}/.github/workflows/_build-and-release.yml@main
    with: {{environment: prod, ecr_repository: my-app}}
    secrets: inherit
"""
_TAKING = "      - name: Take the candidate, which replaces the index of each platform, and both verdicts\n"
_WAITING = """      - name: Wait for the job that is in the concurrency group (only under act)
        shell: bash
        run: |
          touch "{folder}/waiting"
          timeout 480 bash -c 'until test -e "{folder}/done"; do sleep 0.05; done'
"""
SCRIPT = """
import os, pathlib, shutil, subprocess, sys, time

folder, artifacts = pathlib.Path({folder!r}), pathlib.Path(os.environ["STAND_IN_ARTIFACTS"])
forged = folder / "forged"
end = time.time() + 480
while not (folder / "waiting").exists() and time.time() < end:
    time.sleep(0.05)
{replace}
(folder / "done").touch()
"""
# As if the store itself gave other bytes under the same ids.
IN_PLACE = """
kept = artifacts / "goldenpath-candidate-my-app"
shutil.rmtree(kept / "candidate")
shutil.copytree(forged / "candidate", kept / "candidate")
shutil.copy(forged / "candidate.json", kept)
shutil.copy(forged / "gitleaks.verdict.json", artifacts / "goldenpath-gitleaks-my-app")
shutil.copy(forged / "trivy.verdict.json", artifacts / "goldenpath-scan-my-app")
"""
# As `actions/upload-artifact` does with `overwrite: true`, from any job of the run.
OVERWRITING = """
import json
names = {{"candidate": "candidate\\ncandidate.json", "gitleaks": "gitleaks*", "scan": "trivy*"}}
for name, files in names.items():
    path = "\\n".join(str(forged / each) for each in files.split("\\n"))
    inputs = {{"name": f"goldenpath-{{name}}-my-app", "path": path, "overwrite": "true", "if-no-files-found": "error",
        "include-hidden-files": "false"}}
    env = {{**os.environ, "INPUTS": json.dumps(inputs), "GITHUB_OUTPUT": os.devnull}}
    subprocess.run([sys.executable, "-I", {upload!r}], check=True, env=env)
"""
BELIEVING = Edit(
    "src/goldenpath/delivery/model/work_folder.py",
    "if self.evidence is None:\n            return",
    "if True:\n            return",
)
# What the release took before: whatever has the name of a candidate, or of the reports of one of the gates.
BY_NAME = Edit(
    ".github/workflows/_build-and-release.yml",
    """          artifact-ids: >-
            ${{ needs.build.outputs.candidate }},${{ needs.gitleaks-gate.outputs.reports }},
            ${{ needs.scan.outputs.reports }}
""",
    "          pattern: goldenpath-[cgs][aic][nta]*\n",
)


def released_by_a_second_job(scene: Scene, replace: str) -> None:
    """Deliver an app with one more job, which does `replace` between scan and release; assert that its image is out."""
    app, emulator = scene.fixture("app"), scene.fixture("emulator")
    script, log = scene.folder / "harmless.py", scene.folder / "harmless.log"
    waiting = _WAITING.format(folder=scene.folder)
    Edit(".github/workflows/_build-and-release.yml", _TAKING, waiting + _TAKING).apply(scene.fixture("vault_platform"))
    caller = CALLER.format(script=script, log=log, platform=platform_copy.SLUG)
    app.write(".github/workflows/harmless.yml", caller).save("A harmless job")
    forged = hand_over.passed(scene.folder / "forged", app.commit, hand_over.FORGED)
    upload = platform_copy.STAND_INS / "upload-artifact" / "upload.py"
    replaced = replace.format(upload=str(upload)) if replace == OVERWRITING else replace
    script.write_text(SCRIPT.format(folder=str(scene.folder), replace=replaced))
    ended = scene.fixture("deliver")(events.push(app, "main"), ".github/workflows/harmless.yml", checked=False)
    tags = emulator.tags("my-app")
    if not tags:
        require_done(ended.code, ended.text)
    assert tags[f"prod-{app.commit[:7]}"] == forged.read_candidate().digest, (log.read_text(), ended.story)


@attack(1, EvidenceMismatch, "is not here, and a job of this run handed it over", BY_NAME, BELIEVING, under_runner=True)
def a_second_job_of_the_caller_overwrites_the_artifacts(scene: Scene) -> None:
    released_by_a_second_job(scene, OVERWRITING)


@attack(1, EvidenceMismatch, OTHER_BYTES, BELIEVING, under_runner=True)
def the_store_gives_other_bytes_under_the_same_ids(scene: Scene) -> None:
    released_by_a_second_job(scene, IN_PLACE)
