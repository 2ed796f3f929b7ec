"""Request an OIDC token from GitHub, with which AWS checks which workflow run this is. No key is stored.

Source: GitHub, "OpenID Connect reference": `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from goldenpath.shared import codec
from goldenpath.shared.errors import LoginRefused, RegistryUnreachable
from goldenpath.shared.http import Http
from goldenpath.shared.names import AUDIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

_URL = "ACTIONS_ID_TOKEN_REQUEST_URL"
_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # noqa: S105  the variable's name
_DEFAULT_SUBJECT = re.compile(r"repo:[^:]+:(environment:[^:]+|ref:refs/[^:]+|pull_request)")
_FIX = "give the job `permissions: id-token: write` (and its caller, which must grant at least as much)"


class _TokenResponse(Struct, frozen=True):
    value: str


def is_offered(variables: Mapping[str, str]) -> bool:
    """Tell whether the job with these `variables` may ask for a token."""
    return bool(variables.get(_URL))


def token(variables: Mapping[str, str], audience: str = AUDIENCE) -> str:
    """Return a fresh OIDC token of this workflow run, for AWS STS; roles trust its `audience`.

    Raises `LoginRefused` when the run may not have one, or the endpoint does not give one.
    """
    url, bearer = variables.get(_URL, ""), variables.get(_TOKEN, "")
    if not url or not bearer:
        raise LoginRefused(
            "This run may not ask GitHub for an OIDC token", why=f"{_URL} and {_TOKEN} are not set", fix=_FIX
        )
    http = Http()
    try:
        response = http.send("GET", _with_audience(url, audience), {"Authorization": f"Bearer {bearer}"})
    except RegistryUnreachable as error:
        raise LoginRefused("GitHub's OIDC endpoint does not respond", why=error.why, fix="Run the job again") from error
    finally:
        http.close()
    if response.status != 200:  # noqa: PLR2004
        raise LoginRefused("GitHub gave no OIDC token", why=f"HTTP {response.status}", fix=_FIX)
    try:
        return codec.decode(response.body, _TokenResponse).value
    except ValueError:
        raise LoginRefused("GitHub's OIDC endpoint sent a response without a token", fix="Run the job again") from None


def claims(token: str) -> Mapping[str, str]:
    """Return what a token says, unchecked: it is believed because GitHub's own endpoint gave it to us.

    Raises `LoginRefused` when it is no JSON Web Token.
    """
    try:
        body = token.split(".")[1]
        claims = codec.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)), dict[str, Any])
    except (IndexError, ValueError, msgspec.MsgspecError):
        raise LoginRefused("GitHub's OIDC endpoint sent a response without a token", fix="Run the job again") from None
    return {name: value for name, value in claims.items() if isinstance(value, str)}


def customised_subject(token: str) -> str:
    """Return the `sub` of `token` if somebody customised it; empty where it is one of GitHub's own, or unreadable.

    An organisation or a repository chooses then which claims it consists of ("Customizing the token claims").
    """
    try:
        subject = claims(token).get("sub", "")
    except LoginRefused:
        return ""
    return "" if _DEFAULT_SUBJECT.fullmatch(subject) else subject


def _with_audience(url: str, audience: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}audience={quote(audience, safe='')}"
