"""A pull request's conversation, through PyGithub: one comment of ours, kept up to date.

Source: GitHub REST API, "Issue comments" (a pull request is an issue).
"""

from __future__ import annotations

from goldenpath.shared import github_api

# GitHub's words when it refuses a comment, and their meaning.
_MEANINGS = {
    "not accessible": "the token may not comment; give the job `permissions: pull-requests: write`",
    "is locked": "the conversation is locked; unlock it, or read the run's summary",
    "rate limit": "GitHub accepts no more comments from this token for now; the run's summary says the same",
    "interaction": "the repository limits who may comment; the run's summary says the same",
}


def write_comment(api_url: str, token: str, repository: str, number: int, name: str, text: str) -> str:
    """Write `text` below the marker `name` in the pull request `number` of `repository` (`owner/name`).

    It replaces our earlier comment with that marker. Raises nothing: returns why GitHub took no comment, or an empty
    text.
    """
    from github import GithubException  # noqa: PLC0415  a run without a pull request need not load it
    from requests.exceptions import RequestException  # noqa: PLC0415  the same

    marked = f"{github_api.marker_line(name)}\n{text}"
    try:
        github_api.write_comment(github_api.connect(api_url, token).get_repo(repository), number, name, marked)
    except GithubException as error:
        return _plainly(error.status, github_api.message(error))
    except RequestException as error:
        return f"GitHub's API does not respond: {error}"
    return ""


def _plainly(status: int, words: str) -> str:
    """Return in plain words why GitHub refused a comment, and its own words."""
    if status in {github_api.NOT_FOUND, github_api.GONE}:
        meaning = "the pull request is not there any more, or the token may not read it"
    else:
        meaning = next((text for part, text in _MEANINGS.items() if part in words.lower()), "")
    return f"{meaning} (HTTP {status}: {words})" if meaning else f"HTTP {status}: {words}"
