"""An emulator of GitHub's code scanning API: it accepts SARIF uploads, checks and keeps them.

`tests/contract` compares its responses with GitHub's OpenAPI description. Limits and wording: GitHub, "SARIF support
for code scanning" and "Troubleshooting SARIF uploads".
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import threading
import uuid
import zlib
from dataclasses import dataclass
from typing import Any

_COMMIT = re.compile(r"[0-9a-fA-F]{40}")
_REF = re.compile(r"refs/(heads/.+|tags/.+|pull/.+/(merge|head))")
# GitHub deletes such a branch as soon as the merge queue is done with it (codeql-action 4125).
_OF_A_QUEUE = "refs/heads/gh-readonly-queue/"
_LARGEST = 10 << 20
_MOST_RUNS = 20
_MOST_RESULTS = 25_000
_FIELDS = {"commit_sha", "ref", "sarif", "checkout_uri", "started_at", "tool_name", "validate"}


@dataclass(frozen=True)
class SarifUpload:
    """An accepted SARIF upload: its commit and ref, and the parsed `sarif`; `errors` is empty when it is valid."""

    id: str
    repository: str
    commit_sha: str
    ref: str
    sarif: dict[str, Any]
    errors: tuple[str, ...]


class RejectedError(Exception):
    """A refused upload: HTTP `status` and GitHub's message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class SarifStore:
    """The uploads of all repositories."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uploads: dict[str, SarifUpload] = {}
        self._looked_at: set[str] = set()

    def uploads(self) -> list[SarifUpload]:
        """Return every accepted upload, oldest first."""
        with self._lock:
            return list(self._uploads.values())

    def take(self, repository: str, body: object) -> SarifUpload:
        """Accept the body of an upload request. Raises `RejectedError`."""
        request = _checked(body)
        ref = request["ref"]
        if ref.startswith(_OF_A_QUEUE):
            raise RejectedError(404, f"ref '{ref}' not found in this repository")
        sarif = _unpacked(request["sarif"])
        upload = SarifUpload(
            id=str(uuid.uuid4()),
            repository=repository,
            commit_sha=request["commit_sha"],
            ref=ref,
            sarif=sarif,
            errors=tuple(problems(sarif)),
        )
        with self._lock:
            self._uploads[upload.id] = upload
        return upload

    def look(self, repository: str, upload_id: str) -> tuple[str, SarifUpload] | None:
        """Return the processing status, at first `pending`, and the upload; `None` when there is none."""
        with self._lock:
            upload = self._uploads.get(upload_id)
            if upload is None or upload.repository.lower() != repository.lower():
                return None
            if upload_id not in self._looked_at:
                self._looked_at.add(upload_id)
                return "pending", upload
            return ("failed" if upload.errors else "complete"), upload


def problems(sarif: dict[str, Any]) -> list[str]:
    """Return the errors of GitHub's processing of a SARIF 2.1.0 file."""
    runs = sarif["runs"]
    errors = [] if runs else ["the SARIF file contains no runs"]
    if len(runs) > _MOST_RUNS:
        errors.append(f"rejecting SARIF, as there are more runs than allowed ({len(runs)} > {_MOST_RUNS})")
    for run in runs:
        results = len(run.get("results") or ())
        if results > _MOST_RESULTS:
            excess = f"({results} > {_MOST_RESULTS})"
            errors.append(f"rejecting SARIF, as there are more results per run than allowed {excess}")
    keys = [(run["tool"]["driver"]["name"], run.get("automationDetails", {}).get("id")) for run in runs]
    if len(keys) != len(set(keys)):
        errors.append("rejecting SARIF, as it has multiple runs with the same tool and category")
    return errors


def _checked(body: object) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise RejectedError(400, "Problems parsing JSON")
    if unknown := set(body) - _FIELDS:
        raise RejectedError(400, f"Invalid request.\n\n{', '.join(sorted(unknown))} is not a permitted key.")
    for field, pattern in (("commit_sha", _COMMIT), ("ref", _REF), ("sarif", re.compile(".+", re.DOTALL))):
        if field not in body:
            raise RejectedError(400, f'Invalid request.\n\n"{field}" wasn\'t supplied.')
        if not isinstance(body[field], str) or not pattern.fullmatch(body[field]):
            raise RejectedError(400, f"Invalid request.\n\n{field} does not match {pattern.pattern}.")
    return body


def _unpacked(encoded: str) -> dict[str, Any]:
    """Return the SARIF in an upload: gzip, then base64 (GitHub REST, "Upload an analysis as SARIF data")."""
    try:
        packed = base64.b64decode(encoded, validate=True)
        if len(packed) > _LARGEST:
            raise RejectedError(413, "The SARIF file is too large.")
        sarif = json.loads(gzip.decompress(packed))
    except (binascii.Error, OSError, EOFError, zlib.error, ValueError):
        raise RejectedError(400, "Invalid SARIF. The data is not gzipped and base64-encoded JSON.") from None
    if not isinstance(sarif, dict) or sarif.get("version") != "2.1.0" or not isinstance(sarif.get("runs"), list):
        raise RejectedError(400, "Invalid SARIF. A SARIF 2.1.0 file has the version 2.1.0 and runs.")
    if not all(_names_its_tool(run) for run in sarif["runs"]):
        raise RejectedError(400, "Invalid SARIF. Every run names its tool's driver.")
    return sarif


def _names_its_tool(run: Any) -> bool:  # noqa: ANN401  any JSON value
    try:
        return isinstance(run["tool"]["driver"]["name"], str)
    except (KeyError, TypeError):
        return False
