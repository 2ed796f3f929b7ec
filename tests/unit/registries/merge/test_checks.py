from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.registries import platform_git
from goldenpath.registries.merge import checks
from goldenpath.registries.merge.checks import Checkouts
from goldenpath.registries.merge.push import Push
from goldenpath.shared import git
from goldenpath.shared.errors import BadInput, ConfigurationUntrusted, PlanDrifted

TRUSTED, MERGED = Path("/trusted"), Path("/merged")
AT = Checkouts(TRUSTED, MERGED, lambda revision: revision, Push("development", "a" * 40, "b" * 40))
ENTRIES = "locals {{\n  ecr_repositories = {{\n{0}  }}\n}}\n{1}"
FILES = {"envs/dev/ecr.tf": "100644 blob 1", "envs/dev/main.tf": "100644 blob 2", "modules/x.tf": "100644 blob 3"}


@pytest.fixture
def merged(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The files of the merged commit, which can be changed; those of the trusted checkout stay as they are."""
    files = dict(FILES)
    entry = '    "x" = {\n      id = "REGISTRY_X"\n    }\n'
    texts = {TRUSTED: ENTRIES.format("", "# end\n"), MERGED: ENTRIES.format(entry, "# end\n")}
    monkeypatch.setattr(platform_git, "list_files", lambda clone, *_: FILES if clone == TRUSTED else files)
    monkeypatch.setattr(platform_git, "bytes_at", lambda clone, *_: texts[clone].encode())
    return files


def test_the_trusted_checkout_is_never_the_merged_one(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    with pytest.raises(BadInput, match="are the same folder"):
        checks.require_separate_checkouts(tmp_path, link)
    checks.require_separate_checkouts(tmp_path, tmp_path / "other")


def test_the_entries_may_differ(merged: dict[str, str]) -> None:
    merged["envs/dev/ecr.tf"] = "100644 blob 9"
    checks.require_same_configuration(TRUSTED, MERGED, "dev", "c" * 40)


@pytest.mark.parametrize(
    ("path", "blob"),
    [
        ("envs/dev/main.tf", "100644 blob 9"),
        ("envs/dev/new.auto.tfvars", "100644 blob 9"),
        ("modules/x.tf", "120000 blob 3"),
        ("envs/dev/ecr.tf", "120000 blob 1"),
    ],
)
def test_nothing_else_may_differ_not_even_a_mode(merged: dict[str, str], path: str, blob: str) -> None:
    merged[path] = blob
    with pytest.raises(ConfigurationUntrusted) as refused:
        checks.require_same_configuration(TRUSTED, MERGED, "dev", "c" * 40)
    assert refused.value.what.endswith(f"than the default branch: {path}")


@pytest.mark.usefixtures("merged")
def test_the_text_around_the_entries_may_not_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = {TRUSTED: "# end\n", MERGED: 'provider "aws" {}\n'}
    monkeypatch.setattr(platform_git, "bytes_at", lambda clone, *_: ENTRIES.format("", ends[clone]).encode())
    with pytest.raises(ConfigurationUntrusted, match=r"envs/dev/ecr\.tf \(outside of its entries\)"):
        checks.require_same_configuration(TRUSTED, MERGED, "dev", "c" * 40)


def test_a_merge_that_left_its_branch_since_is_not_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "is_ancestor", lambda *_: False)
    with pytest.raises(PlanDrifted, match="The merged pull request is not in its branch any more"):
        checks.require_still_merged(AT, "c" * 40, "d" * 40)
