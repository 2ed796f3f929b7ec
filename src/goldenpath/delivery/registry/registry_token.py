"""A login to a registry's data plane: what the AWS SDK gives for ECR, and a token service for every other registry.

It stands apart from both, so that whoever reads a public registry need not load the SDK.
Sources: distribution/distribution, "Token Authentication Specification"; RFC 6750 (Bearer).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from goldenpath.delivery.model.private_base import DOCKER_HUB
from goldenpath.shared import codec

if TYPE_CHECKING:
    from goldenpath.shared.http import Http

# Docker Hub's name is not where its registry is.
_HOSTS = {DOCKER_HUB: "registry-1.docker.io"}
_OK = 200
_BEARER = re.compile(r"\bBearer\s+(.*)", re.IGNORECASE)
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Login:
    """How to speak to the registry's data plane: its address with scheme, and the header that opens it."""

    endpoint: str
    authorization: str
    secrets: tuple[str, ...]


class _BearerToken(Struct, frozen=True):
    token: str = ""
    access_token: str = ""


def address(registry: str) -> str:
    """Return the address of `registry` with its scheme: as for Docker, that is plain HTTP on this machine only."""
    scheme = "http" if _is_loopback(registry.partition(":")[0]) else "https"
    return f"{scheme}://{_HOSTS.get(registry, registry)}"


def bearer_token(http: Http, challenge: str, repository: str, login: str = "") -> str | None:
    """Return a token for reading `repository`; `None` where the registry's `challenge` asks for no token.

    `login` is the header that the token service is to get; without one it is asked as anybody may. Raises `ValueError`
    that says why there is no token, and `RegistryUnreachable` as `Http`.
    """
    bearer = _BEARER.search(challenge)
    if bearer is None:
        return None
    url = _token_address(dict(_PARAMETER.findall(bearer[1])), repository)
    response = http.send("GET", url, {"Authorization": login} if login else {})
    if response.status != _OK:
        raise ValueError(response.words)
    try:
        token = codec.decode(response.body, _BearerToken)
    except ValueError as error:
        raise ValueError(f"It gave a response that is no token: {error}") from None
    text = token.token or token.access_token
    if not _TOKEN.fullmatch(text):
        raise ValueError("It gave a response without a token")
    return text


def _token_address(parameters: dict[str, str], repository: str) -> str:
    realm = parameters.get("realm", "")
    try:
        parts = urlsplit(realm)
        host = parts.hostname or ""
    except ValueError:
        raise ValueError(f"It sends the login to {realm[:200]!a}, which is no address") from None
    # A password may go there, so never in clear over a network.
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))):
        raise ValueError(f"It sends the login to {realm[:200]!a}, which is not an address with https")
    asked = {"scope": f"repository:{repository}:pull"}
    if service := parameters.get("service"):
        asked["service"] = service
    return f"{realm}{'&' if parts.query else '?'}{urlencode(asked)}"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
