"""What `goldenpath doctor` says of an app's repository in which the review can be skipped."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.adoption import protection_checks
from goldenpath.delivery.adoption.protection_checks import BranchRules, owners_of
from goldenpath.shared.check_result import Level
from tests.tools.command import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.shared.check_result import Remark

OPEN = BranchRules(protected=False)
REVIEWED = BranchRules(protected=True, approvals=1, code_owners=True, creation=True)
TEMPLATE = (ROOT / "docs" / "templates" / "protection" / "CODEOWNERS").read_text()


@dataclass(frozen=True)
class Forge:
    default_branch: str | None = None
    branches: frozenset[str] | None = None
    code_security: bool | None = None
    secrets: frozenset[str] | None = None
    rules: Mapping[str, BranchRules] = field(default_factory=dict)
    tags: frozenset[str] | None = None

    def branch_rules(self, branch: str) -> BranchRules | None:
        return self.rules.get(branch)

    def tag_rules(self, _: str) -> frozenset[str] | None:
        return self.tags


#           default branch, rules                                                     level, words
BRANCHES: dict[str, tuple[str, Mapping[str, BranchRules], list[tuple[Level, str]]]] = {
    "reviewed by code owners": ("main", {"main": REVIEWED}, [(Level.GOOD, "needs the approval of a code owner")]),
    "not protected": ("main", {"main": OPEN}, [(Level.WARNING, "`main` is not protected: everyone with write")]),
    "protected in a way that is not visible": (
        "main", {"main": BranchRules(protected=True)}, [(Level.LEFT_OUT, "no ruleset requires an approval for a")],
    ),
    "reviewed by anybody": (
        "main", {"main": BranchRules(protected=True, approvals=1)}, [(Level.WARNING, "but not from a code owner")],
    ),
    "not visible": ("main", {}, [(Level.LEFT_OUT, "it is unknown whether changes to `main` need a review")]),
    "not known": ("", {"main": OPEN}, []),
    "called master, beside a main that is refused": (
        "master", {"master": REVIEWED, "main": OPEN}, [(Level.GOOD, "a change to `master`")],
    ),
    "called master, beside a main that anybody can create": (
        "master", {"master": REVIEWED, "main": BranchRules(protected=True, approvals=1)},
        [(Level.GOOD, "a change to `master`"), (Level.WARNING, "prod accepts `main`, because it is protected")],
    ),
    "called master, beside a main without a review": (
        "master", {"master": REVIEWED, "main": BranchRules(protected=True, creation=True)},
        [(Level.GOOD, "a change to `master`"), (Level.WARNING, "prod accepts `main`, because it is protected")],
    ),
    "called development, beside a main that is reviewed": (
        "development", {"development": REVIEWED, "main": REVIEWED}, [(Level.GOOD, "a change to `development`")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BRANCHES)
def test_a_default_branch_that_is(name: str) -> None:
    default, rules, told = BRANCHES[name]
    found = tuple(protection_checks.branches(Forge(rules=rules), default))
    assert [each.level for each in found] == [level for level, _ in told]
    assert [words for _, words in told if not any(words in each.what for each in found)] == []


@pytest.mark.parametrize(
    ("rules", "level"),
    [
        (None, Level.LEFT_OUT),
        (frozenset[str](), Level.WARNING),
        (frozenset({"update", "deletion"}), Level.WARNING),
        (frozenset({"creation"}), Level.GOOD),
    ],
)
def test_release_tags_that_anybody_can_create_are_warned_of(rules: frozenset[str] | None, level: Level) -> None:
    remark = protection_checks.release_tags(Forge(tags=rules))
    assert remark.level is level
    assert (level is Level.WARNING) is ("docs/templates/protection/release-tags.json" in remark.fix)


def owners(folder: Path, file: str, text: str) -> Remark:
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(text)
    return protection_checks.owners(folder)


@pytest.mark.parametrize("file", ["CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS"])
def test_the_template_of_code_owners_is_all_that_is_asked_for(tmp_path: Path, file: str) -> None:
    assert owners(tmp_path, file, TEMPLATE).level is Level.GOOD


def test_without_code_owners_the_template_is_named(tmp_path: Path) -> None:
    remark = protection_checks.owners(tmp_path)
    owned = ".github/workflows/delivery.yml, .goldenpath.yml and .goldenpath-settled.yml"
    assert remark.what == f"{owned} have no code owner"
    assert "docs/templates/protection/CODEOWNERS to .github/CODEOWNERS" in remark.fix


def test_a_file_that_github_does_not_read_owns_nothing(tmp_path: Path) -> None:
    (tmp_path / "CODEOWNERS").write_text(TEMPLATE)
    assert owners(tmp_path, ".github/CODEOWNERS", "*.py @team/web\n").level is Level.WARNING


@pytest.mark.parametrize(
    ("text", "owned"),
    [
        ("* @a", True),
        ("*.yml @a", True),
        (".github/ @a", True),
        ("/.github @a", True),
        ("/.github/workflows/ @a", True),
        ("workflows/ @a", True),
        ("/.github/workflows/* @a @b", True),
        ("/.github/**/delivery.yml @a", True),
        ("delivery.ym? @a", True),
        ("  # * @a", False),
        ("* # @a", False),
        ("/.github/* @a", False),
        ("/workflows/ @a", False),
        ("/delivery.yml @a", False),
        ("/.github/workflows @a\n/.github/", False),
        ("/.github/\n* @a", True),
        ("", False),
    ],
)
def test_the_last_line_that_matches_names_the_owners(text: str, *, owned: bool) -> None:
    assert bool(owners_of(".github/workflows/delivery.yml", text)) is owned


def test_a_branch_that_prod_releases_from_has_to_be_protected_where_it_is_not_the_default_one() -> None:
    forge = Forge(
        default_branch="develop",
        branches=frozenset({"develop", "main"}),
        rules={"develop": BranchRules(protected=True), "main": BranchRules(protected=False)},
    )
    found = [each for each in protection_checks.branches(forge, "develop") if each.level is Level.ERROR]
    assert [each.what for each in found] == [
        "`main` is neither protected nor the default branch: prod refuses its releases"
    ]
    gone = replace(forge, branches=frozenset({"develop"}))
    assert not [each for each in protection_checks.branches(gone, "develop") if each.level is Level.ERROR]
