"""The whole pipeline on real parts: git, gitleaks, BuildKit, trivy, syft, a registry, STS and ECR over the wire."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.tools import apps, command

from goldenpath.delivery.evidence import policies, run_artifacts
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.receipt import State
from goldenpath.delivery.model.work_folder import WorkFolder

if TYPE_CHECKING:
    from tests.doubles.local import LocalWithGitHub
    from tests.tools.apps import App
    from tests.tools.command import Command

    from goldenpath.local.aws.data_plane import Call
    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools

REPOSITORY = "pipeline/clean"


@dataclass(frozen=True)
class Delivered:
    """A clean app, delivered to dev and then to prod; `work` has the work folder of each."""

    app: App
    work: dict[str, WorkFolder]
    uploads: dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def delivered(goldenpath: Command, emulator: Local, tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    folder = tmp_path_factory.mktemp("clean")
    app = apps.make(folder / "app")
    emulator.create_repository(REPOSITORY)
    work, uploads = {}, {}
    for name in ("dev", "prod"):
        work[name] = WorkFolder(folder / name)
        goldenpath.run(*deliver(app, work[name], REPOSITORY, name)).ok()
        uploads[name] = uploaded(emulator, app)
    return Delivered(app, work, uploads)


def deliver(app: App, work: WorkFolder, repository: str, environment: str) -> tuple[str, ...]:
    return (
        "deliver", f"--environment={environment}", f"--ecr-repository={repository}", f"--source={app.folder}",
        f"--work-dir={work.path}",
    )  # fmt: skip


def uploaded(emulator: Local, app: App) -> list[dict[str, Any]]:
    """Return the SARIF run of every upload for `app`, each with the commit and ref that it came with."""
    mine = (each for each in emulator.uploads() if each.repository == app.slug)
    return [{**each.sarif["runs"][0], "commit": each.commit_sha, "ref": each.ref} for each in mine]


def leave_artifacts(emulator: LocalWithGitHub, work: WorkFolder, slug: str) -> None:
    """Let a run of the app leave every file of `work` at GitHub, in the artifacts that hold records."""
    files = {file.name: file.read_bytes() for file in work.path.glob("*.json")}
    for number, prefix in enumerate(run_artifacts.PREFIXES):
        # Each has all of them: the command takes what it knows, and the same bytes once.
        emulator.artifacts.keep(slug, f"{prefix}{number}", files)


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_one_digest_goes_from_the_build_to_the_registry(
    delivered: Delivered, emulator: Local, environment: str
) -> None:
    digest = delivered.work[environment].read_candidate().digest
    named = command.digests(delivered.work[environment])
    assert named == dict.fromkeys(named, digest)
    assert emulator.tags(REPOSITORY)[f"{environment}-{delivered.app.commit.short}"] == digest
    assert emulator.manifests(REPOSITORY) == {digest}


def test_two_environments_share_a_repository_and_an_image(delivered: Delivered, emulator: Local) -> None:
    short, digest = delivered.app.commit.short, delivered.work["dev"].read_candidate().digest
    assert emulator.tags(REPOSITORY) == dict.fromkeys((short, f"dev-{short}", f"prod-{short}", "latest"), digest)
    moves = delivered.work["prod"].read_receipt().tags
    assert [(move.tag, move.before, move.after) for move in moves] == [
        (short, digest, digest),
        (f"prod-{short}", None, digest),
    ]


def test_sarif_of_both_gates_is_uploaded_for_prod_and_none_for_dev(delivered: Delivered) -> None:
    assert delivered.uploads["dev"] == []
    found = {each["automationDetails"]["id"]: (each["commit"], each["ref"]) for each in delivered.uploads["prod"]}
    about = (delivered.app.commit, "refs/heads/main")
    assert found == {"gitleaks/": about, f"trivy/{REPOSITORY}/": about}


def test_every_verdict_says_what_looked_at_what(delivered: Delivered) -> None:
    for gate in Gate:
        verdict = delivered.work["prod"].read_verdict(gate)
        assert (verdict.result, verdict.mode, verdict.environment) == ("pass", "blocking", "prod")
        assert verdict.scanner.version
    assert delivered.work["prod"].read_verdict(Gate.TRIVY).seen["linux/amd64"] == "1 packages, debian 12.12"


def test_an_auditor_checks_the_evidence_of_the_release_with_the_commands_in_it(
    delivered: Delivered, goldenpath: Command, emulator: LocalWithGitHub, tmp_path: Path
) -> None:
    output, slug = tmp_path / "evidence.tar.gz", "team/my-app"
    leave_artifacts(emulator, delivered.work["prod"], slug)
    platform = apps.make(tmp_path / "platform", **{policies.FILE: (command.ROOT / policies.FILE).read_text()})
    words = (
        "evidence", "--since=2026-01-01", "--environment=prod", f"--ecr-repository={REPOSITORY}", f"--output={output}",
        f"--source={delivered.app.folder}", f"--repository={slug}", f"--platform={platform.folder}",
    )  # fmt: skip
    done = goldenpath.run(*words).ok()
    packed, fetched = output.read_bytes(), len(emulator.artifacts.downloads)
    for _ in range(2):
        goldenpath.run(*words, f"--keep={tmp_path / 'kept'}", "--overwrite").ok()
        assert (output.read_bytes() == packed, len(emulator.artifacts.downloads)) == (True, 2 * fetched)
    assert "releases to prod since 2026-01-01 (UTC): 1;" in done.text
    with tarfile.open(output) as archive:
        archive.extractall(tmp_path, filter="data")
    folder = tmp_path / "evidence-prod-since-2026-01-01"
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL))
    checked = subprocess.run(
        ["sh", "-eu", "-c", commands], cwd=folder, capture_output=True, text=True, timeout=30, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout
    digest = delivered.work["prod"].read_candidate().digest
    for line in (
        "every file is as it was packed", f"OK releases/{REPOSITORY}/{digest.hex}/manifest.json", "\nOK\n",
        f"{REPOSITORY}\t{digest}\t{delivered.app.commit}", "trivy: pass (blocking), ", "gitleaks: pass (blocking), ",
    ):  # fmt: skip
        assert line in checked.stdout
    for gate in Gate:
        assert f"\nRULES releases/{REPOSITORY}/{digest.hex}/{gate}.verdict.json" in checked.stdout
    assert "LOOK" not in checked.stdout
    assert "DIFFERS" not in checked.stdout
    assert json.loads((folder / "index.json").read_bytes())["missing"] == []
    assert {file.name for file in (folder / "releases" / REPOSITORY / digest.hex).iterdir()} == {
        "receipt.json", "candidate.json", "gitleaks.verdict.json", "trivy.verdict.json", "sbom.spdx.json",
        "sbom.cdx.json", "image.json", "manifest.json",
    }  # fmt: skip
    (folder / "releases" / REPOSITORY / digest.hex / "receipt.json").write_text("{}")
    changed = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (changed.returncode, "receipt.json: FAILED" in changed.stdout) == (1, True)


def test_the_same_again_is_unchanged_and_writes_nothing(
    delivered: Delivered, goldenpath: Command, emulator: Local, calls: list[Call], tmp_path: Path
) -> None:
    before, work = emulator.tags(REPOSITORY), WorkFolder(tmp_path / "work")
    done = goldenpath.run(*deliver(delivered.app, work, REPOSITORY, "prod")).ok()
    assert "was released already" in done.text
    assert work.read_receipt().state is State.UNCHANGED
    assert {call.method for call in calls} == {"GET"}
    assert emulator.tags(REPOSITORY) == before


def test_a_secret_blocks_prod_and_nothing_is_in_the_registry(
    goldenpath: Command, emulator: Local, app: App, work: WorkFolder, repository: str
) -> None:
    secret = app.plant_secret()
    done = goldenpath.run(*deliver(app, work, repository, "prod"))
    assert (done.code, done.error["code"]) == (10, "gate-blocked")
    assert done.error["what"] == "gitleaks blocks the release to prod: 1 finding must be fixed"
    assert f"github-pat in config.py:1 (commit {app.commit[:12]})" in done.error["why"]
    assert (emulator.tags(repository), emulator.manifests(repository)) == ({}, set())
    assert sorted(path.name for path in work.path.iterdir()) == [
        ".lock", "gitleaks-gate.timing.json", "gitleaks.json", "gitleaks.sarif", "gitleaks.verdict.json",
    ]  # fmt: skip
    assert secret not in done.text
    (upload,) = uploaded(emulator, app)
    assert [result["ruleId"] for result in upload["results"]] == ["github-pat"]


def test_a_vulnerable_package_blocks_prod_and_nothing_is_in_the_registry(
    goldenpath: Command, emulator: Local, app: App, work: WorkFolder, repository: str
) -> None:
    app.plant_package()
    done = goldenpath.run(*deliver(app, work, repository, "prod"))
    assert (done.code, done.error["code"]) == (10, "gate-blocked")
    assert done.error["what"] == "trivy blocks the release to prod: 2 findings must be fixed"
    place = f"{apps.PLANTED_PACKAGE}, brought by COPY in line 2 of the Dockerfile"
    assert f"CRITICAL {apps.PLANTED_CVE} in {place}. Update PyYAML from 5.3 to 5.4" in done.error["why"]
    assert (emulator.tags(repository), emulator.manifests(repository)) == ({}, set())
    assert not work.receipt.exists()
    gitleaks, trivy = uploaded(emulator, app)
    assert gitleaks["results"] == []
    assert {result["ruleId"] for result in trivy["results"]} == {apps.PLANTED_CVE, "CVE-2020-1747"}


@pytest.mark.parametrize("planted", ["secret", "package"])
def test_dev_releases_what_prod_blocks_and_warns(
    goldenpath: Command, emulator: Local, app: App, work: WorkFolder, repository: str, planted: str
) -> None:
    gate, named = (Gate.GITLEAKS, "github-pat") if planted == "secret" else (Gate.TRIVY, apps.PLANTED_CVE)
    app.plant_secret() if planted == "secret" else app.plant_package()
    done = goldenpath.run(*deliver(app, work, repository, "dev")).ok()
    assert f"  warning: CRITICAL {named} in " in done.text
    assert "would block in test, staging, prod" in done.text
    verdict = work.read_verdict(gate)
    assert (verdict.result, verdict.would_block_in) == ("advise", ("test", "staging", "prod"))
    digest, short = work.read_candidate().digest, app.commit.short
    assert emulator.tags(repository) == dict.fromkeys((short, f"dev-{short}", "latest"), digest)
    assert uploaded(emulator, app) == []


def test_a_blocked_run_leaves_nothing_of_the_run_before_it(
    goldenpath: Command, emulator: Local, app: App, work: WorkFolder, repository: str
) -> None:
    goldenpath.run(*deliver(app, work, repository, "prod")).ok()
    before, uploads = emulator.tags(repository), len(uploaded(emulator, app))
    app.plant_secret()
    assert goldenpath.run(*deliver(app, work, repository, "prod")).code == 10
    assert {path.name for path in work.path.iterdir() if path.is_file()} == {
        ".lock", "gitleaks-gate.timing.json", "gitleaks.json", "gitleaks.sarif", "gitleaks.verdict.json",
    }  # fmt: skip
    assert [each["automationDetails"]["id"] for each in uploaded(emulator, app)[uploads:]] == ["gitleaks/"]
    assert emulator.tags(repository) == before


def test_each_stage_works_alone_on_the_files_of_the_one_before_it(
    goldenpath: Command, emulator: Local, app: App, work: WorkFolder, repository: str
) -> None:
    common = {
        "GOLDENPATH_ENVIRONMENT": "prod",
        "GOLDENPATH_ECR_REPOSITORY": repository,
        "GOLDENPATH_SOURCE": str(app.folder),
        "GOLDENPATH_WORK_DIR": str(work.path),
    }
    left = {
        "gitleaks-gate": [
            "gitleaks-gate.timing.json",
            "gitleaks.json",
            "gitleaks.sarif",
            "gitleaks.verdict.json",
        ],
        "build": ["build.timing.json", "candidate", "candidate.json"],
        "trivy-gate": ["trivy-gate.timing.json", "trivy.json", "trivy.sarif", "trivy.verdict.json"],
        "sbom": ["sbom.cdx.json", "sbom.spdx.json", "sbom.timing.json"],
        "ecr-push": ["ecr-push.timing.json", "receipt.json"],
        "sarif-upload": [],
    }
    there: set[str] = set()
    for stage, files in left.items():
        goldenpath.run(stage, more=common).ok()
        now = {path.name for path in work.path.iterdir()}
        assert sorted(now - there) == files, stage
        there = now
    named = command.digests(work)
    assert named == dict.fromkeys(named, emulator.tags(repository)[app.commit.short])
    assert len(uploaded(emulator, app)) == 2


def test_a_workflow_run_gets_outputs_a_summary_and_no_secret_in_its_log(
    goldenpath: Command, emulator: Local, app: App, repository: str, tmp_path: Path
) -> None:
    more = apps.event(tmp_path / "runner", app, before="0" * 40)
    done = goldenpath.run(
        "deliver", "--environment=prod", f"--ecr-repository={repository}", more=more, cwd=app.folder
    ).ok()
    outputs = (tmp_path / "runner" / "output").read_text()
    work = WorkFolder(tmp_path / "runner" / "goldenpath")
    digest = work.read_candidate().digest
    assert f"\n{emulator.registry_host}/{repository}@{digest}\n" in outputs
    assert "for prod: released\n" in (tmp_path / "runner" / "summary").read_text()
    masked = [line.removeprefix("::add-mask::") for line in done.text.splitlines() if line.startswith("::add-mask::")]
    assert len(masked) >= 4
    told = "\n".join(line for line in done.text.splitlines() if not line.startswith("::add-mask::"))
    kept = [told, outputs, *(json.dumps(str(text)) for text in command.texts_below(work.path).values())]
    assert not [secret for secret in masked for text in kept if secret in text]
