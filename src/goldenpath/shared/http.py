"""Send HTTP requests through the user's proxy, with time limits, retries with jitter, and `Retry-After`."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import urllib3
from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.util import Retry

from goldenpath.shared import codec, runner, verbose
from goldenpath.shared.errors import RegistryUnreachable
from goldenpath.shared.proxy import proxy_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

ATTEMPTS = 5
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 20.0
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 60.0
BLOCK = 1 << 18

_OK = 200
TOO_MANY = 429
_AGAIN = frozenset({408, TOO_MANY, 500, 502, 503, 504})

Body = bytes | Callable[[], IO[bytes]] | None


@dataclass(frozen=True)
class HttpResponse:
    """The response to one request, read to its end; `headers` are keyed in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def words(self) -> str:
        """Status and the start of the body, for an error message."""
        return f"HTTP {self.status} {self.body[:500].decode('utf-8', 'replace')}".strip()


class Http:
    """A pool of connections that retries a request where a retry is safe and may help.

    One that is throttled may be tried `more_when_throttled`: others that use up the same quota make way in time.
    It follows at most so many `redirects`; without any, a redirect is the response.
    """

    def __init__(
        self,
        *,
        attempts: int = ATTEMPTS,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
        connections: int = 8,
        more_when_throttled: int = 0,
        redirects: int = 0,
    ) -> None:
        self._attempts = attempts
        self._more_when_throttled = more_when_throttled
        self._follows = redirects > 0
        self._options: dict[str, Any] = {
            "timeout": urllib3.Timeout(connect=connect_timeout, read=read_timeout),
            "retries": urllib3.Retry(connect=0, read=0, status=0, other=0, redirect=redirects) if redirects else False,
            "maxsize": connections,
            "blocksize": BLOCK,
        }
        self._direct = urllib3.PoolManager(**self._options)
        self._proxied: dict[str, urllib3.ProxyManager] = {}

    def send(self, method: str, url: str, headers: Mapping[str, str], body: Body = None) -> HttpResponse:
        """Send a request and return its response, whatever its status.

        A `body` that is a function is called for a fresh stream at each attempt. Connection failures and the statuses
        that say "later" are tried again; raises `RegistryUnreachable` when no attempt got a response.
        """
        return self.with_retries(url, lambda: self.once(method, url, headers, body))

    def save(self, url: str, headers: Mapping[str, str], path: Path, *, largest: int | None = None) -> HttpResponse:
        """Stream the body of a 200 response from `url` to `path`; any other response is returned with its own body.

        Tries again as `send` does, from the beginning. Raises `ValueError` for a body of more than `largest` bytes.
        """
        return self.with_retries(url, lambda: self._saved(url, headers, path, largest))

    def with_retries(self, url: str, attempted: Callable[[], HttpResponse]) -> HttpResponse:
        """Return the response that `attempted` gets at `url`, trying again as `send` does."""
        for attempt in itertools.count(1):
            at_least = 0.0
            try:
                response = attempted()
            except (HTTPError, OSError) as error:
                if attempt >= self._attempts:
                    raise unreachable(url, str(error)) from error
            else:
                most = self._attempts + (self._more_when_throttled if response.status == TOO_MANY else 0)
                if response.status not in _AGAIN or attempt >= most:
                    return response
                at_least = min(LONGEST_PAUSE, _retry_after(response))
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1))
            time.sleep(max(at_least, pause * random.uniform(0.5, 1.0)))  # noqa: S311  jitter, not a secret
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Close every connection."""
        for pool in (self._direct, *self._proxied.values()):
            pool.clear()

    def once(self, method: str, url: str, headers: Mapping[str, str], body: Body) -> HttpResponse:
        """Send a request a single time. Raises what urllib3 does when there is no response."""
        stream = body() if callable(body) else body
        try:
            response = self._request(method, url, headers, stream)
            return HttpResponse(response.status, _lowered(response.headers), response.data)
        finally:
            if stream is not None and not isinstance(stream, bytes):
                stream.close()

    def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | IO[bytes] | None, *, whole: bool = True
    ) -> urllib3.BaseHTTPResponse:
        """Send a request; its response is read now if it is wanted `whole`."""
        unread: dict[str, Any] = {} if whole else {"preload_content": False}
        began, end = time.monotonic(), "no response"
        try:
            response = self._pool(url).request(
                method, url, headers=dict(headers), body=body, redirect=self._follows, **unread
            )
            end = f"HTTP {response.status}"
            return response
        finally:
            verbose.request(method, url, end, time.monotonic() - began)

    def _pool(self, url: str) -> urllib3.PoolManager:
        proxy = proxy_for(url, runner.variables())
        if proxy is None:
            return self._direct
        if proxy.url not in self._proxied:
            made = urllib3.ProxyManager(proxy.url, proxy_headers=proxy.headers, **self._options)
            self._proxied.setdefault(proxy.url, made)  # uploads run side by side
        return self._proxied[proxy.url]

    def _saved(self, url: str, headers: Mapping[str, str], path: Path, largest: int | None) -> HttpResponse:
        response = self._request("GET", url, headers, None, whole=False)
        try:
            if response.status != _OK:
                return HttpResponse(response.status, _lowered(response.headers), response.data)
            with path.open("wb") as file:
                file.writelines(_limited(response.stream(BLOCK), largest))
            return HttpResponse(response.status, _lowered(response.headers), b"")
        except OSError as error:
            raise codec.disk_trouble(error, path) from error
        finally:
            response.release_conn()


def _limited(blocks: Iterable[bytes], largest: int | None) -> Iterator[bytes]:
    size = 0
    for block in blocks:
        size += len(block)
        if largest is not None and size > largest:
            raise ValueError(f"it is larger than {largest >> 20} MB")
        yield block


def unreachable(url: str, why: str) -> RegistryUnreachable:
    """Return the error to raise when nothing at `url` responds."""
    parts = urllib3.util.parse_url(url)
    return RegistryUnreachable(
        f"{parts.scheme}://{parts.netloc} does not respond",
        why=why,
        fix="Check that the address is right and the runner's network reaches it, then run again: a re-run is safe",
    )


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _retry_after(response: HttpResponse) -> float:
    """Return the seconds of `Retry-After`, a number or a date; none where it cannot be read."""
    try:
        return Retry().parse_retry_after(response.headers.get("retry-after", "0"))
    except (InvalidHeader, ValueError, OverflowError):
        return 0.0
