"""Upload SARIF to GitHub code scanning, with plain requests: every release to production waits for them.

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

from goldenpath.shared import github_rest
from goldenpath.shared.errors import CodeScanningOff, RegistryUnreachable, SarifRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.shared.errors import GoldenPathError
    from goldenpath.shared.http import HttpResponse
    from goldenpath.shared.names import Commit

PROCESSING_SECONDS = 120.0
ATTEMPTS = 6
_READ_TIMEOUT = 30.0
_QUOTED = 500
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 8.0
# GitHub's words differ by what a plan calls the feature: "Code Security must be enabled for this repository to use code
# scanning." or "Advanced Security must be enabled …"; and "Code scanning is not enabled for this repository."
_OFF = re.compile(r"must be enabled .*to use code scanning|code scanning is not enabled", re.IGNORECASE)
_ERRORS, _NOT_FOUND = 400, 404
_BUSY = frozenset({429, 500, 502, 503, 504})
# GitHub's words, with the ref in quotes, for one that was there when the run began (codeql-action 1572 and 4125).
_GONE = ("not found in this repository", "commit not found")
_NOT_PERMITTED = "not accessible"
_SWITCH_ON = "Switch on Code Security for the repository (Settings → Advanced Security); public ones have it"
_SHOW = "Show this to the platform team"
_AGAIN = "Run the job again, and if that does not help, show this to the platform team; the release itself stands"


class UploadEnd(Enum):
    """How an upload ended: `REF_GONE`: GitHub no longer has the ref; `NOT_PERMITTED`: the token may not upload."""

    PROCESSED = "processed"
    REF_GONE = "ref gone"
    NOT_PERMITTED = "not permitted"


class _Rule(NamedTuple):
    """The `fix` for a response with one of the `statuses` and, where `words` are listed, one of them in its text."""

    statuses: frozenset[int]
    words: tuple[str, ...]
    fix: str


# The first rule that fits counts.
_RULES = (
    _Rule(frozenset({401}), (), "The token has expired or is invalid: run the job again."),
    _Rule(frozenset({403, 429}), ("rate limit",), "Run the job again in an hour; the release itself stands"),
    _Rule(frozenset({403, 404}), ("code scanning", "Not Found"), _SWITCH_ON),
    _Rule(
        frozenset({403}),
        (),
        "Ask an owner of the organisation what GitHub's message means, or show this to the platform team",
    ),
    _Rule(frozenset({413}), (), "The file is too large for GitHub: reduce the number of findings"),
    _Rule(frozenset({400, 422}), (), f"{_SHOW}: GitHub cannot read the file, which is in the run's artifacts"),
)


@dataclass(frozen=True)
class AnalyzedCommit:
    """The subject of a SARIF file: the commit, and the full git ref that had it (`refs/heads/main`)."""

    repository: str
    commit: Commit
    ref: str


class _RefusedError(Exception):
    """GitHub responded with the `status` of an error and these `words`."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"HTTP {status}: {words}")
        self.status = status
        self.words = words

    @property
    def is_busy(self) -> bool:
        """Whether the same request may succeed in a moment."""
        return self.status in _BUSY

    @property
    def is_of_a_gone_ref(self) -> bool:
        """Whether GitHub no longer has what the upload is about."""
        return self.status == _NOT_FOUND and any(words in self.words for words in _GONE)


class CodeScanning:
    """Code scanning of one GitHub (or GitHub Enterprise Server) with one token."""

    def __init__(self, api_url: str, token: str) -> None:
        self._api_url = api_url
        self._token = token

    def upload(self, sarif: bytes, analysis: AnalyzedCommit) -> UploadEnd:
        """Upload `sarif`, and wait until GitHub has processed it.

        Raises `CodeScanningOff` when it is off for the repository, and `SarifRefused`, saying plainly why, when GitHub
        does not take the file or cannot process it.
        """
        place = f"{self._place(analysis.repository)}/sarifs"
        body = {
            "commit_sha": analysis.commit,
            "ref": analysis.ref,
            "sarif": base64.b64encode(gzip.compress(sarif)).decode(),
        }
        try:
            identity = self._sent(place, body)
            self._wait(f"{place}/{identity}")
        except _RefusedError as error:
            if error.is_of_a_gone_ref:
                return UploadEnd.REF_GONE
            if _NOT_PERMITTED in error.words:
                return UploadEnd.NOT_PERMITTED
            raise _refused(analysis, error) from error
        except RegistryUnreachable as error:
            raise SarifRefused(
                "GitHub's API does not respond", why=error.why, fix="Run the job again: the release itself stands"
            ) from error
        return UploadEnd.PROCESSED

    def is_on(self, name: str) -> bool | None:
        """Return whether code scanning is on for the repository `name`; `None` where this token cannot find out."""
        try:
            self._get(f"{self._place(name)}/analyses?per_page=1")
        except _RefusedError as error:
            if _OFF.search(error.words):
                return False
            # GitHub says "no analysis found" of a repository that has not uploaded anything yet.
            return True if error.status == _NOT_FOUND and "no analysis" in error.words else None
        except RegistryUnreachable:
            return None
        return True

    def _place(self, repository: str) -> str:
        return f"{self._api_url}/repos/{repository}/code-scanning"

    def _get(self, place: str) -> Mapping[str, Any]:
        return _content(github_rest.get(place, self._token, attempts=1, read_timeout=_READ_TIMEOUT))

    def _sent(self, place: str, body: Mapping[str, str]) -> str:
        """Upload, again where GitHub is busy or does not respond, and return the upload's id."""
        response = github_rest.post(place, self._token, body, attempts=ATTEMPTS, read_timeout=_READ_TIMEOUT)
        if identity := _content(response).get("id"):
            return str(identity)
        raise _RefusedError(response.status, "the response does not name the upload")

    def _wait(self, place: str) -> None:
        pause, limit = _FIRST_PAUSE, time.monotonic() + PROCESSING_SECONDS
        while True:
            status = self._status(place)
            if status.get("processing_status") == "complete":
                return
            if status.get("processing_status") == "failed":
                raise SarifRefused(
                    "GitHub could not process the SARIF file",
                    why="; ".join(status.get("errors") or ["GitHub gave no reason."]),
                    fix=f"{_SHOW}: the file is in the run's artifacts",
                )
            if time.monotonic() > limit:
                raise SarifRefused(
                    f"GitHub did not process the SARIF file within {PROCESSING_SECONDS:.0f} seconds",
                    fix="Look at the repository's Security tab later, or run the job again",
                )
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _status(self, place: str) -> Mapping[str, Any]:
        """Return GitHub's status of an upload; nothing while it is busy, or does not know the upload yet."""
        try:
            return self._get(place)
        except RegistryUnreachable:
            return {}
        except _RefusedError as error:
            if error.is_busy or (error.status == _NOT_FOUND and not error.is_of_a_gone_ref):
                return {}
            raise


def _content(response: HttpResponse) -> Mapping[str, Any]:
    """Return the JSON object of `response`; nothing for any other content. Raises `_RefusedError`."""
    content = github_rest.json_object(response)
    if response.status < _ERRORS:
        return content or {}
    plain = response.body[:_QUOTED].decode("utf-8", "replace")
    raise _RefusedError(response.status, plain if content is None else str(content.get("message", "")))


def off(repository: str) -> CodeScanningOff:
    """Return the error for a `repository` that has no code scanning."""
    return CodeScanningOff(
        f"Code scanning is off for {repository}",
        why="Private and internal repositories need GitHub Code Security for it",
        fix="Switch it on (Settings → Advanced Security → Code Security), or have the platform team set "
        "`code_scanning: advised` for this environment",
    )


def _refused(analysis: AnalyzedCommit, error: _RefusedError) -> GoldenPathError:
    if _OFF.search(error.words):
        return off(analysis.repository)
    fixes = (
        rule.fix
        for rule in _RULES
        if error.status in rule.statuses and (not rule.words or any(word in error.words for word in rule.words))
    )
    return SarifRefused(
        f"GitHub did not take the SARIF file for {analysis.repository}",
        why=str(error),
        fix=next(fixes, _AGAIN),
    )
