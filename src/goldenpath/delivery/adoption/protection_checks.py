"""The checks of `goldenpath doctor` that ask whether an app's repository lets anybody skip the review.

Sources: GitHub, "About rulesets" and "About code owners".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.delivery.adoption.check_result import error, good, left_out, warning
from goldenpath.delivery.rules import app, matrix, settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from goldenpath.delivery.adoption.check_result import Remark
    from goldenpath.delivery.adoption.remote_checks import Forge

_ABOUT = "protection"
_FOLDER = "docs/templates/protection"
_IMPORT = "Settings → Rules → Rulesets → Import a ruleset:"
_DEFAULT_BRANCH = f"{_IMPORT} {_FOLDER}/default-branch.json"
_LOOK = "see Settings → Rules, or give a GITHUB_TOKEN that may read the repository"
_HEADS = "refs/heads/"
# A name that a release tag can have; the rules for it are the rules for all of them.
_RELEASE_TAG = "v1.2.3"
# GitHub takes the first of these that exists.
_OWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
_OWNED = (".github/workflows/delivery.yml", app.FILE, settled.FILE)


@dataclass(frozen=True)
class BranchRules:
    """What GitHub demands of a change to a branch.

    All but `protected` are what rulesets say; the details of branch protection are visible only to admins. `creation`:
    only those who may bypass the rules can create the branch.
    """

    protected: bool
    approvals: int = 0
    code_owners: bool = False
    creation: bool = False


def branches(forge: Forge | None, default_branch: str) -> Iterator[Remark]:
    """Yield whether a change to the default branch, and to the branches that prod accepts, needs a review."""
    if not default_branch:
        return
    yield _default_branch(default_branch, forge.branch_rules(default_branch) if forge else None)
    for name in released_to_prod():
        rules = forge.branch_rules(name) if forge and name != default_branch else None
        if rules and not rules.protected and _demands_review(name, forge):
            what = f"`{name}` is neither protected nor the default branch: prod refuses what is released from it"
            yield error(_ABOUT, what, _DEFAULT_BRANCH)
        if rules and rules.protected and not (rules.approvals and rules.creation):
            what = (
                f"prod accepts `{name}`, since it is protected; no ruleset restricts both its creation and its changes"
            )
            yield warning(_ABOUT, what, _DEFAULT_BRANCH)


def released_to_prod() -> tuple[str, ...]:
    """Return the branches that prod accepts by their name."""
    refs = matrix.load().environment("prod").refs
    return tuple(ref.removeprefix(_HEADS) for ref in refs if ref.startswith(_HEADS) and "*" not in ref)


def release_tags(forge: Forge | None) -> Remark:
    """Return whether only some people may create release tags."""
    rules = forge.tag_rules(_RELEASE_TAG) if forge else None
    if rules is None:
        return left_out(_ABOUT, "who may create the tags `v*` is not known here", _LOOK)
    if "creation" in rules:
        return good(_ABOUT, "only those who may bypass the ruleset can create the tags `v*`")
    what = "everybody with write access can create the tags `v*`"
    return warning(_ABOUT, what, f"{_IMPORT} {_FOLDER}/release-tags.json")


def _listed(paths: Sequence[str]) -> str:
    *first, last = paths
    return f"{', '.join(first)} and {last}" if first else last


def owners(folder: Path) -> Remark:
    """Return whether the delivery workflow and the app's rules have code owners."""
    file = next((each for each in _OWNERS if (folder / each).is_file()), "")
    text = (folder / file).read_text(encoding="utf-8", errors="replace") if file else ""
    missing = [path for path in _OWNED if not owners_of(path, text)]
    if not missing:
        return good(_ABOUT, f"{file} names owners for {_listed(_OWNED)}")
    what = f"{_listed(missing)} {'has' if len(missing) == 1 else 'have'} no code owner"
    return warning(
        _ABOUT, what, f"copy the lines of {_FOLDER}/CODEOWNERS to {file or _OWNERS[0]}, with your team's name"
    )


def owners_of(path: str, codeowners: str) -> tuple[str, ...]:
    """Return the owners that the text of a CODEOWNERS file names for `path`: those of the last line that matches."""
    found: tuple[str, ...] = ()
    for line in codeowners.splitlines():
        pattern, *names = line.partition("#")[0].split() or [""]
        if pattern and _pattern(pattern).fullmatch(path):
            found = tuple(names)
    return found


def _demands_review(name: str, forge: Forge | None) -> bool:
    """Tell whether the branch `name` is there, and prod releases from reviewed branches only."""
    return bool(forge and name in (forge.branches or ())) and matrix.load().environment("prod").reviewed_branches


def _default_branch(name: str, rules: BranchRules | None) -> Remark:
    if rules is None:
        return left_out(_ABOUT, f"whether changes to `{name}` need a review is not known here", _LOOK)
    if not rules.protected:
        what = f"`{name}` is not protected: everybody with write access decides which exceptions count"
        return warning(_ABOUT, what, _DEFAULT_BRANCH)
    if not rules.approvals:
        what = f"`{name}` is protected, but no ruleset says that a change needs an approval"
        return left_out(_ABOUT, what, f"see Settings → Branches, or {_DEFAULT_BRANCH}")
    if not rules.code_owners:
        what = f"a change to `{name}` needs an approval, but not that of a code owner"
        return warning(_ABOUT, what, f"switch on `Require review from Code Owners`, or {_DEFAULT_BRANCH}")
    return good(_ABOUT, f"a change to `{name}` needs the approval of a code owner")


def _pattern(written: str) -> re.Pattern[str]:
    """Return what a pattern of CODEOWNERS matches: like .gitignore, but `docs/*` is not about folders below it."""
    bare = written.strip("/")
    start = "" if "/" in written.rstrip("/") else "(?:.*/)?"
    words = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    body = "".join(words.get(part) or re.escape(part) for part in re.split(r"(\*\*|\*|\?)", bare))
    whole = "(?:/.*)" if written.endswith("/") else "" if "*" in bare.rpartition("/")[2] else "(?:/.*)?"
    return re.compile(start + body + whole)
