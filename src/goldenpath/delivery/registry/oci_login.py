"""A login to a registry other than ECR, with a user and a password, for reading one repository.

Sources: distribution/distribution, "Token Authentication Specification"; OCI Distribution Specification 1.1,
"Determining Support"; RFC 7617 (Basic) and RFC 6750 (Bearer).
"""

from __future__ import annotations

import base64
import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from goldenpath.delivery.model.private_base import DOCKER_HUB
from goldenpath.delivery.registry.registry_token import Login
from goldenpath.shared import codec
from goldenpath.shared.errors import LoginRefused
from goldenpath.shared.http import Http

if TYPE_CHECKING:
    from goldenpath.delivery.model.registry_login import RegistryLogin

# Docker Hub's name is not where its registry is.
_HOSTS = {DOCKER_HUB: "registry-1.docker.io"}
_OK = 200
_BEARER = re.compile(r"\bBearer\s+(.*)", re.IGNORECASE)
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_TOKEN = re.compile(r"[\x21-\x7e]+")
_FIX = "Correct the user and the password of {} in the secret BASES_LOGINS, and let the user read the repository"


class _BearerToken(Struct, frozen=True):
    token: str = ""
    access_token: str = ""


def reader(given: RegistryLogin, repository: str) -> Login:
    """Return a login that may read `repository`.

    Raises `LoginRefused` when the registry does not take the user and the password, `RegistryUnreachable` as `Http`.
    """
    endpoint = address(given.registry)
    basic = base64.b64encode(f"{given.user}:{given.password}".encode()).decode()
    http = Http()
    try:
        challenge = http.send("GET", f"{endpoint}/v2/", {}).headers.get("www-authenticate", "")
        bearer = _BEARER.search(challenge)
        if bearer is None:
            return Login(endpoint, f"Basic {basic}", (given.password, basic))
        url = _token_address(given.registry, dict(_PARAMETER.findall(bearer[1])), repository)
        response = http.send("GET", url, {"Authorization": f"Basic {basic}"})
    finally:
        http.close()
    if response.status != _OK:
        raise refused(given.registry, response.words)
    try:
        token = codec.decode(response.body, _BearerToken)
    except ValueError as error:
        raise refused(given.registry, f"It gave a response that is no token: {error}") from None
    text = token.token or token.access_token
    if not _TOKEN.fullmatch(text):
        raise refused(given.registry, "It gave a response without a token")
    return Login(endpoint, f"Bearer {text}", (given.password, basic, text))


def address(registry: str) -> str:
    """Return the address of `registry` with its scheme: as for Docker, that is plain HTTP on this machine only."""
    scheme = "http" if _is_loopback(registry.partition(":")[0]) else "https"
    return f"{scheme}://{_HOSTS.get(registry, registry)}"


def refused(registry: str, why: str) -> LoginRefused:
    """Return the error to raise when `registry` does not take a login."""
    return LoginRefused(f"{registry} refused the login for base images", why=why, fix=_FIX.format(registry))


def _token_address(registry: str, parameters: dict[str, str], repository: str) -> str:
    realm = parameters.get("realm", "")
    try:
        parts = urlsplit(realm)
        host = parts.hostname or ""
    except ValueError:
        raise refused(registry, f"It sends the login to {realm[:200]!a}, which is no address") from None
    # The password goes there, so never in clear over a network.
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))):
        raise refused(registry, f"It sends the login to {realm[:200]!a}, which is not an address with https")
    asked = {"scope": f"repository:{repository}:pull"}
    if service := parameters.get("service"):
        asked["service"] = service
    return f"{realm}{'&' if parts.query else '?'}{urlencode(asked)}"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
