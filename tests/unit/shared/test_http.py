from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from goldenpath.shared.errors import DiskTrouble, RegistryUnreachable
from goldenpath.shared.http import Http, HttpResponse
from tests.unit.http_double import PoolDouble, Request, Response, pool, pool_of

URL = "https://registry.example/v2/"
DOWN = ProtocolError("Connection aborted.")


def test_an_answer_is_read_to_its_end_and_its_headers_are_in_lower_case(monkeypatch: pytest.MonkeyPatch) -> None:
    double = pool(monkeypatch, Response(201, {"Docker-Content-Digest": "x"}, b"body"))
    assert Http().send("PUT", URL, {"A": "b"}, b"sent") == HttpResponse(201, {"docker-content-digest": "x"}, b"body")
    assert double.requests == [Request("PUT", URL, {"A": "b"}, b"sent")]


def test_each_host_is_reached_through_the_proxy_that_the_user_names_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "corp")
    direct = pool(monkeypatch, Response(200))
    proxied = PoolDouble(iter([Response(200), Response(200)]))
    monkeypatch.setattr(urllib3.ProxyManager, "request", proxied.request)
    http = Http()
    for url in (URL, "https://registry.corp/v2/", "https://uploads.example/"):
        http.send("GET", url, {})
    assert [each.url for each in proxied.requests] == [URL, "https://uploads.example/"]
    assert [each.url for each in direct.requests] == ["https://registry.corp/v2/"]


@pytest.mark.parametrize("status", [200, 301, 307, 400, 401, 403, 404, 405, 501])
def test_an_answer_that_will_not_change_is_returned_at_once(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    double = pool(monkeypatch, Response(status))
    assert Http().send("GET", URL, {}).status == status
    assert double.pauses == []


@pytest.mark.parametrize("failure", [*(Response(s) for s in (408, 429, 500, 502, 503, 504)), DOWN, OSError("reset")])
def test_what_may_pass_is_tried_again(monkeypatch: pytest.MonkeyPatch, failure: Response | BaseException) -> None:
    double = pool(monkeypatch, failure, failure, Response(200))
    assert Http().send("GET", URL, {}).status == 200
    assert double.pauses == [0.2, 0.4]


def test_a_registry_that_stays_busy_has_its_last_answer_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    double = pool_of(monkeypatch, repeat(Response(503)))
    assert Http().send("GET", URL, {}).status == 503
    assert len(double.requests) == 5
    assert double.pauses == [0.2, 0.4, 0.8, 1.6]


def test_a_registry_that_never_answers_is_unreachable_and_named_without_its_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool_of(monkeypatch, repeat(ReadTimeoutError(None, None, "Read timed out.")))  # type: ignore[arg-type]
    with pytest.raises(RegistryUnreachable) as caught:
        Http().send("PUT", "https://uploads.example:8443/secret?signature=abc", {})
    assert (caught.value.what, caught.value.why) == (
        "https://uploads.example:8443 does not respond", "None: Read timed out",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "waited"),
    [("3", 3.0), ("0", 0.2), ("3600", 20.0), ("", 0.2), ("soon", 0.2), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.2),
     ("-1", 0.2), ("²", 0.2), ("9" * 400, 20.0)],
)  # fmt: skip
def test_the_time_that_the_registry_asks_for_is_waited_within_reason(
    monkeypatch: pytest.MonkeyPatch, said: str, waited: float
) -> None:
    double = pool(monkeypatch, Response(429, {"Retry-After": said}), Response(200))
    Http().send("GET", URL, {})
    assert double.pauses == [waited]


@given(st.text(max_size=20))
def test_any_retry_after_is_waited_within_reason(said: str) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        double = pool(monkeypatch, Response(429, {"Retry-After": said}), Response(200))
        Http().send("GET", URL, {})
        assert 0.2 <= double.pauses[0] <= 20.0


def test_a_body_is_saved_and_only_that_of_a_success(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pool(monkeypatch, DOWN, Response(200, {"A": "b"}, b"layer"), Response(404, {}, b"no"))
    assert Http().save(URL, {}, tmp_path / "blob") == HttpResponse(200, {"a": "b"}, b"")
    assert (tmp_path / "blob").read_bytes() == b"layer"
    assert Http().save(URL, {}, tmp_path / "none") == HttpResponse(404, {}, b"no")
    assert not (tmp_path / "none").exists()


def test_a_body_that_is_too_large_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    body = bytes(3 << 20)
    double = pool(monkeypatch, Response(200, {}, body), Response(200, {}, body))
    with pytest.raises(ValueError, match=r"^it is larger than 2 MB$"):
        Http().save(URL, {}, tmp_path / "large", largest=2 << 20)
    assert ((tmp_path / "large").stat().st_size, double.pauses) == (2 << 20, [])
    Http().save(URL, {}, tmp_path / "whole", largest=3 << 20)
    assert (tmp_path / "whole").read_bytes() == body


def test_a_disk_that_does_not_take_the_body_is_no_fault_of_the_registry(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    double = pool(monkeypatch, Response(200, {}, b"layer"))
    with pytest.raises(DiskTrouble):
        Http().save(URL, {}, tmp_path / "no" / "folder")
    assert double.pauses == []


def test_a_streamed_body_is_opened_anew_for_each_attempt_and_always_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[io.BytesIO] = []

    def body() -> io.BytesIO:
        opened.append(io.BytesIO(b"the whole blob"))
        return opened[-1]

    double = pool(monkeypatch, DOWN, Response(500), Response(201))
    Http().send("PUT", URL, {}, body)
    assert [request.body for request in double.requests] == [b"the whole blob"] * 3
    assert len(opened) == 3
    assert double.all_closed


def test_an_error_that_is_no_connection_failure_goes_through_and_the_body_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    double = pool(monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        Http().send("PUT", URL, {}, lambda: io.BytesIO(b"x"))
    assert len(double.streams) == 1
    assert double.all_closed


def test_a_body_that_cuts_off_while_it_is_read_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Torn(Response):
        @property
        def data(self) -> bytes:
            raise ProtocolError("Connection broken: IncompleteRead")

        @data.setter
        def data(self, _: bytes) -> None: ...

    def answers() -> Iterator[Response]:
        torn = object.__new__(Torn)
        object.__setattr__(torn, "status", 200)
        object.__setattr__(torn, "headers", {})
        yield torn
        yield Response(200, {}, b"whole")

    pool_of(monkeypatch, answers())
    assert Http().send("GET", URL, {}).body == b"whole"


def test_words_for_an_error_are_short_whatever_the_body_is() -> None:
    assert HttpResponse(500, {}, b"\xff" + b"x" * 2000).words == "HTTP 500 \ufffd" + "x" * 499
    assert HttpResponse(500, {}, b"").words == "HTTP 500"


def test_a_throttled_request_is_tried_more_often_where_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    double = pool_of(monkeypatch, repeat(Response(429)))
    assert Http(attempts=2).send("GET", URL, {}).status == 429
    assert len(double.requests) == 2
    assert Http(attempts=2, more_when_throttled=3).send("GET", URL, {}).status == 429
    assert len(double.requests) == 2 + 5
