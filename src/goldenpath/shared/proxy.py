"""Find the proxy for a URL in the user's variables.

Sources: curl, "ENVIRONMENT" and `--noproxy`; Go, `golang.org/x/net/http/httpproxy`.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import unquote

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from goldenpath.shared.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Proxy:
    """A proxy: its address, and the `headers` that log in to it. The address itself holds no login."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def is_set(variables: Mapping[str, str]) -> bool:
    """Tell whether `variables` name any proxy."""
    return any(variables.get(name) for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"))


def proxy_for(url: str, variables: Mapping[str, str]) -> Proxy | None:
    """Return the proxy that `variables` (curl's names, lower case first) ask for on the way to `url`, if any.

    Raises `BadInput` when what they name is not the address of one.
    """
    target = parse_url(url)
    scheme = target.scheme or "https"

    def either(name: str) -> str:
        return variables.get(name) or variables.get(name.upper()) or ""

    # HTTP_PROXY in capitals can be set by a client of a CGI program, so curl reads only the small letters.
    named = variables.get("http_proxy", "") if scheme == "http" else either("https_proxy")
    if not named or goes_direct(target.host or "", target.port or _PORTS.get(scheme, 0), either("no_proxy")):
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
        why="It must start with http:// or https:// and name a host",
        fix="Set it like http://proxy.example:3128, or unset it where no proxy is needed",
    )


def goes_direct(host: str, port: int, no_proxy: str) -> bool:
    """Tell whether an entry of `no_proxy` exempts `host` at `port` from the proxy, as curl or Go reads it.

    Entries are separated by commas or blanks. One is `*`, a host name that stands for all below it too (`corp`,
    `.corp` or `*.corp`), an IP address or a network (`10.0.0.0/8`); a name or an address may end with a port. Host
    names are not resolved.
    """
    name = host.strip("[]").rstrip(".").lower()
    return any(_exempts(entry.lower(), name, port) for entry in no_proxy.replace(",", " ").split())


def _exempts(entry: str, host: str, port: int) -> bool:
    has_port = entry.count(":") == 1 or "]:" in entry  # an IPv6 address without brackets has none
    named = entry.removesuffix(f":{port}") if has_port else entry
    domain = named.removeprefix("*").strip(".")
    is_below = bool(domain) and f".{host}".endswith(f".{domain}")
    return entry == "*" or is_below or _is_in(host, named.strip("[]"))


def _is_in(host: str, network: str) -> bool:
    try:
        address, within = ip_address(host), ip_network(network, strict=False)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address) in within
