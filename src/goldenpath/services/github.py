"""GitHub's REST API, through PyGithub: code scanning takes our SARIF.

Source: GitHub REST API, "Code scanning": "Upload an analysis as SARIF data", "Get information about a SARIF upload".
"""

from __future__ import annotations

import base64
import gzip
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.errors import SarifRefused
from goldenpath.services import github_api

if TYPE_CHECKING:
    from github import GithubException

    from goldenpath.model.names import Commit

PROCESSING_SECONDS = 120.0
_FIRST_PAUSE = 0.5
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_LARGE = 401, 403, 404, 413


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

    def upload(self, sarif: bytes, analysis: Analysis) -> str:
        """Upload `sarif`, wait until GitHub has processed it, and return the upload's id.

        Raises `SarifRefused`, saying plainly why, when GitHub does not take it or cannot process it.
        """
        from github import GithubException  # noqa: PLC0415
        from requests.exceptions import RequestException  # noqa: PLC0415

        try:
            repository = self._github.get_repo(analysis.repository)
            place = f"{repository.url}/code-scanning/sarifs"
            _, answer = repository.requester.requestJsonAndCheck(
                "POST",
                place,
                input={
                    "commit_sha": analysis.commit,
                    "ref": analysis.ref,
                    "sarif": base64.b64encode(gzip.compress(sarif)).decode(),
                },
            )
            identity: str = answer["id"]
            self._wait(repository, f"{place}/{identity}")
        except GithubException as error:
            raise _refused(analysis, error) from error
        except RequestException as error:
            raise SarifRefused(
                "GitHub's API does not answer", why=str(error), fix="run the job again: the release itself stands"
            ) from error
        return identity

    def _wait(self, repository: Any, place: str) -> None:  # noqa: ANN401  PyGithub's lazy object
        pause, limit = _FIRST_PAUSE, time.monotonic() + PROCESSING_SECONDS
        while True:
            _, status = repository.requester.requestJsonAndCheck("GET", place)
            if status.get("processing_status") == "complete":
                return
            if status.get("processing_status") == "failed":
                raise SarifRefused(
                    "GitHub could not process the SARIF file",
                    why="; ".join(status.get("errors") or ["it gave no reason"]),
                    fix="show this to the platform team: the file is in the run's artifacts",
                )
            if time.monotonic() > limit:
                raise SarifRefused(
                    f"GitHub did not process the SARIF file within {PROCESSING_SECONDS:.0f} seconds",
                    fix="look at the repository's Security tab later, or run the job again",
                )
            time.sleep(pause)
            pause = min(2 * pause, 8.0)


def _refused(analysis: Analysis, error: GithubException) -> SarifRefused:
    words = error.data.get("message", "") if isinstance(error.data, dict) else str(error.data)
    fix = "run the job again; if it persists, show this to the platform team"
    if error.status == _UNAUTHORIZED:
        fix = "the token has expired or is not one: run the job again"
    elif "not accessible" in words:
        fix = "give the job `permissions: security-events: write` (private repositories: `actions: read` too)"
    elif error.status in {_FORBIDDEN, _NOT_FOUND}:
        fix = "switch on Code Security for the repository (Settings → Advanced Security); public ones have it"
    elif error.status == _TOO_LARGE:
        fix = "the file is too large for GitHub: reduce the number of findings"
    return SarifRefused(
        f"GitHub did not take the SARIF file for {analysis.repository}", why=f"HTTP {error.status}: {words}", fix=fix
    )
