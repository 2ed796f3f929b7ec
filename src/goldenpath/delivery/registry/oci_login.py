"""A login to a registry other than ECR, with a user and a password, for reading one repository.

Sources: OCI Distribution Specification 1.1, "Determining Support"; RFC 7617 (Basic).
"""

from __future__ import annotations

import base64
from contextlib import closing
from typing import TYPE_CHECKING

from goldenpath.delivery.registry.registry_token import Login, address, bearer_token
from goldenpath.shared.errors import LoginRefused
from goldenpath.shared.http import Http

if TYPE_CHECKING:
    from goldenpath.delivery.model.registry_login import RegistryLogin

_FIX = "Correct the user and the password of {} in the secret BASES_LOGINS, and let the user read the repository"


def reader(given: RegistryLogin, repository: str) -> Login:
    """Return a login that may read `repository`.

    Raises `LoginRefused` when the registry does not take the user and the password, `RegistryUnreachable` as `Http`.
    """
    endpoint = address(given.registry)
    basic = base64.b64encode(f"{given.user}:{given.password}".encode()).decode()
    with closing(Http()) as http:
        challenge = http.send("GET", f"{endpoint}/v2/", {}).headers.get("www-authenticate", "")
        try:
            token = bearer_token(http, challenge, repository, f"Basic {basic}")
        except ValueError as error:
            raise refused(given.registry, str(error)) from None
    if token is None:
        return Login(endpoint, f"Basic {basic}", (given.password, basic))
    return Login(endpoint, f"Bearer {token}", (given.password, basic, token))


def refused(registry: str, why: str) -> LoginRefused:
    """Return the error to raise when `registry` does not take a login."""
    return LoginRefused(f"{registry} refused the login for base images", why=why, fix=_FIX.format(registry))
