"""A double of urllib3's pool of connections: it opens none, records every request whole, and answers in turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple

import pytest
import urllib3

from goldenpath.services import http


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

    def request(self, _pool: object, method: str, url: str, **options: Any) -> Response:
        body = options.pop("body")
        headers = options.pop("headers")
        assert options == {"redirect": False}
        if body is not None and not isinstance(body, bytes):
            self.streams.append(body)
            body = b"".join(iter(lambda stream=body: stream.read(1 << 16), b""))
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
    request: Callable[..., Response] = double.request
    monkeypatch.setattr(urllib3.PoolManager, "request", lambda *words, **options: request(*words, **options))
    monkeypatch.setattr(http.time, "sleep", double.pauses.append)
    monkeypatch.setattr(http.random, "uniform", lambda _low, high: high)
    return double
