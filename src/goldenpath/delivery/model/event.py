"""The event that started a run: a push, a pull request, a dispatch, or a person at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from goldenpath.delivery.model import release_tag
from goldenpath.shared.names import Commit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.delivery.model.release_tag import ReleaseTag

# A merge queue tests every change on a separate branch, and such a branch can also start a `push`.
_QUEUE = "refs/heads/gh-readonly-queue/"
_PROPOSED = ("refs/pull/", _QUEUE)
_DEPENDABOT = "dependabot[bot]"
_BRANCH = "refs/heads/"
_TAG = "refs/tags/"
# Git's name for a checkout that is on no branch.
DETACHED = "HEAD"
# The name of the event of a run that no workflow started.
TERMINAL = "terminal"
# The event of a run that a person, or an API call in a person's name, started on a branch or tag of their choice.
BY_HAND = "workflow_dispatch"


class Event(Struct, frozen=True):
    """The event of a run: `commit` is built; `before` is the commit before those that a push or pull request brings.

    `before` is `None` if the whole history counts. `head` is the commit that was proposed or pushed. It can differ from
    `commit`: GitHub checks a pull request merged with its base, and an annotated tag is a separate object. `repository`
    is `owner/name`, empty if there is none. `fork`: a pull request from a fork, so the token of this run may only read.
    `by_dependabot`: Dependabot started it, so there are no secrets of Actions; its token may write what `permissions`
    say (GitHub, "Troubleshooting Dependabot on GitHub Actions"). `default_branch` is the name of the repository's
    default branch, empty if the event does not name it. `ref_protected`: GitHub has protection rules for the branch
    `ref`; it never says so of a tag (GitHub community discussion 142985).
    """

    name: str
    commit: Commit
    ref: str
    repository: str = ""
    source_url: str = ""
    before: Commit | None = None
    fork: bool = False
    head: Commit | None = None
    default_branch: str = ""
    ref_protected: bool = False
    by_dependabot: bool = False

    @property
    def in_workflow(self) -> bool:
        """Whether a workflow run started this, and not a person at a terminal."""
        return self.name != TERMINAL

    @property
    def tag(self) -> str:
        """The name of the tag that this run is about; empty when it is about anything else."""
        return self.ref.removeprefix(_TAG) if self.ref.startswith(_TAG) else ""

    @property
    def is_on_reviewed_branch(self) -> bool:
        """Whether `ref` is the default branch, or another branch that GitHub protects."""
        if not self.ref.startswith(_BRANCH):
            return False
        return self.ref_protected or self.ref.removeprefix(_BRANCH) == self.default_branch

    @property
    def is_on_queue_branch(self) -> bool:
        """Whether `ref` is a branch of a merge queue, which GitHub deletes as soon as the queue is done with it."""
        return self.ref.startswith(_QUEUE)

    @property
    def is_pull_request(self) -> bool:
        """Whether this run only checks a proposal, and so never releases."""
        return self.name == "merge_group" or _is_of_a_pull_request(self.name) or self.ref.startswith(_PROPOSED)

    @property
    def release(self) -> ReleaseTag | None:
        """The release that the tag stands for; `None` for another ref. Raises `ValueError` for a tag much like one."""
        return release_tag.parse(self.tag) if self.tag else None


def commit_before(name: str, payload: Mapping[str, Any]) -> Commit | None:
    """Return the commit before the first one that a webhook `payload` brings; `None` if the payload names none.

    Source: GitHub, "Webhook events and payloads": `push`, `pull_request`, `merge_group`.
    """
    if name == "push":
        return _commit(payload.get("before"))
    if _is_of_a_pull_request(name):
        return _commit(_sha(payload.get("pull_request") or {}, "base"))
    if name == "merge_group":
        return _commit((payload.get("merge_group") or {}).get("base_sha"))
    return None


def proposed_head(name: str, payload: Mapping[str, Any]) -> Commit | None:
    """Return the last commit that a webhook `payload` brings: a pull request's head or a pushed commit; else `None`."""
    if name == "push":
        return _commit(payload.get("after"))
    if _is_of_a_pull_request(name):
        return _commit(_sha(payload.get("pull_request") or {}, "head"))
    return None


def default_branch_of(name: str, ref: str, payload: Mapping[str, Any]) -> str:
    """Return the default branch of the repository of a webhook `payload`; empty if it is unknown.

    A scheduled run has no repository in its payload, and always runs on the default branch (GitHub, "Events that
    trigger workflows", `schedule`).
    """
    repository = payload.get("repository")
    branch = repository.get("default_branch") if isinstance(repository, dict) else None
    if isinstance(branch, str) and branch:
        return branch
    return ref.removeprefix(_BRANCH) if name == "schedule" and ref.startswith(_BRANCH) else ""


def is_by_dependabot(payload: Mapping[str, Any]) -> bool:
    """Tell whether Dependabot caused the event of a webhook `payload`."""
    return (payload.get("sender") or {}).get("login") == _DEPENDABOT


def comes_from_fork(payload: Mapping[str, Any]) -> bool:
    """Tell whether a pull request's head lives in another repository than its base."""
    pull = payload.get("pull_request") or {}
    names = [((pull.get(side) or {}).get("repo") or {}).get("full_name") for side in ("base", "head")]
    return bool(pull) and names[0] != names[1]


def _is_of_a_pull_request(name: str) -> bool:
    # `pull_request_target`, `pull_request_review` and the like name its base and head in the same place.
    return name.startswith("pull_request")


def _sha(pull: Mapping[str, Any], side: str) -> object:
    return (pull.get(side) or {}).get("sha")


def _commit(raw: object) -> Commit | None:
    # GitHub writes "no commit" as an id of zeros.
    return Commit(raw) if isinstance(raw, str) and raw.strip("0") else None
