"""An emulator of GitHub's OIDC token endpoint: RS256 tokens with GitHub's claims, signed by a key made at the start.

GitHub knows which run sends a request; this emulator does not. So the claims of the run are in the query of the request
URL (`&sub=…&repository=…`), which `Local.environment` returns as ACTIONS_ID_TOKEN_REQUEST_URL; a client appends
`&audience=…` as it does on GitHub. Source of the protocol: GitHub, "OpenID Connect reference".
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
    """Issues tokens to clients that have the request token, and has the public key to verify them with."""

    def __init__(self) -> None:
        self.request_token = secrets.token_urlsafe(32)
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def public_key(self) -> rsa.RSAPublicKey:
        """The key to verify tokens with."""
        return self._key.public_key()

    def respond(self, request: Request) -> Response:
        """Respond to a token request: 200 with `{"value": token}`, or 401 without the request token."""
        authorization = request.headers.get("Authorization", "")
        if not secrets.compare_digest(authorization.encode(), f"Bearer {self.request_token}".encode()):
            return json_response(401, {"message": "The request token is missing or is not the one of this run."})
        requested = dict(request.args)
        lifetime = int(requested.pop("lifetime", _LIFETIME))
        return json_response(200, {"count": 1, "value": self.issue(claims_of(requested), lifetime=lifetime)})

    def issue(self, claims: Mapping[str, str], *, lifetime: int = _LIFETIME) -> str:
        """Return a signed token with `claims` and its times; `lifetime` is in seconds, negative for an expired one."""
        now = int(time.time())
        times: dict[str, str | int] = {"iat": now, "nbf": now - _LIFETIME, "exp": now + lifetime}
        return jwt.encode({**claims, **times}, self._key, algorithm="RS256", headers={"kid": _KEY_ID})


def request_url(origin: str, *, subject: str, repository: str) -> str:
    """Return the URL of token requests for a run with this subject; it already has a query, as GitHub's has."""
    query = urlencode({"api-version": "2.0", "sub": subject, "repository": repository})
    return f"{origin}{PATH}?{query}"


def claims_of(requested: Mapping[str, str]) -> dict[str, str]:
    """Return GitHub's claims for a run, with the claims that the query requests in their place."""
    repository = requested.get("repository", "local/app")
    subject = requested.get("sub", f"repo:{repository}:ref:refs/heads/main")
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
    chosen = {name: value for name, value in requested.items() if name not in {"audience", "api-version"}}
    return {**claims, **chosen, **({"aud": requested["audience"]} if requested.get("audience") else {})}
