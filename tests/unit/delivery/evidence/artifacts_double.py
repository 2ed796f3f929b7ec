"""The double of GitHub and of its storage of artifacts, behind PyGithub's requester and urllib3's pool."""

# PyGithub's requester and urllib3's pool are called with anything.
# ruff: noqa: ANN401

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import urllib3
from github.Requester import Requester
from werkzeug.test import Client

from goldenpath.delivery.evidence.run_artifacts import PREFIXES, RunArtifacts
from goldenpath.local.github.code_scanning import SarifStore
from goldenpath.local.github.oidc import TokenIssuer
from tests.doubles.github.api import GitHubDouble
from tests.unit.delivery.evidence import evidence_records
from tests.unit.http_double import Response

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.doubles.github.artifacts import Artifacts

API, SLUG, RUN = "https://api.github.example", "team/my-app", 12345678901
# What each artifact of a run holds of what `evidence_records.write_run` writes.
_HELD = {
    "receipt": "receipt.json", "build": "candidate.json", "gitleaks": "gitleaks.verdict.json",
    "scan": "trivy.verdict.json", "sbom": "sbom.*.json",
}  # fmt: skip


class GitHubOfArtifacts:
    """Nothing listens: every request of PyGithub and of urllib3 comes here. `token` is the one that is given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.double = GitHubDouble(TokenIssuer(), SarifStore())
        self.token = self.double.token
        self.pages: list[str] = []
        self.storage_headers: list[Mapping[str, str]] = []
        self.storage_hosts: set[str] = set()
        self._client = Client(self.double)
        monkeypatch.setattr(Requester, "requestJson", self._api)
        monkeypatch.setattr(urllib3.PoolManager, "request", self._storage)
        monkeypatch.setattr("goldenpath.shared.http.time.sleep", lambda _: None)

    @property
    def artifacts(self) -> Artifacts:
        """What the runs left."""
        return self.double.artifacts

    def source(self, api: str = API) -> RunArtifacts:
        """Return the artifacts of the app as the command fetches them."""
        return RunArtifacts(api, self.double.token, SLUG)

    def release(self, folder: Path, run: int = RUN, **given: Any) -> None:
        """Let a run leave the records of a release, as our workflow does; they are written to `folder` first."""
        evidence_records.write_run(folder)
        for prefix in PREFIXES:
            pattern = _HELD[prefix.split("-")[1]]
            files = {file.name: file.read_bytes() for file in folder.glob(pattern)}
            self.artifacts.keep(SLUG, f"{prefix}{run}", files, run=run, **given)

    def _api(self, verb: str, url: str, *_: Any, **__: Any) -> tuple[int, dict[str, Any], str]:
        path = url.removeprefix(API)
        self.pages += [path] if "?" in path else []
        login = {"Authorization": f"Bearer {self.token}"}
        response = self._client.open(path, base_url=API, method=verb, headers=login)
        return response.status_code, {name.lower(): value for name, value in response.headers.items()}, response.text

    def _storage(self, method: str, url: str, **options: Any) -> Response:
        self.storage_headers.append(options["headers"])
        address = urlsplit(url)
        self.storage_hosts.add(address.netloc)
        response = self._client.open(f"{address.path}?{address.query}", method=method, headers=options["headers"])
        return Response(response.status_code, dict(response.headers), response.data)
