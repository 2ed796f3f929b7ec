"""Artifacts have names that no later attempt of a run uses again, and a release needs no attestation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from goldenpath.delivery.evidence import run_artifacts
from goldenpath.delivery.evidence.run_records import RecordKind

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
EVERYWHERE = [
    *WORKFLOWS,
    *sorted((ROOT / "docs" / "templates").rglob("*.yml")),
    *sorted((ROOT / "actions").rglob("*.yml")),
]
# Each differs from attempt to attempt: its number, the job's number, and the seal of a proposal, which names a commit
# that names the attempt.
UNIQUE = re.compile(r"\$\{\{ (github\.run_attempt|job\.check_run_id|steps\.(propose|retire)\.outputs\.seal) \}\}")


def uploads(path: Path) -> Iterator[dict[str, Any]]:
    """Yield what each step of the workflow or action gives to upload-artifact."""
    tree = yaml.safe_load(path.read_text())
    jobs = tree.get("jobs") or {"action": tree.get("runs") or {}}
    for job in jobs.values():
        for step in job.get("steps", ()):
            if step.get("uses", "").startswith("actions/upload-artifact@"):
                yield step["with"]


def fixed_names(path: Path) -> list[str]:
    """Return every artifact that a second attempt would upload under the same name, or replace."""
    return [each.get("name", "") for each in uploads(path)
            if not UNIQUE.search(each.get("name", "")) or "overwrite" in each]  # fmt: skip


@pytest.mark.parametrize("path", EVERYWHERE, ids=[str(path.relative_to(ROOT)) for path in EVERYWHERE])
def test_an_artifact_has_a_name_of_its_own_in_each_attempt(path: Path) -> None:
    """GitHub refuses a name that the run has already, also from an earlier attempt: the job would fail at its end."""
    assert fixed_names(path) == []


@pytest.mark.parametrize(
    ("old", "new"), [("-${{ github.run_attempt }}", ""), ("if-no-files-found: ignore", "overwrite: true")]
)
def test_a_name_that_is_met_again_is_found(old: str, new: str, tmp_path: Path) -> None:
    spoiled = tmp_path / "retire.yml"
    text = (ROOT / ".github" / "workflows" / "retire-ecr-registry.yml").read_text()
    assert old in text
    spoiled.write_text(text.replace(old, new))
    (name,) = fixed_names(spoiled)
    assert name.startswith("registry-backup")


def holds_records(upload: dict[str, Any]) -> bool:
    """Tell whether the upload takes a file that belongs to a release's evidence."""
    lines = [line.strip() for line in upload["path"].splitlines()]
    left_out = [PurePosixPath(line).name for line in lines if line.startswith("!")]
    taken = [PurePosixPath(line).name for line in lines if not line.startswith("!")]
    return any(
        any(fnmatchcase(kind, name) for name in taken) and not any(fnmatchcase(kind, name) for name in left_out)
        for kind in RecordKind
    )


def test_the_artifacts_that_an_auditor_needs_are_those_with_the_records_of_a_release() -> None:
    workflow = ROOT / ".github" / "workflows" / "_build-and-release.yml"
    prefixes = {each["name"].partition("${{")[0] for each in uploads(workflow) if holds_records(each)}
    # Copies for the report, and the image of one platform, whose description the one of all of them repeats.
    assert prefixes - set(run_artifacts.PREFIXES) == {"goldenpath-reports-", "goldenpath-platform-"}
    assert set(run_artifacts.PREFIXES) <= prefixes
    (receipt,) = (each for each in uploads(workflow) if RecordKind.RECEIPT in each["path"])
    assert receipt["name"].startswith(run_artifacts.RECEIPT)


def test_a_release_is_published_where_github_attests_nothing() -> None:
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())["jobs"]["release"]["steps"]
    conditions = {step.get("uses", step["name"]).partition("@")[0]: step["if"] for step in steps if "if" in step}
    assert conditions == {"actions/attest": "${{ !github.event.repository.private || vars.ATTEST_RELEASES == 'true' }}"}
    assert steps[-1]["run"].startswith("gh release create ")
    assert "ATTEST_RELEASES" in (ROOT / "docs" / "releasing.md").read_text()
