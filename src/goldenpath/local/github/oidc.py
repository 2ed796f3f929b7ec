"""GitHub's OIDC token endpoint, as a double: RS256 tokens with GitHub's claims, signed by a key made at the start.

There is no GitHub here to know which run is asking. So the claims of "the current run" travel in the query of the
request URL itself (`&sub=…&repository=…`), which `Local.environment` hands out in ACTIONS_ID_TOKEN_REQUEST_URL; a
client appends `&audience=…` as it does on GitHub. Source of the protocol: GitHub, "OpenID Connect reference".
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from goldenpath.local.responses import json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request, Response

ISSUER = "token.actions.githubusercontent.com"
PATH = "/_apis/oidc/token"
_LIFETIME = 300
_KEY_ID = "local"


class TokenIssuer:
    """Issues tokens to whoever shows the request token, and knows the public key they are checked with."""

    def __init__(self) -> None:
        self.request_token = secrets.token_urlsafe(32)
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def public_key(self) -> rsa.RSAPublicKey:
        """The key that tokens are checked with."""
        return self._key.public_key()

    def answer(self, request: Request) -> Response:
        """Answer a token request: 200 with `{"value": token}`, or 401 without the request token."""
        shown = request.headers.get("Authorization", "")
        if not secrets.compare_digest(shown.encode(), f"Bearer {self.request_token}".encode()):
            return json_response(401, {"message": "The request token is missing or is not the one of this run."})
        asked = dict(request.args)
        lifetime = int(asked.pop("lifetime", _LIFETIME))
        return json_response(200, {"count": 1, "value": self.issue(claims_of(asked), lifetime=lifetime)})

    def issue(self, claims: Mapping[str, str], *, lifetime: int = _LIFETIME) -> str:
        """Return a signed token with `claims` and the times; `lifetime` is in seconds, negative for one long over."""
        now = int(time.time())
        times: dict[str, str | int] = {"iat": now, "nbf": now - _LIFETIME, "exp": now + lifetime}
        return jwt.encode({**claims, **times}, self._key, algorithm="RS256", headers={"kid": _KEY_ID})


def request_url(origin: str, *, subject: str, repository: str) -> str:
    """Return the URL that a run with this subject asks for its token at; it already has a query, as GitHub's has."""
    query = urlencode({"api-version": "2.0", "sub": subject, "repository": repository})
    return f"{origin}{PATH}?{query}"


def claims_of(asked: Mapping[str, str]) -> dict[str, str]:
    """Return GitHub's claims for a run, with what was asked for in the query put in their place."""
    repository = asked.get("repository", "local/app")
    subject = asked.get("sub", f"repo:{repository}:ref:refs/heads/main")
    owner = repository.partition("/")[0]
    _, _, ref = subject.partition(":ref:")
    _, _, environment = subject.partition(":environment:")
    workflow = f"{repository}/.github/workflows/delivery.yml@{ref or 'refs/heads/main'}"
    claims = {
        "iss": f"https://{ISSUER}",
        "aud": f"https://github.com/{owner}",
        "jti": secrets.token_hex(16),
        "sub": subject,
        "actor": owner,
        "actor_id": "1",
        "event_name": "push",
        "repository": repository,
        "repository_id": "1",
        "repository_owner": owner,
        "repository_owner_id": "1",
        "repository_visibility": "private",
        "ref": ref or "refs/heads/main",
        "ref_type": "tag" if ref.startswith("refs/tags/") else "branch",
        "sha": "0" * 40,
        "workflow": "delivery",
        "workflow_ref": workflow,
        "job_workflow_ref": workflow,
        "run_id": "1",
        "run_number": "1",
        "run_attempt": "1",
        "runner_environment": "github-hosted",
    }
    if environment:
        claims["environment"] = environment
    chosen = {name: value for name, value in asked.items() if name not in {"audience", "api-version"}}
    return {**claims, **chosen, **({"aud": asked["audience"]} if asked.get("audience") else {})}
