"""Every check of a merged pull request that needs no role: done before a job gets one, and again in that job.

An apply runs with a role that may change registries. A module, a provider's lock or a `main.tf` of the merged commit
would run with it too, some of it while Terraform plans, before any plan can be compared. So the merged commit
contributes one thing: the entries of an `ecr.tf`, which are literals. If it differs in anything else, nothing runs.
Reasons: docs/adr/0014-the-apply-trusts-the-default-branch.md.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.registries import platform_git, review
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.config.hcl import read_map
from goldenpath.registries.merge import entries
from goldenpath.registries.request import known_environment
from goldenpath.shared import codec, git
from goldenpath.shared.errors import BadInput, ConfigurationUntrusted, PlanDrifted, PlanUnexpected

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.registries.merge.push import MergedPullRequest, Push
    from goldenpath.registries.review import PlanRecord

_MODULES, _TEMPLATES = "modules", "docs/templates"
_SHOWN = 5


@dataclass(frozen=True)
class Checkouts:
    """The two checkouts of an apply, and access to the rest of the repository.

    `trusted` is the default branch, whose tool and Terraform configuration run; `merged` is what was pushed, and data.
    `fetch` fetches a ref or a commit of the platform's repository into `merged` and returns the commit's id. `push` is
    the push that brought the merge.
    """

    trusted: Path
    merged: Path
    fetch: Callable[[str], str]
    push: Push


@dataclass(frozen=True)
class MergeRange:
    """The branch of a pull request from `fork` to `tip`, and the commit `merged` that closed it, made on `onto`."""

    fork: str
    tip: str
    onto: str
    merged: str

    @property
    def spans(self) -> tuple[tuple[str, str], ...]:
        """The pairs of commits whose differences show everything that the pull request did."""
        return (self.fork, self.tip), (self.onto, self.merged)


@dataclass(frozen=True)
class ReviewedMerge:
    """A merge that may be applied: the record of the reviewed plan, and the commits that brought its registry."""

    record: PlanRecord
    range: MergeRange


def check(at: Checkouts, pull: MergedPullRequest) -> ReviewedMerge:
    """Return what `pull` asks to be applied.

    Raises `PlanDrifted`, `PlanUnexpected`, `ConfigurationUntrusted`, `UnknownEnvironment`, `RegistryConfigUnexpected`,
    `SourceUnusable`, and `BadInput` for checkouts of other commits.
    """
    require_separate_checkouts(at.trusted, at.merged)
    after = platform_git.resolve(at.merged, pull.commit)
    require_in_push(at, pull)
    record = review.read_record(pull.body)
    known_environment(record.environment)
    merge = find_range(at.merged, pull, at.fetch)
    changed = entries.changed_entries(at.merged, merge.fork, merge.tip)
    entries.require_one(changed, record)
    for start, end in merge.spans:
        entries.require_nothing_else(at.merged, changed, start, end)
    entries.require_as_proposed(at.merged, record, merge.tip, after)
    newest = at.fetch(f"refs/heads/{at.push.base}")
    require_still_merged(at, after, newest)
    entries.require_latest(at.merged, record, after, newest, at.push.base)
    require_same_configuration(at.trusted, at.merged, record.environment, after)
    return ReviewedMerge(record, merge)


def require_in_push(at: Checkouts, pull: MergedPullRequest) -> None:
    """Refuse with `BadInput` a pull request that this push did not merge, or a checkout of another push."""
    if platform_git.resolve(at.merged, "HEAD") != at.push.after:
        raise BadInput(
            "The checkout is not at the pushed commit", why=f"That is {at.push.after}", fix="Check out that commit"
        )
    if pull.commit not in at.push.commits(at.merged):
        raise BadInput(
            f"This push did not merge pull request #{pull.number}",
            why=f"{pull.commit} merged it, which is not among the commits that the push brought to {at.push.base}",
            fix="Nothing was applied; run the wizard again for this registry",
        )


def require_still_merged(at: Checkouts, after: str, newest: str) -> None:
    """Refuse with `PlanDrifted` a merge, at `after`, that is no longer in the branch, whose tip is `newest`."""
    # The push moved the branch forward, but it may have been rewritten since, or the job run again much later.
    if not git.is_ancestor(at.merged, after, newest):
        raise PlanDrifted(
            "The merged pull request is not in its branch any more",
            why=f"The history of {at.push.base} was rewritten since, and its newest commit is {newest}",
            fix="Nothing was applied; run the wizard again for this registry",
        )


def find_range(checkout: Path, pull: MergedPullRequest, fetch: Callable[[str], str]) -> MergeRange:
    """Return the commits of `pull`, whether it was merged, squashed, rebased or went through a queue.

    Raises `PlanUnexpected` when GitHub counts other commits or files, and `SourceUnusable`.
    """
    # The merging commit is not enough: after a rebase of several commits it is the last of them, and its parent
    # holds the others. So the branch is read from its fork to its tip, as well as what the merging commit did.
    merged, tip = platform_git.resolve(checkout, pull.commit), fetch(pull.tip)
    parents = platform_git.parents(checkout, merged)
    # The base in GitHub's description may be older than the one that was merged; a true merge commit names it.
    is_merge = len(parents) > 1 and parents[1] == tip
    base = parents[0] if is_merge else platform_git.resolve(checkout, pull.onto)
    merge = MergeRange(platform_git.fork_point(checkout, base, tip), tip, (*parents, merged)[0], merged)
    _require_counted(checkout, pull, base, merge)
    return merge


def _require_counted(checkout: Path, pull: MergedPullRequest, base: str, merge: MergeRange) -> None:
    # GitHub counted when it showed the pull request to its reviewers; a difference means that they saw something else.
    commits = platform_git.count_commits(checkout, base, merge.tip)
    files = len(platform_git.changed_paths(checkout, merge.fork, merge.tip))
    if (commits, files) != (pull.commits, pull.files):
        raise PlanUnexpected(
            "The pull request holds other commits than GitHub counts",
            why=f"GitHub counts {pull.commits} commits that change {pull.files} files, its branch has {commits} that "
            f"change {files}: something of it would not be looked at",
            fix="Nothing was applied; run the wizard again for this registry: it opens a pull request of one commit",
        )


def require_separate_checkouts(trusted: Path, checkout: Path) -> None:
    """Refuse with `BadInput` one folder for both checkouts: then the merged commit's own code would run."""
    if trusted.resolve() == checkout.resolve():
        raise BadInput(
            "The trusted checkout and the one of what was merged are the same folder",
            why="The tool and the Terraform configuration come from the default branch, the merged commit is data only",
            fix="Check out both side by side, and name the merged one with --checkout, the other with --trusted",
        )


def require_same_configuration(trusted: Path, checkout: Path, environment: str, commit: str) -> None:
    """Refuse with `ConfigurationUntrusted` a `commit` whose configuration of `environment` is not the trusted one.

    Only the entries of `ecr.tf` may differ. The text around them, the modules and all other files of the environment,
    its lock file included, must be the same.
    """
    # Git trees with modes, not folders: a filter, an end-of-line setting or a link would go unnoticed on disk.
    folder = f"envs/{environment}"
    path = f"{folder}/ecr.tf"
    ours, theirs = (
        platform_git.list_files(clone, at, (_MODULES, folder)) for clone, at in ((trusted, "HEAD"), (checkout, commit))
    )
    differing = sorted(file for file in {*ours, *theirs} if file != path and ours.get(file) != theirs.get(file))
    if _mode(ours, path) != _mode(theirs, path):
        differing.append(path)
    elif _around_entries(trusted, "HEAD", path) != _around_entries(checkout, commit, path):
        differing.append(f"{path} (outside of its entries)")
    if differing:
        raise _untrusted(differing)


def compose_configuration(trusted: Path, checkout: Path, environment: str, commit: str, folder: Path) -> Path:
    """Fill `folder` with the trusted configuration of `environment` and the `ecr.tf` of `commit`; return it.

    Call `require_same_configuration` first. Raises `DiskTrouble`.
    """
    # Refused *and* composed: what runs is then never a folder that git wrote for the merged commit (ADR 0014).
    try:
        shutil.rmtree(folder, ignore_errors=True)
        for part in (_MODULES, _TEMPLATES, f"envs/{environment}"):
            shutil.copytree(trusted / part, folder / part, symlinks=True)
    except OSError as error:
        raise codec.disk_trouble(error, folder) from error
    path = f"envs/{environment}/ecr.tf"
    codec.write_bytes(folder / path, platform_git.bytes_at(checkout, commit, path))
    return folder


def _around_entries(checkout: Path, commit: str, path: str) -> tuple[str, str]:
    """Return the text before and after the entries of `path`. Raises `RegistryConfigUnexpected`."""
    with ecr_tf.explained(Path(path)):
        text = platform_git.bytes_at(checkout, commit, path).decode()
        registries = read_map(text, ecr_tf.BLOCK, ecr_tf.MAP)
    return text[: registries.opening], text[registries.closing :]


def _mode(files: dict[str, str], path: str) -> str:
    return files.get(path, "").rpartition(" ")[0]


def _untrusted(differing: list[str]) -> ConfigurationUntrusted:
    more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
    return ConfigurationUntrusted(
        f"What was merged has another Terraform configuration than the default branch: "
        f"{', '.join(differing[:_SHOWN])}{more}",
        why="It would run with the role that changes registries, and only what the default branch holds may do that",
        fix="Nothing was applied; bring these files into the default branch, or take the change back, then run the "
        "wizard for the registry again",
    )
