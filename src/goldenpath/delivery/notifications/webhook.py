"""Send a signed message to a webhook. Its address is a secret too: whoever knows it may write there.

The signature is an HMAC-SHA256 (RFC 2104) over the time, a full stop and the body, so a message is worth nothing later.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError, MaxRetryError
from urllib3.util import Retry, parse_url

from goldenpath.shared.errors import BadInput
from goldenpath.shared.proxy import proxy_for

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMESTAMP, SIGNATURE = "X-Goldenpath-Timestamp", "X-Goldenpath-Signature-256"
_SHORTEST_KEY = 16
_RETRIES = 3
_BACKOFF = 0.5
_CONNECT_SECONDS, _READ_SECONDS = 5.0, 10.0
# All attempts together; each pause is twice the one before.
LONGEST_SECONDS = (1 + _RETRIES) * (_CONNECT_SECONDS + _READ_SECONDS) + 2**_RETRIES * _BACKOFF
_AGAIN = frozenset({429, 500, 502, 503, 504})
_OK = range(200, 300)
_MOVED = range(300, 400)
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True)
class Webhook:
    """A webhook: its `url`, and the `key` that its messages are signed with. Neither is ever shown."""

    url: str = field(repr=False)
    key: str = field(repr=False)

    def __post_init__(self) -> None:
        """Raise `BadInput` for an address that is not https, or a key that can be guessed."""
        if why := _mistake(self.url, self.key):
            raise BadInput(
                f"The webhook cannot be used: {why}",
                fix="Correct the secrets DELIVERY_WEBHOOK_URL and DELIVERY_WEBHOOK_KEY; docs/notify.md describes them",
            )


def signature(key: str, timestamp: int, body: bytes) -> str:
    """Return the value of the header `SIGNATURE` for a `body` that is sent at `timestamp`, in seconds since 1970."""
    return "sha256=" + hmac.new(key.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def send(webhook: Webhook, body: bytes, variables: Mapping[str, str]) -> str:
    """Send the JSON `body`, through the proxy that `variables` name, and again where that may help.

    Return why it was not taken, or an empty text. Follows no redirect, and uses nothing of the response but its status.
    Raises `BadInput` for a proxy that cannot be used.
    """
    timestamp = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "goldenpath",
        TIMESTAMP: str(timestamp),
        SIGNATURE: signature(webhook.key, timestamp, body),
    }
    # `Retry-After` is not believed: a receiver could keep the job waiting.
    retries = Retry(
        total=_RETRIES, redirect=False, allowed_methods=None, status_forcelist=_AGAIN, backoff_factor=_BACKOFF,
        respect_retry_after_header=False, raise_on_status=False,
    )  # fmt: skip
    try:
        with _pool(webhook.url, variables) as pool:
            response = pool.request(
                "POST", webhook.url, body=body, headers=headers, retries=retries, redirect=False, preload_content=False,
                timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
            )  # fmt: skip
            response.close()
    except HTTPError as error:
        # Its text would show the path of the address.
        reason = error.reason if isinstance(error, MaxRetryError) else error
        return f"it does not respond ({type(reason).__name__})"
    if response.status in _MOVED:
        return f"it redirects (HTTP {response.status}), and a signed message is sent to no other address"
    return "" if response.status in _OK else f"HTTP {response.status}"


def _pool(url: str, variables: Mapping[str, str]) -> urllib3.PoolManager:
    proxy = proxy_for(url, variables)
    return urllib3.ProxyManager(proxy.url, proxy_headers=dict(proxy.headers)) if proxy else urllib3.PoolManager()


def _mistake(url: str, key: str) -> str:
    """Return what is wrong with the address or the key, without showing either; empty when nothing is."""
    if not key:
        return "there is no key, and no message is sent without a signature"
    if len(key) < _SHORTEST_KEY:
        return f"its key is shorter than {_SHORTEST_KEY} characters"
    try:
        parts = parse_url(url)
    except LocationParseError:
        return "its address is not a URL"
    if parts.scheme != "https" or not parts.host or _UNPRINTABLE.search(url):
        return "its address does not begin with https://"
    return "its address holds a login, which belongs into the key" if parts.auth else ""
