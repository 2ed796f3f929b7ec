"""How runs of the reusable workflow end: which jobs ran, and what is in the registry, at AWS and at GitHub then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.sts.models import sts_backends

if TYPE_CHECKING:
    from goldenpath.local.server import Local
    from tests.e2e.act import Ended
    from tests.e2e.delivery_runs import Asked

CHECKED = dict.fromkeys(("gitleaks-gate", "build", "scan", "report", "verdict"), "success")
ALL_RAN = {"preflight": "success", **CHECKED, "push": "success"}
STOPPED_PROPOSAL = {**CHECKED, "scan": "failure", "verdict": "failure"}
STOPPED = {"preflight": "success", **STOPPED_PROPOSAL}
LEAKED = {"preflight": "success", "gitleaks-gate": "failure", "report": "success", "verdict": "failure"}
REFUSED = {"gitleaks-gate": "success", "preflight": "failure", "report": "success", "verdict": "failure"}
UNKNOWN = {"gitleaks-gate": "failure", "preflight": "failure", "verdict": "failure"}


def assert_released(ended: Ended, emulator: Local, *tags: str) -> str:
    """The registry holds one image under exactly these tags, and every output and the receipt name it; its digest."""
    (digest,) = emulator.manifests("my-app")
    assert emulator.tags("my-app") == dict.fromkeys(tags, digest), ended.story
    told = ended.outputs("push")
    assert told["image"] == f"{emulator.registry_host}/my-app:{tags[0]}"
    assert told["image_ref"] == f"{emulator.registry_host}/my-app@{told['image_digest']}"
    assert (told["image_digest"], told["tags"]) == (digest, ",".join(tags))
    receipt = ended.artifact("goldenpath-receipt-my-app", "receipt.json")
    assert (receipt["state"], receipt["digest"]) == ("released", digest)
    assert ended.artifact("goldenpath-reports-my-app", "candidate.json")["digest"] == digest
    assert ended.artifact("goldenpath-candidate-my-app", "candidate/index.json")["manifests"][0]["digest"] == digest
    return digest


def assert_nothing_released(emulator: Local) -> None:
    """The registry holds nothing at all."""
    assert (emulator.tags("my-app"), emulator.manifests("my-app")) == ({}, set())


def assert_no_login(emulator: Local, asked: Asked) -> None:
    """Nobody asked for a token, for a role or for the registry; at most for GitHub's API."""
    assert not roles_assumed(emulator)
    assert {path.split("/")[1] for path in asked()} <= {"repos"}


def assert_only_looked(emulator: Local, asked: Asked) -> None:
    """One role was assumed, to look; nothing was sent to the registry."""
    assert len(roles_assumed(emulator)) == 1
    assert not [path for path in asked() if "/blobs/" in path]


def roles_assumed(emulator: Local) -> set[str]:
    """Return the names of the roles that runs assumed."""
    return {session.arn.split("/")[-2] for session in sts_backends[emulator.account]["aws"].assumed_roles}


def uploaded(emulator: Local) -> list[tuple[str, str, str, str]]:
    """Return tool, category, ref and commit of each upload, in order."""
    runs = [(upload, upload.sarif["runs"][0]) for upload in emulator.uploads()]
    return [
        (run["tool"]["driver"]["name"], run["automationDetails"]["id"].rstrip("/"), upload.ref, upload.commit_sha)
        for upload, run in runs
    ]
