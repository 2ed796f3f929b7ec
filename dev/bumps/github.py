"""GitHub's REST API as dev/bump.py uses it: releases are read, and a proposal is written as one pull request.

Source: GitHub REST API, "Releases", "Git references", "Repository contents", "Pulls". The branch and the commit are
made through the API, so no job ever has a token in a git checkout, and GitHub signs the commit.
"""

from __future__ import annotations

import base64
from typing import Any

from dev.bumps import releases
from github import GithubException
from requests.exceptions import RequestException

from goldenpath.shared import github_api
from goldenpath.shared.errors import GithubRefused

_FORBIDDEN = 403
_NO_DRAFTS = "Draft pull requests are not supported"
_SETTING = "allow it: Settings → Actions → General → Allow GitHub Actions to create and approve pull requests"


class Api:
    """One GitHub, with one token. Every method raises `GithubRefused` when GitHub does not do it."""

    def __init__(self, api_url: str, token: str) -> None:
        self._github = github_api.connect(api_url, token)

    def releases(self, repository: str) -> tuple[releases.Release, ...]:
        """Return the newest releases of `repository`, one page of them."""
        return releases.parse(self._call("GET", f"/repos/{repository}/releases?per_page={releases.PAGE}"))

    def pull_of(self, repository: str, branch: str) -> str:
        """Return the address of the pull request, open or closed, from `branch` of `repository`; else nothing."""
        owner = repository.partition("/")[0]
        call = self._call("GET", f"/repos/{repository}/pulls?state=all&head={owner}:{branch}")
        return str(call[0]["html_url"]) if call else ""

    def branch(self, repository: str, name: str, base: str) -> None:
        """Make the branch `name` at the tip of `base`, unless it is there."""
        if self._call("GET", f"/repos/{repository}/git/ref/heads/{name}", absent=True):
            return
        tip = self._call("GET", f"/repos/{repository}/git/ref/heads/{base}")["object"]["sha"]
        self._call("POST", f"/repos/{repository}/git/refs", {"ref": f"refs/heads/{name}", "sha": tip})

    def replace(self, repository: str, branch: str, path: str, old: bytes, new: bytes, message: str) -> None:
        """Commit `new` as the content of `path` on `branch`, which must have `old`; nothing when it has `new`."""
        there = self._call("GET", f"/repos/{repository}/contents/{path}?ref={branch}")
        content = base64.b64decode(there["content"])
        if content == new:
            return
        if content != old:
            raise GithubRefused(
                f"{path} changed on {branch} since this run checked it out", fix="run the workflow again"
            )
        body = {
            "message": message, "content": base64.b64encode(new).decode(), "sha": there["sha"], "branch": branch,
        }  # fmt: skip
        self._call("PUT", f"/repos/{repository}/contents/{path}", body)

    def propose(self, repository: str, pull: dict[str, Any]) -> str:
        """Open the pull request `pull` and return its address; where GitHub has no drafts, it is none."""
        place = f"/repos/{repository}/pulls"
        try:
            return str(self._call("POST", place, pull)["html_url"])
        except GithubRefused as error:
            if not (pull["draft"] and _NO_DRAFTS in error.why):
                raise
            return str(self._call("POST", place, {**pull, "draft": False})["html_url"])

    def _call(self, verb: str, place: str, body: dict[str, Any] | None = None, *, absent: bool = False) -> Any:  # noqa: ANN401  any JSON value
        """Return GitHub's response; `None` when the place is not there and may be `absent`."""
        try:
            return self._github.requester.requestJsonAndCheck(verb, place, input=body)[1]
        except GithubException as error:
            if absent and error.status == github_api.NOT_FOUND:
                return None
            raise _refused(place, error) from None
        except RequestException as error:
            raise GithubRefused("GitHub's API does not respond", why=str(error), fix="run the job again") from None


def _refused(place: str, error: GithubException) -> GithubRefused:
    words = github_api.message(error)
    if error.status == _FORBIDDEN and "create or approve pull requests" in words:
        return GithubRefused("GitHub Actions may not open pull requests in this repository", why=words, fix=_SETTING)
    return GithubRefused(
        f"GitHub refused {place.partition('?')[0]}", why=f"HTTP {error.status}: {words}",
        fix="run the job again; if it persists, look at the job's permissions",
    )  # fmt: skip
