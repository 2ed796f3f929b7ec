"""A double of urllib3's pool of connections: it opens none, records every request whole, and answers in turn."""

# urllib3's pool is called with anything.
# ruff: noqa: ANN401

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import urllib3

if TYPE_CHECKING:
    import pytest


class Request(NamedTuple):
    """One request as it would go over the wire; a streamed body is read to its end."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """The answer to one request."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes = b""

    def stream(self, size: int) -> Iterator[bytes]:
        """Give the body in pieces, as a response does that was not read yet."""
        return (self.data[start : start + size] for start in range(0, len(self.data), size))

    def release_conn(self) -> None:
        """There is no connection to give back."""


def refusal(status: int, *codes: str, **headers: str) -> Response:
    """Return an answer as the OCI distribution specification shapes errors."""
    errors = [{"code": code, "message": f"about {code}"} for code in codes]
    return Response(status, headers, json.dumps({"errors": errors}).encode())


@dataclass
class PoolDouble:
    """Takes the place of `urllib3.PoolManager.request`; `pauses` are the seconds that were waited between attempts."""

    answers: Iterator[Response | BaseException]
    requests: list[Request] = field(default_factory=list)
    streams: list[IO[bytes]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    @property
    def all_closed(self) -> bool:
        """Whether every streamed body was closed; one that checks its bytes wraps the file it reads."""
        return all(getattr(stream, "_file", stream).closed for stream in self.streams)

    def request(self, method: str, url: str, **options: Any) -> Response:
        body = options.pop("body")
        headers = options.pop("headers")
        assert options in ({"redirect": False}, {"redirect": False, "preload_content": False})
        if body is not None and not isinstance(body, bytes):
            self.streams.append(body)
            body = b"".join(iter(partial(body.read, 1 << 16), b""))
        self.requests.append(Request(method, url, headers, body or b""))
        answer = next(self.answers)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def pool(monkeypatch: pytest.MonkeyPatch, *answers: Response | BaseException) -> PoolDouble:
    """Put a double in the place of urllib3's pool, and of the clock's patience."""
    return pool_of(monkeypatch, iter(answers))


def pool_of(monkeypatch: pytest.MonkeyPatch, answers: Iterator[Response | BaseException]) -> PoolDouble:
    double = PoolDouble(answers)
    monkeypatch.setattr(urllib3.PoolManager, "request", double.request)
    monkeypatch.setattr("goldenpath.shared.http.time.sleep", double.pauses.append)
    monkeypatch.setattr("goldenpath.shared.http.random.uniform", lambda _low, high: high)
    return double
