"""Checks of `goldenpath doctor`: nobody can skip the review in an app's repository.

Sources: GitHub, "About rulesets" and "About code owners".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.delivery.rules import app, matrix, settled
from goldenpath.shared.check_result import error, good, left_out, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from goldenpath.delivery.adoption.remote_checks import RepositoryFacts
    from goldenpath.shared.check_result import Remark

_ABOUT = "protection"
_FOLDER = "docs/templates/protection"
_IMPORT = "Settings → Rules → Rulesets → Import a ruleset:"
_DEFAULT_BRANCH = f"{_IMPORT} {_FOLDER}/default-branch.json"
_SEE_RULES = "see Settings → Rules, or set a GITHUB_TOKEN that may read the repository"
_HEADS = "refs/heads/"
# An example of a release tag: the same rules apply to all release tags.
_RELEASE_TAG = "v1.2.3"
# GitHub reads the first of these that exists.
_CODEOWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
_OWNED = (".github/workflows/delivery.yml", app.FILE, settled.FILE)


@dataclass(frozen=True)
class BranchRules:
    """The rules of GitHub for a change to a branch.

    Only `protected` covers branch protection too: its details are visible only to admins, so the other fields come from
    rulesets. `creation`: only people who may bypass the rules can create the branch.
    """

    protected: bool
    approvals: int = 0
    code_owners: bool = False
    creation: bool = False


def branches(facts: RepositoryFacts | None, default_branch: str) -> Iterator[Remark]:
    """Yield whether a change to the default branch, and to the branches that prod accepts, needs a review."""
    if not default_branch:
        return
    yield _default_branch(default_branch, facts.branch_rules(default_branch) if facts else None)
    for name in released_to_prod():
        rules = facts.branch_rules(name) if facts and name != default_branch else None
        if rules and not rules.protected and _demands_review(name, facts):
            what = f"`{name}` is neither protected nor the default branch: prod refuses its releases"
            yield error(_ABOUT, what, _DEFAULT_BRANCH)
        if rules and rules.protected and not (rules.approvals and rules.creation):
            accepted = f"prod accepts `{name}`, because it is protected"
            what = f"{accepted}, but no ruleset restricts both its creation and its changes"
            yield warning(_ABOUT, what, _DEFAULT_BRANCH)


def released_to_prod() -> tuple[str, ...]:
    """Return the branches that prod accepts by their name."""
    refs = matrix.load().environment("prod").refs
    return tuple(ref.removeprefix(_HEADS) for ref in refs if ref.startswith(_HEADS) and "*" not in ref)


def release_tags(facts: RepositoryFacts | None) -> Remark:
    """Return whether only some people may create release tags."""
    rules = facts.tag_rules(_RELEASE_TAG) if facts else None
    if rules is None:
        return left_out(_ABOUT, "it is unknown who may create the tags `v*`", _SEE_RULES)
    if "creation" in rules:
        return good(_ABOUT, "only people who may bypass the ruleset can create the tags `v*`")
    what = "everyone with write access can create the tags `v*`"
    return warning(_ABOUT, what, f"{_IMPORT} {_FOLDER}/release-tags.json")


def _listed(paths: Sequence[str]) -> str:
    *first, last = paths
    return f"{', '.join(first)} and {last}" if first else last


def owners(folder: Path) -> Remark:
    """Return whether the delivery workflow and the app's rules have code owners."""
    file = next((path for path in _CODEOWNERS if (folder / path).is_file()), "")
    text = (folder / file).read_text(encoding="utf-8", errors="replace") if file else ""
    missing = [path for path in _OWNED if not owners_of(path, text)]
    if not missing:
        return good(_ABOUT, f"{file} names owners for {_listed(_OWNED)}")
    what = f"{_listed(missing)} {'has' if len(missing) == 1 else 'have'} no code owner"
    fix = f"copy the lines of {_FOLDER}/CODEOWNERS to {file or _CODEOWNERS[0]}, with the name of your team"
    return warning(_ABOUT, what, fix)


def owners_of(path: str, codeowners: str) -> tuple[str, ...]:
    """Return the owners of `path` in the text of a CODEOWNERS file: those of the last line that matches."""
    owners: tuple[str, ...] = ()
    for line in codeowners.splitlines():
        pattern, *names = line.partition("#")[0].split() or [""]
        if pattern and _pattern(pattern).fullmatch(path):
            owners = tuple(names)
    return owners


def _demands_review(name: str, facts: RepositoryFacts | None) -> bool:
    """Return whether the branch `name` exists and prod accepts only reviewed branches."""
    return bool(facts and name in (facts.branches or ())) and matrix.load().environment("prod").reviewed_branches


def _default_branch(name: str, rules: BranchRules | None) -> Remark:
    if rules is None:
        return left_out(_ABOUT, f"it is unknown whether changes to `{name}` need a review", _SEE_RULES)
    if not rules.protected:
        what = f"`{name}` is not protected: everyone with write access decides which exceptions count"
        return warning(_ABOUT, what, _DEFAULT_BRANCH)
    if not rules.approvals:
        what = f"`{name}` is protected, but no ruleset requires an approval for a change"
        return left_out(_ABOUT, what, f"see Settings → Branches, or {_DEFAULT_BRANCH}")
    if not rules.code_owners:
        what = f"a change to `{name}` needs an approval, but not from a code owner"
        return warning(_ABOUT, what, f"enable `Require review from Code Owners`, or {_DEFAULT_BRANCH}")
    return good(_ABOUT, f"a change to `{name}` needs the approval of a code owner")


def _pattern(written: str) -> re.Pattern[str]:
    """Return the regular expression of a pattern: as in .gitignore, but `docs/*` does not match files in subfolders."""
    bare = written.strip("/")
    start = "" if "/" in written.rstrip("/") else "(?:.*/)?"
    words = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    body = "".join(words.get(part) or re.escape(part) for part in re.split(r"(\*\*|\*|\?)", bare))
    whole = "(?:/.*)" if written.endswith("/") else "" if "*" in bare.rpartition("/")[2] else "(?:/.*)?"
    return re.compile(start + body + whole)
