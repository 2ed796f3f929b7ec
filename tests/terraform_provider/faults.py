"""Breaks one request to the emulator of AWS, and remembers what the emulator held.

It stands before moto as WSGI middleware. `/faults/…` is its own: `break` says which request of the next ones breaks and
how, `log` lists the requests since, `save` and `restore` keep and bring back what ECR and S3 hold, `digest` tells
whether that changed.
"""

from __future__ import annotations

import copy
import hashlib
import json
import socket
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import WSGIEnvironment

    # The types of WSGI's two callables are as good as nobody's.
    StartResponse = Callable[..., Any]

OWN = "/faults/"
_WRITES = (
    "Create", "Put", "Set", "Delete", "Tag", "Untag", "Batch", "Upload", "Initiate", "Complete", "PUT", "DELETE",
)  # fmt: skip
_HELD = {"ecr": ("repositories", "tagger"), "s3": ("buckets", "tagger")}


class Break(StrEnum):
    """How a request breaks: what AWS does of it, and of all after it."""

    REFUSED = "refused before it acts"
    LOST = "acted, and the response is lost"
    KILLED = "acted, and the process is killed"


@dataclass
class Faults:
    """The middleware before `app`; request number `at` breaks as `how` says."""

    app: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]
    at: int = -1
    how: Break = Break.REFUSED
    log: list[str] = field(default_factory=list)
    saved: dict[str, Any] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Respond to one request."""
        path = environ["PATH_INFO"]
        if path.startswith(OWN):
            return self._command(path.removeprefix(OWN), environ, start_response)
        if path.startswith("/moto-api"):
            return self.app(environ, start_response)
        with self.lock:
            number, action = len(self.log), _action(environ)
            self.log.append(action)
        is_struck = number == self.at
        is_dead = 0 <= self.at < number and self.how is Break.KILLED
        if is_dead or (is_struck and self.how is Break.REFUSED):
            return _refusal(environ, start_response)
        if not is_struck:
            return self.app(environ, start_response)
        list(self.app(environ, start_response))
        if self.how is Break.KILLED:
            return _refusal(environ, start_response)
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        raise ConnectionResetError("the response is lost")

    def _command(self, name: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        wanted = json.loads(body or b"{}")
        answer: object = None
        match name:
            case "break":
                self.at, self.how, self.log = wanted["at"], Break(wanted["how"]), []
            case "log":
                answer = self.log
            case "save":
                self.saved[wanted["name"]] = _held()
            case "restore":
                _bring_back(self.saved[wanted["name"]])
            case "digest":
                answer = hashlib.sha256(json.dumps(_contents()).encode()).hexdigest()
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]


def is_write(action: str) -> bool:
    """Tell whether the request of a log changes what AWS holds."""
    return action.split(" ", 1)[-1].startswith(_WRITES) or action.startswith(_WRITES)


def _action(environ: WSGIEnvironment) -> str:
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    return f"ECR {target}" if target else f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


def _refusal(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Refuse as AWS does where a permission is missing: no SDK tries that again."""
    if environ.get("HTTP_X_AMZ_TARGET"):
        start_response("400 Bad Request", [("Content-Type", "application/x-amz-json-1.1")])
        return [b'{"__type": "AccessDeniedException", "message": "broken on purpose"}']
    start_response("403 Forbidden", [("Content-Type", "application/xml")])
    return [b"<Error><Code>AccessDenied</Code><Message>broken on purpose</Message></Error>"]


def _backends() -> Iterable[tuple[str, str, str, Any]]:
    for service in _HELD:
        for account, regions in get_backend(service).items():  # type: ignore[call-overload]
            for region, backend in regions.items():
                yield service, account, region, backend


def _held() -> dict[Any, Any]:
    """Return a copy of what ECR and S3 hold."""
    return copy.deepcopy({
        (service, account, region): {name: getattr(backend, name) for name in _HELD[service]}
        for service, account, region, backend in _backends()
    })  # fmt: skip


def _bring_back(held: dict[Any, Any]) -> None:
    kept = copy.deepcopy(held)
    for service, account, region, backend in list(_backends()):
        here = kept.get((service, account, region))
        # moto makes a backend when it is first asked for: one that was not there then held nothing. Only then it is
        # reset, because that of S3 takes the content of every object away, saved ones as well.
        if here is None:
            backend.reset()
        for name, value in (here or {}).items():
            setattr(backend, name, value)


def _contents() -> list[str]:
    """Return every object of S3 with its version, and every repository of ECR with what it holds, as text."""
    listed: list[str] = []
    for service, account, region, backend in _backends():
        if service == "s3":
            stored = (
                (bucket.name, key.name, key.etag) for bucket in backend.buckets.values() for key in bucket.keys.values()
            )
            listed += [f"{account} {region} {key}" for key in stored]
        else:
            tags = {
                repository.arn: backend.tagger.list_tags_for_resource(repository.arn)
                for repository in backend.repositories.values()
            }
            listed += [
                f"{account} {region} {vars(repository)} {tags[repository.arn]}"
                for repository in backend.repositories.values()
            ]
    return sorted(listed)
