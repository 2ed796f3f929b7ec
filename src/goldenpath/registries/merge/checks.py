"""Every check of a merged pull request that needs no role."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.errors import BadInput, ConfigurationUntrusted, PlanDrifted, PlanUnexpected
from goldenpath.model import codec
from goldenpath.registries import platform_git, review
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.config.hcl import HclUnexpected, read_map
from goldenpath.registries.merge import entries
from goldenpath.registries.request import known_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.registries.merge.push import MergedPullRequest, Push
    from goldenpath.registries.review import PlanRecord

_MODULES, _TEMPLATES = "modules", "docs/templates"
_SHOWN = 5


@dataclass(frozen=True)
class Checkouts:
    """The two checkouts of an apply, and the way to the rest of the repository.

    `trusted` is the default branch, whose tool and Terraform configuration run; `merged` is what was pushed, and data.
    `fetch` brings a ref or a commit of the platform's repository into `merged`, as it is now, and returns its id;
    `push` is what brought the merge.
    """

    trusted: Path
    merged: Path
    fetch: Callable[[str], str]
    push: Push


@dataclass(frozen=True)
class ReviewedMerge:
    """What may be applied: the record of the reviewed plan, and the commits that brought its registry."""

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
    found = find_range(at.merged, pull, at.fetch)
    touched = entries.changed_entries(at.merged, found.fork, found.tip)
    entries.require_one(touched, record)
    for before, then in found.spans:
        entries.require_nothing_else(at.merged, touched, before, then)
    entries.require_as_proposed(at.merged, record, found.tip, after)
    newest = at.fetch(f"refs/heads/{at.push.base}")
    require_still_merged(at, after, newest)
    entries.require_latest(at.merged, record, after, newest, at.push.base)
    require_same_configuration(at.trusted, at.merged, record.environment, after)
    return ReviewedMerge(record, found)


def require_in_push(at: Checkouts, pull: MergedPullRequest) -> None:
    """Refuse with `BadInput` a pull request that this push did not merge, or a checkout of another push."""
    if platform_git.resolve(at.merged, "HEAD") != at.push.after:
        raise BadInput(
            "the checkout is not at the pushed commit", why=f"that is {at.push.after}", fix="check out that commit"
        )
    if pull.commit not in at.push.commits(at.merged):
        raise BadInput(
            f"this push did not merge pull request #{pull.number}",
            why=f"{pull.commit} merged it, which is not among the commits that the push brought to {at.push.base}",
            fix="nothing was applied; run the wizard again for this registry",
        )


def require_still_merged(at: Checkouts, after: str, newest: str) -> None:
    """Refuse with `PlanDrifted` a merge, at `after`, that is no longer in the branch, whose tip is `newest`."""
    if not platform_git.contains(at.merged, newest, after):
        raise PlanDrifted(
            "the merged pull request is not in its branch any more",
            why=f"the history of {at.push.base} was rewritten since, and its newest commit is {newest}",
            fix="nothing was applied; run the wizard again for this registry",
        )


@dataclass(frozen=True)
class MergeRange:
    """The branch of a pull request from `fork` to `tip`, and the commit `merged` that closed it, made on `onto`."""

    fork: str
    tip: str
    onto: str
    merged: str

    @property
    def spans(self) -> tuple[tuple[str, str], ...]:
        """The pairs of commits between which everything that the pull request did can be seen."""
        return (self.fork, self.tip), (self.onto, self.merged)


def find_range(checkout: Path, pull: MergedPullRequest, fetch: Callable[[str], str]) -> MergeRange:
    """Return the range of `pull`; `fetch` brings a commit into `checkout` and returns its id.

    Raises `PlanUnexpected` when it is not the one that GitHub counts, and `SourceUnusable`.
    """
    merged, tip = platform_git.resolve(checkout, pull.commit), fetch(pull.tip)
    parents = platform_git.parents(checkout, merged)
    # A merge commit of this very branch names the base itself; the event's may be older.
    merges = len(parents) > 1 and parents[1] == tip
    base = parents[0] if merges else platform_git.resolve(checkout, pull.onto)
    found = MergeRange(platform_git.fork_point(checkout, base, tip), tip, (*parents, merged)[0], merged)
    _require_counted(checkout, pull, base, found)
    return found


def _require_counted(checkout: Path, pull: MergedPullRequest, base: str, found: MergeRange) -> None:
    commits = platform_git.count_commits(checkout, base, found.tip)
    files = len(platform_git.changed_paths(checkout, found.fork, found.tip))
    if (commits, files) != (pull.commits, pull.files):
        raise PlanUnexpected(
            "the pull request holds other commits than GitHub counts",
            why=f"GitHub counts {pull.commits} commits that change {pull.files} files, its branch has {commits} that "
            f"change {files}: something of it would not be looked at",
            fix="nothing was applied; run the wizard again for this registry: it opens a pull request of one commit",
        )


def require_separate_checkouts(trusted: Path, checkout: Path) -> None:
    """Refuse with `BadInput` a checkout that is the trusted one too: then the merged commit's own code would run."""
    if trusted.resolve() == checkout.resolve():
        raise BadInput(
            "the trusted checkout and the one of what was merged are the same folder",
            why="the tool and the Terraform configuration come from the default branch, the merged commit is data only",
            fix="check out both side by side, and name the merged one with --checkout, the other with --trusted",
        )


def require_same_configuration(trusted: Path, checkout: Path, environment: str, commit: str) -> None:
    """Refuse with `ConfigurationUntrusted` a `commit` whose configuration of `environment` is not the trusted one.

    The entries of `ecr.tf` may differ; everything around them, the modules and all other files of the environment, its
    lock file among them, may not. Committed trees are compared, not folders: a checkout may rewrite what it writes.
    """
    folder = f"envs/{environment}"
    entries = f"{folder}/ecr.tf"
    ours, theirs = (
        platform_git.list_files(each, at, (_MODULES, folder)) for each, at in ((trusted, "HEAD"), (checkout, commit))
    )
    differing = sorted(path for path in {*ours, *theirs} if path != entries and ours.get(path) != theirs.get(path))
    if _mode(ours, entries) != _mode(theirs, entries):
        differing.append(entries)
    elif _around(trusted, "HEAD", entries) != _around(checkout, commit, entries):
        differing.append(f"{entries} (outside of its entries)")
    if differing:
        raise _untrusted(differing)


def compose_configuration(trusted: Path, checkout: Path, environment: str, commit: str, folder: Path) -> Path:
    """Return `folder`, made anew of the trusted configuration of `environment` and the `ecr.tf` of `commit`.

    Call `require_same` first. Raises `DiskTrouble`.
    """
    try:
        shutil.rmtree(folder, ignore_errors=True)
        for each in (_MODULES, _TEMPLATES, f"envs/{environment}"):
            shutil.copytree(trusted / each, folder / each, symlinks=True)
    except OSError as error:
        raise codec.disk_trouble(error, folder) from error
    entries = f"envs/{environment}/ecr.tf"
    codec.write_bytes(folder / entries, platform_git.bytes_at(checkout, commit, entries))
    return folder


def _around(checkout: Path, commit: str, path: str) -> tuple[str, str]:
    """Return what stands before and behind the entries of `path`. Raises `RegistryConfigUnexpected`."""
    try:
        text = platform_git.bytes_at(checkout, commit, path).decode()
        found = read_map(text, ecr_tf.BLOCK, ecr_tf.MAP)
    except (UnicodeDecodeError, HclUnexpected) as error:
        raise ecr_tf.unexpected(Path(path), error) from None
    return text[: found.opening], text[found.closing :]


def _mode(listed: dict[str, str], path: str) -> str:
    return listed.get(path, "").rpartition(" ")[0]


def _untrusted(differing: list[str]) -> ConfigurationUntrusted:
    more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
    return ConfigurationUntrusted(
        f"what was merged has another Terraform configuration than the default branch: "
        f"{', '.join(differing[:_SHOWN])}{more}",
        why="it would run with the role that changes registries, and only what the default branch holds may do that",
        fix="nothing was applied; bring these files into the default branch, or take the change back, then run the "
        "wizard for the registry again",
    )
