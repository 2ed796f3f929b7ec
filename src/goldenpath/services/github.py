"""GitHub's REST API, through PyGithub: code scanning takes our SARIF.

Source: GitHub REST API, "Code scanning": "Upload an analysis as SARIF data", "Get information about a SARIF upload".
"""

from __future__ import annotations

import base64
import gzip
import re
import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from goldenpath.errors import CodeScanningOff, SarifRefused
from goldenpath.services import github_api

if TYPE_CHECKING:
    from github import GithubException

    from goldenpath.errors import GoldenPathError
    from goldenpath.model.names import Commit

PROCESSING_SECONDS = 120.0
ATTEMPTS = 4
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 8.0
# GitHub's words differ by what a plan calls the feature: "Code Security must be enabled for this repository to use code
# scanning." or "Advanced Security must be enabled …"; and "Code scanning is not enabled for this repository."
_OFF = re.compile(r"must be enabled .*to use code scanning|code scanning is not enabled", re.IGNORECASE)
_NOT_FOUND = 404
_BUSY = frozenset({429, 500, 502, 503, 504})
# GitHub's words, with the ref in quotes, for one that was there when the run began (codeql-action 1572 and 4125).
_GONE = ("not found in this repository", "commit not found")
_NOT_PERMITTED = "not accessible"
_SWITCH_ON = "switch on Code Security for the repository (Settings → Advanced Security); public ones have it"
_SHOW = "show this to the platform team"
_AGAIN = f"run the job again, and if that does not help, {_SHOW}; the release itself stands"


class UploadEnd(Enum):
    """How an upload ended: `REF_GONE`: GitHub no longer has the ref; `NOT_PERMITTED`: the token may not upload."""

    PROCESSED = "processed"
    REF_GONE = "ref gone"
    NOT_PERMITTED = "not permitted"


class _Rule(NamedTuple):
    """What to do about a response with one of the `statuses` and, where `words` are listed, one of them in its text."""

    statuses: frozenset[int]
    words: tuple[str, ...]
    fix: str


# The first rule that fits counts.
_RULES = (
    _Rule(frozenset({401}), (), "the token has expired or is not one: run the job again"),
    _Rule(frozenset({403, 429}), ("rate limit",), "run the job again in an hour; the release itself stands"),
    _Rule(frozenset({403, 404}), ("code scanning", "Not Found"), _SWITCH_ON),
    _Rule(frozenset({403}), (), f"ask an owner of the organisation what GitHub's message means, or {_SHOW}"),
    _Rule(frozenset({413}), (), "the file is too large for GitHub: reduce the number of findings"),
    _Rule(frozenset({400, 422}), (), f"{_SHOW}: GitHub cannot read the file, which is in the run's artifacts"),
)


@dataclass(frozen=True)
class Analysis:
    """What a SARIF file is about: the commit, and the full git ref that had it (`refs/heads/main`)."""

    repository: str
    commit: Commit
    ref: str


class CodeScanning:
    """Code scanning of one GitHub (or GitHub Enterprise Server) with one token."""

    def __init__(self, api_url: str, token: str) -> None:
        self._github = github_api.connect(api_url, token)

    def upload(self, sarif: bytes, analysis: Analysis) -> UploadEnd:
        """Upload `sarif`, and wait until GitHub has processed it.

        Raises `CodeScanningOff` when it is off for the repository, and `SarifRefused`, saying plainly why, when GitHub
        does not take the file or cannot process it.
        """
        from github import GithubException  # noqa: PLC0415
        from requests.exceptions import RequestException  # noqa: PLC0415

        repository = self._github.get_repo(analysis.repository)
        place = f"{repository.url}/code-scanning/sarifs"
        body = {
            "commit_sha": analysis.commit,
            "ref": analysis.ref,
            "sarif": base64.b64encode(gzip.compress(sarif)).decode(),
        }
        try:
            identity = _sent(repository, place, body)
            _wait(repository, f"{place}/{identity}")
        except GithubException as error:
            if error.status == _NOT_FOUND and any(words in _words(error) for words in _GONE):
                return UploadEnd.REF_GONE
            if _NOT_PERMITTED in _words(error):
                return UploadEnd.NOT_PERMITTED
            raise _refused(analysis, error) from error
        except RequestException as error:
            raise SarifRefused(
                "GitHub's API does not answer", why=str(error), fix="run the job again: the release itself stands"
            ) from error
        return UploadEnd.PROCESSED

    def is_on(self, name: str) -> bool | None:
        """Return whether code scanning is on for the repository `name`; `None` where this token cannot find out."""
        from github import GithubException  # noqa: PLC0415
        from requests.exceptions import RequestException  # noqa: PLC0415

        repository = self._github.get_repo(name)
        try:
            repository.requester.requestJsonAndCheck("GET", f"{repository.url}/code-scanning/analyses?per_page=1")
        except GithubException as error:
            if _OFF.search(_words(error)):
                return False
            # GitHub says "no analysis found" of a repository that has not uploaded anything yet.
            return True if error.status == _NOT_FOUND and "no analysis" in _words(error) else None
        except RequestException:
            return None
        return True


def _sent(repository: Any, place: str, body: dict[str, str]) -> str:  # noqa: ANN401  PyGithub's lazy object
    """Upload, again where GitHub is busy, and return the upload's id. Raises what PyGithub raises."""
    from github import GithubException  # noqa: PLC0415

    pause = _FIRST_PAUSE
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _, answer = repository.requester.requestJsonAndCheck("POST", place, input=body)
        except GithubException as error:
            if error.status not in _BUSY or attempt == ATTEMPTS:
                raise
            time.sleep(pause)
            pause *= 4
        else:
            return str(answer["id"])
    raise AssertionError("the last attempt returns or raises")


def _wait(repository: Any, place: str) -> None:  # noqa: ANN401  PyGithub's lazy object
    pause, limit = _FIRST_PAUSE, time.monotonic() + PROCESSING_SECONDS
    while True:
        status = _status(repository, place)
        if status.get("processing_status") == "complete":
            return
        if status.get("processing_status") == "failed":
            raise SarifRefused(
                "GitHub could not process the SARIF file",
                why="; ".join(status.get("errors") or ["it gave no reason"]),
                fix=f"{_SHOW}: the file is in the run's artifacts",
            )
        if time.monotonic() > limit:
            raise SarifRefused(
                f"GitHub did not process the SARIF file within {PROCESSING_SECONDS:.0f} seconds",
                fix="look at the repository's Security tab later, or run the job again",
            )
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _status(repository: Any, place: str) -> dict[str, Any]:  # noqa: ANN401  PyGithub's lazy object
    """Return what GitHub says of an upload; nothing while it is busy, or does not know the upload yet."""
    from github import GithubException  # noqa: PLC0415

    try:
        _, status = repository.requester.requestJsonAndCheck("GET", place)
    except GithubException as error:
        if error.status in _BUSY or (error.status == _NOT_FOUND and not any(each in _words(error) for each in _GONE)):
            return {}
        raise
    return dict(status)


def _words(error: GithubException) -> str:
    return str(error.data.get("message", "")) if isinstance(error.data, dict) else str(error.data)


def off(repository: str) -> CodeScanningOff:
    """Return the error for a `repository` that has no code scanning."""
    return CodeScanningOff(
        f"Code scanning is off for {repository}",
        why="Private and internal repositories need GitHub Code Security for it",
        fix="Switch it on (Settings → Advanced Security → Code Security), or have the platform team set "
        "`code_scanning: advised` for this environment",
    )


def _refused(analysis: Analysis, error: GithubException) -> GoldenPathError:
    words = _words(error)
    if _OFF.search(words):
        return off(analysis.repository)
    fixes = (
        rule.fix
        for rule in _RULES
        if error.status in rule.statuses and (not rule.words or any(each in words for each in rule.words))
    )
    return SarifRefused(
        f"GitHub did not take the SARIF file for {analysis.repository}",
        why=f"HTTP {error.status}: {words}",
        fix=next(fixes, _AGAIN),
    )
