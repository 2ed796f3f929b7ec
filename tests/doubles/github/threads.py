"""A double of GitHub's pull requests, issues, labels, comments and reviews.

`tests/contract` compares its responses with GitHub's OpenAPI description. It runs no git: callers pass the commit to
`push` and `merge`, and to `merge` the counts that GitHub derives from it.
"""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from goldenpath.local.github.code_scanning import RejectedError
from tests.doubles.github import shapes

if TYPE_CHECKING:
    from collections.abc import Mapping

Body = dict[str, Any]


@dataclass(frozen=True)
class Review:
    """The review of `login`, for the commit that was the tip of the branch at that time."""

    login: str
    state: str
    commit: str
    at: dt.datetime


@dataclass(frozen=True)
class Event:
    """A change of a thread by `login`: `did` is `edited`, `renamed` or `reopened`."""

    login: str
    did: str
    at: dt.datetime


@dataclass
class Thread:
    """One pull request or issue; `head` is empty for an issue, and `tip` is the commit that it names.

    `comments` are number → text, oldest first; `strangers` are number → login of those that no workflow wrote. A thread
    without an `author` is a workflow's own. `overrides` are fields of a pull request's description that git decides,
    like `commits`: they take the place of the double's own. Nobody without write access comments on a `locked` one.
    """

    number: int
    title: str
    body: str
    head: str = ""
    base: str = ""
    tip: str = "0" * 40
    state: str = "open"
    state_reason: str = ""
    merge_commit: str = ""
    labels: list[str] = field(default_factory=list)
    comments: dict[int, str] = field(default_factory=dict)
    strangers: dict[int, str] = field(default_factory=dict)
    reviews: list[Review] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    author: str = ""
    merged_at: dt.datetime | None = None
    overrides: Body = field(default_factory=dict)
    locked: bool = False
    is_deleted: bool = False


class Threads:
    """Every thread of every repository. Names in `absent` (`owner/name`) are repositories that are not there.

    After a push GitHub needs a moment to mark a pull request as merged: `unmarked` is how often it still says `open`.
    """

    def __init__(self) -> None:
        self.absent: set[str] = set()
        self.unmarked = 0
        self._lock = threading.RLock()
        self._kept: dict[str, dict[int, Thread]] = {}
        self._last_comment = 0
        self._permissions: dict[tuple[str, str], str] = {}
        self._time = dt.datetime.now(dt.UTC).replace(microsecond=0)

    def of(self, repository: str) -> list[Thread]:
        """Return the threads of `repository`, oldest first."""
        return list(self._kept.get(repository, {}).values())

    def tick(self) -> dt.datetime:
        """Return the time; no two things happen in one second."""
        with self._lock:
            self._time += dt.timedelta(seconds=1)
            return self._time

    def merge(self, repository: str, number: int, commit: str, overrides: Mapping[str, Any] | None = None) -> None:
        """Close the pull request `number` as merged by `commit`."""
        thread = self._thread(repository, number)
        thread.overrides = {**thread.overrides, **(overrides or {})}
        thread.state, thread.merge_commit, thread.merged_at = "closed", commit, self.tick()

    def edit(self, repository: str, number: int, login: str, *, title: str = "", body: str = "") -> None:
        """Have `login` edit title or description of the pull request `number`."""
        self._edited(self._thread(repository, number), login, {"title": title, "body": body})

    def lock(self, repository: str, number: int) -> None:
        """Lock the conversation of the thread `number`."""
        self._thread(repository, number).locked = True

    def delete(self, repository: str, number: int) -> None:
        """Delete the thread `number`, whose number is never used again."""
        self._thread(repository, number).is_deleted = True

    def reopen(self, repository: str, number: int, login: str) -> None:
        """Have `login` close the pull request `number`, and open it again."""
        self._thread(repository, number).events.append(Event(login, "reopened", self.tick()))

    def history(self, repository: str, number: int) -> Body:
        """Respond to a GraphQL query for `userContentEdits` and `timelineItems` of a pull request."""
        return shapes.history(self._thread(repository, number))

    def push(self, repository: str, number: int, commit: str) -> None:
        """Let `commit` be the tip of the branch of the pull request `number`."""
        self._thread(repository, number).tip = commit

    def review(
        self, repository: str, number: int, login: str, state: str = "APPROVED", permission: str = "write"
    ) -> None:
        """Have `login`, who has `permission` for the repository, review the pull request `number` as it is now."""
        thread = self._thread(repository, number)
        thread.reviews.append(Review(login, state, thread.tip, self.tick()))
        self._permissions[repository, login] = permission

    def comment(self, repository: str, number: int, login: str, text: str) -> None:
        """Have `login` say `text` in the thread `number`."""
        thread = self._thread(repository, number)
        thread.strangers[self._commented(thread, text)] = login

    def list_pulls(self, place: shapes.Place, query: Mapping[str, str]) -> list[Body]:
        """Respond to "List pull requests"."""
        head, base, state = query.get("head", ""), query.get("base", ""), query.get("state", "open")
        return [
            shapes.pull(place, thread, whole=False)
            for thread in self.of(place.repository)
            if thread.head
            and state in {"all", thread.state}
            and head in {"", f"{place.owner}:{thread.head}"}
            and base in {"", thread.base}
        ]

    def get_pull(self, place: shapes.Place, number: int) -> Body:
        """Respond to "Get a pull request"."""
        thread = self._thread(place.repository, number)
        if not thread.head:
            raise RejectedError(404, "Not Found")
        return shapes.pull(place, thread, whole=True)

    def of_commit(self, place: shapes.Place, commit: str) -> list[Body]:
        """Respond to "List pull requests associated with a commit" of a branch that is not the default one."""
        threads = [
            thread
            for thread in self.of(place.repository)
            if thread.head and commit in {thread.merge_commit, thread.tip}
        ]
        listed = [shapes.pull(place, thread, whole=False) for thread in threads]
        if listed and self.unmarked:
            self.unmarked -= 1
            return [{**pull, "state": "open", "merged_at": None} for pull in listed]
        return listed

    def create_pull(self, place: shapes.Place, body: Body) -> Body:
        """Respond to "Create a pull request"; refuses a second open one of a branch as GitHub does."""
        head = str(body.get("head", "")).rpartition(":")[2]
        if not head or not body.get("base") or not body.get("title"):
            raise RejectedError(422, "Validation Failed")
        with self._lock:
            if any(thread.head == head and thread.state == "open" for thread in self.of(place.repository)):
                message = f"Validation Failed: A pull request already exists for {place.owner}:{head}."
                raise RejectedError(422, message)
            made = self._open(place.repository, body, head=head, base=str(body["base"]))
        return shapes.pull(place, made, whole=True)

    def change_pull(self, place: shapes.Place, number: int, body: Body) -> Body:
        """Respond to "Update a pull request"."""
        return shapes.pull(place, self._changed(place.repository, number, body), whole=True)

    def permission(self, place: shapes.Place, login: str) -> Body:
        """Respond to "Get repository permissions for a user"."""
        return shapes.permission(self._permissions.get((place.repository, login), "none"))

    def list_reviews(self, place: shapes.Place, number: int) -> list[Body]:
        """Respond to "List reviews for a pull request"."""
        thread = self._thread(place.repository, number)
        return [shapes.review(place, thread, at, review) for at, review in enumerate(thread.reviews, 1)]

    def list_issues(self, place: shapes.Place, query: Mapping[str, str]) -> list[Body]:
        """Respond to "List repository issues": to GitHub, pull requests are issues too."""
        wanted = set(filter(None, query.get("labels", "").split(",")))
        state = query.get("state", "open")
        kept = (thread for thread in self.of(place.repository) if not thread.is_deleted)
        threads = [thread for thread in kept if state in {"all", thread.state}]
        return [shapes.issue(place, thread) for thread in threads if wanted <= set(thread.labels)]

    def create_issue(self, place: shapes.Place, body: Body) -> Body:
        """Respond to "Create an issue"."""
        if not body.get("title"):
            raise RejectedError(422, "Validation Failed")
        return shapes.issue(place, self._open(place.repository, body))

    def change_issue(self, place: shapes.Place, number: int, body: Body) -> Body:
        """Respond to "Update an issue"."""
        return shapes.issue(place, self._changed(place.repository, number, body))

    def add_labels(self, place: shapes.Place, number: int, body: Body | list[str]) -> list[Body]:
        """Respond to "Add labels to an issue"; a missing label is created, as on GitHub."""
        thread = self._thread(place.repository, number)
        # GitHub accepts a bare list too, and PyGithub sends one.
        names = body if isinstance(body, list) else body.get("labels", ())
        thread.labels += [name for name in names if name not in thread.labels]
        return [shapes.label(place, name) for name in thread.labels]

    def list_comments(self, place: shapes.Place, number: int) -> list[Body]:
        """Respond to "List issue comments"."""
        thread = self._thread(place.repository, number)
        return [shapes.comment(place, thread, at) for at in thread.comments]

    def create_comment(self, place: shapes.Place, number: int, body: Body) -> Body:
        """Respond to "Create an issue comment"."""
        thread = self._thread(place.repository, number)
        if thread.locked:
            raise RejectedError(403, "Unable to create comment because issue is locked.")
        return shapes.comment(place, thread, self._commented(thread, str(body["body"])))

    def change_comment(self, place: shapes.Place, comment: int, body: Body) -> Body:
        """Respond to "Update an issue comment"."""
        for thread in self.of(place.repository):
            if comment in thread.comments:
                thread.comments[comment] = str(body["body"])
                return shapes.comment(place, thread, comment)
        raise RejectedError(404, "Not Found")

    def _commented(self, thread: Thread, text: str) -> int:
        with self._lock:
            self._last_comment += 1
            thread.comments[self._last_comment] = text
            return self._last_comment

    def _open(self, repository: str, body: Body, head: str = "", base: str = "") -> Thread:
        with self._lock:
            kept = self._kept.setdefault(repository, {})
            labels = [str(name) for name in body.get("labels", ())]
            made = Thread(len(kept) + 1, str(body["title"]), str(body.get("body") or ""), head, base, labels=labels)
            kept[made.number] = made
            return made

    def _changed(self, repository: str, number: int, body: Body) -> Thread:
        thread = self._thread(repository, number)
        for name in ("state", "state_reason", "base"):
            if name in body:
                setattr(thread, name, str(body[name]))
        self._edited(thread, thread.author or shapes.BOT, body)
        thread.labels = [str(name) for name in body.get("labels", thread.labels)]
        return thread

    def _edited(self, thread: Thread, login: str, body: Body) -> None:
        for name, did in (("title", "renamed"), ("body", "edited")):
            text = str(body.get(name) or "")
            if text and text != getattr(thread, name):
                setattr(thread, name, text)
                thread.events.append(Event(login, did, self.tick()))

    def _thread(self, repository: str, number: int) -> Thread:
        thread = self._kept.get(repository, {}).get(number)
        if thread is None:
            raise RejectedError(404, "Not Found")
        if thread.is_deleted:
            raise RejectedError(410, "This issue was deleted")
        return thread
