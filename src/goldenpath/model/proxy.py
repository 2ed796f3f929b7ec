"""The proxy on the way to a host, as the user's variables name it (curl, "ENVIRONMENT")."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from goldenpath.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Proxy:
    """A proxy: its address, and the `headers` that log in to it. The address itself holds no login."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def proxy_for(url: str, variables: Mapping[str, str]) -> Proxy | None:
    """Return the proxy that `variables` (curl's names, lower case first) ask for on the way to `url`, if any.

    Raises `BadInput` when what they name is not the address of one.
    """
    target = parse_url(url)
    scheme = target.scheme or "https"

    def either(name: str) -> str:
        return variables.get(name) or variables.get(name.upper()) or ""

    # HTTP_PROXY in capitals can be set by a client of a CGI program, so curl reads the small letters alone.
    named = variables.get("http_proxy", "") if scheme == "http" else either("https_proxy")
    if not named or _goes_direct(target.host or "", either("no_proxy")):
        return None
    return _parsed(named, f"{scheme}_proxy")


def _parsed(named: str, variable: str) -> Proxy:
    try:
        address = parse_url(named if "://" in named else f"http://{named}")
    except LocationParseError:
        raise _unusable(variable) from None
    if address.scheme not in {"http", "https"} or not address.host:
        raise _unusable(variable)
    login = f"Basic {b64encode(unquote(address.auth).encode()).decode()}" if address.auth else ""
    return Proxy(address._replace(auth=None).url, {"proxy-authorization": login} if login else {})


def _unusable(variable: str) -> BadInput:
    # What it holds is not shown: a password may be in it.
    return BadInput(
        f"{variable} is not the address of a proxy that can be used",
        why="it must start with http:// or https:// and name a host",
        fix="set it like http://proxy.example:3128, or unset it where no proxy is needed",
    )


def _goes_direct(host: str, no_proxy: str) -> bool:
    """Tell whether `no_proxy` (names that stand for themselves and all below them, or `*`) has `host`."""
    names = [name.strip().lstrip(".").lower() for name in no_proxy.split(",")]
    return any(name in {"*", host} or (name and host.endswith("." + name)) for name in names)
