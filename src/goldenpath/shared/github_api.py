"""The only module that creates PyGithub clients, and the rule for finding what this project wrote."""

from __future__ import annotations

from contextlib import suppress
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from goldenpath.shared import codec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from github import Github, GithubException
    from github.Repository import Repository

# GitHub asks for a second between two writes, and for no pause between reads ("Best practices for using the REST API").
# PyGithub would wait for a quarter of a second before each read too.
SECONDS_BETWEEN_WRITES = 1.0
FOUND, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, GONE = 302, 401, 403, 404, 410
_TIMEOUT = 30
PAGE, _PAGES_AT_MOST = 100, 10
# The account of a workflow's own token, which cannot look it up ("Get the authenticated user" is closed to it).
_WORKFLOWS = "github-actions[bot]"


def connect(api_url: str, token: str, *, timeout: int = _TIMEOUT, retry: int = 3) -> Github:
    """Return a client of the GitHub at `api_url`. It asks nothing yet."""
    # Loaded where it is used: every other stage would wait for it too.
    from github import Auth, Github  # noqa: PLC0415

    return Github(
        base_url=api_url, auth=Auth.Token(token), timeout=timeout, retry=retry, lazy=True,
        seconds_between_requests=0, seconds_between_writes=SECONDS_BETWEEN_WRITES,
    )  # fmt: skip


def message(error: GithubException) -> str:
    """Return GitHub's own words in `error`; empty when its response has none."""
    return str(error.data.get("message", "")) if isinstance(error.data, dict) else ""


def marker_line(name: str) -> str:
    """Return the line that marks a text of ours as the one called `name`. GitHub does not display it."""
    return f"<!-- goldenpath: {name} -->"


def has_marker(text: str | None, name: str) -> bool:
    """Tell whether the first or the last line of `text` is the marker `name`."""
    # Not a line between them: there a comment may quote what somebody else wrote.
    lines = (text or "").strip().splitlines()
    return marker_line(name) in lines[:1] + lines[-1:]


def write_comment(repository: Repository, number: int, name: str, text: str) -> None:
    """Write `text`, which has the marker `name`, into our comment with that marker in the thread `number`.

    A comment is made where there is none, or where it was deleted in the meantime.
    Raises `GithubException`, and requests' `RequestException`.
    """
    from github import GithubException  # noqa: PLC0415  as above

    requester, comments = repository.requester, f"{repository.url}/issues/{number}/comments"
    for comment in _listed(repository, f"{comments}?"):
        if not _is_ours(comment, name):
            continue
        if comment["body"] == text:
            return
        place = f"{repository.url}/issues/comments/{comment['id']}"
        try:
            requester.requestJsonAndCheck("PATCH", place, input={"body": text})
        except GithubException as error:
            if error.status != NOT_FOUND:
                raise
            break
        return
    requester.requestJsonAndCheck("POST", comments, input={"body": text})


def issues(repository: Repository, label: str, name: str) -> tuple[dict[str, Any], ...]:
    """Return our issues with `label` and the marker `name`, open and closed, oldest first.

    Raises `GithubException`, and requests' `RequestException`.
    """
    place = f"{repository.url}/issues?state=all&labels={label}&"
    ours = (issue for issue in _listed(repository, place) if "pull_request" not in issue and _is_ours(issue, name))
    return tuple(sorted(ours, key=itemgetter("number")))


def artifacts(repository: Repository, page: int) -> Any:  # noqa: ANN401  any JSON
    """Return one page of the list of all artifacts of `repository`; the first page is 1, and the last is not full.

    Raises as `issues` does. Source: "List artifacts for a repository", which promises no order.
    """
    return _page(repository, f"{repository.url}/actions/artifacts?", page)


def artifact_address(repository: Repository, identity: int) -> str:
    """Return where the ZIP of an artifact can be fetched for a minute, without a token; nothing is fetched.

    Raises as `issues` does, with the status `GONE` for one that has expired. Source: "Download an artifact".
    """
    # The redirect leads to another host, which must not see the token. So PyGithub, which has it, does not follow.
    requester = repository.requester
    place = f"{repository.url}/actions/artifacts/{identity}/zip"
    status, headers, body = requester.requestJson("GET", place)
    if status != FOUND or not headers.get("location"):
        raise requester.createException(status, headers, _json_object(body))
    return str(headers["location"])


def _listed(repository: Repository, place: str) -> Iterator[dict[str, Any]]:
    """Yield the items of every page of the list at `place`, which ends with `?` or `&`."""
    for page in range(1, _PAGES_AT_MOST + 1):
        listed = _page(repository, place, page)
        yield from listed
        if len(listed) < PAGE:
            return


def _page(repository: Repository, place: str, page: int) -> Any:  # noqa: ANN401  any JSON
    return repository.requester.requestJsonAndCheck("GET", f"{place}per_page={PAGE}&page={page}")[1]


def _json_object(body: str) -> dict[str, Any]:
    with suppress(ValueError):
        return codec.decode(body, dict[str, Any])
    return {}


def _is_ours(written: dict[str, Any], name: str) -> bool:
    # The author counts, not only the marker: anybody may write a marker, and we would then edit their text.
    author = written.get("user") or {}
    by_workflow = (author.get("type"), author.get("login")) == ("Bot", _WORKFLOWS)
    return by_workflow and has_marker(written.get("body"), name)
