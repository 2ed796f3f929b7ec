from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldenpath.shared import aws_sdk, masks, verbose
from goldenpath.shared.http import Http
from goldenpath.shared.names import Region
from goldenpath.shared.runner import Runner
from tests.unit.http_double import Response, pool

SECRET = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"], exclude_characters="*"), min_size=8)
ANYTHING = st.text(st.characters(codec="utf-8"))


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(masks, "_secrets", set())
    monkeypatch.delenv("RUNNER_DEBUG", raising=False)
    yield
    verbose.switch(on=False)


@pytest.fixture
def debugging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("RUNNER_DEBUG", "1")


def test_a_program_is_one_line_with_arguments_end_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    verbose.switch(on=True)
    verbose.program(["/bin/git", "log", "a b", "", "x\ny"], "exit status 0", 1.234)
    assert capsys.readouterr() == ("", "$ /bin/git log 'a b' '' 'x\\ny'  → exit status 0  (1.23 s)\n")


def test_a_log_that_is_closed_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    verbose.switch(on=True)
    verbose.program(["git"], "started")


def test_without_the_switch_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    verbose.program(["git"], "exit status 0", 1)
    verbose.request("GET", "https://example.com/", "HTTP 200", 1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("debugging")
def test_where_debug_logging_is_enabled_a_line_is_a_debug_command(capsys: pytest.CaptureFixture[str]) -> None:
    verbose.switch(on=True)
    verbose.program(["printf", "100%\n::add-mask::x"], "started")
    assert capsys.readouterr().err == "::debug::$ printf '100%25\\n::add-mask::x'  → started\n"


@pytest.mark.parametrize(
    ("variables", "asked"),
    [({"RUNNER_DEBUG": "1"}, True), ({"RUNNER_DEBUG": "0"}, False), ({"RUNNER_DEBUG": ""}, False), ({}, False)],
)
def test_the_runner_asks_for_it_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], *, asked: bool
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert verbose.asked_by_runner(variables) is asked
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert not verbose.asked_by_runner(variables)


def test_a_request_has_method_host_path_and_status_and_nothing_that_may_be_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pool(monkeypatch, Response(201), OSError("https://example.com/?sig=abc"), Response(200))
    verbose.switch(on=True)
    Http().send("PUT", "https://me:pw@example.com:8443/v2/x?sig=abc#f", {"Authorization": "Basic abc"}, b"body")
    Http().send("GET", "https://example.com/", {})
    lines = capsys.readouterr().err.splitlines()
    assert [line.rpartition("  (")[0] for line in lines] == [
        "PUT https://example.com:8443/v2/x  → HTTP 201",
        "GET https://example.com/  → no response",
        "GET https://example.com/  → HTTP 200",
    ]


@pytest.mark.parametrize(
    ("response", "error", "end"),
    [({"status_code": 400}, None, "HTTP 400"), (None, ConnectionError("secret"), "no response (ConnectionError)")],
)
def test_a_call_of_aws_is_shown_by_name_and_status(
    capsys: pytest.CaptureFixture[str], response: dict[str, int] | None, error: Exception | None, end: str
) -> None:
    client = aws_sdk.client(aws_sdk.session(), "ecr", Region("eu-central-1"), aws_sdk.Key("id", "secret", ""))
    event = {"response_dict": response, "parsed_response": {"password": "secret"}, "context": {}, "exception": error}
    client.meta.events.emit("response-received.ecr.PutImage", **event)
    verbose.switch(on=True)
    client.meta.events.emit("response-received.ecr.PutImage", **event)
    assert capsys.readouterr().err == f"AWS ecr.PutImage  → {end}\n"


def test_a_long_argument_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    verbose.switch(on=True)
    verbose.program(["x" * 5000], "started")
    assert capsys.readouterr().err == f"$ {'x' * 1998}… (5002 characters)  → started\n"


def test_secret_variables_are_masked_from_the_first_line_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "abcdefgh")
    verbose.switch(on=True)
    verbose.program(["git", "--token=abcdefgh"], "started")
    assert capsys.readouterr().err == "$ git --token=***  → started\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SECRET, ANYTHING, ANYTHING)
def test_a_masked_secret_never_shows_in_an_argument_or_an_address_and_a_line_stays_one_line(
    capsys: pytest.CaptureFixture[str], secret: str, before: str, after: str
) -> None:
    verbose.switch(on=True)
    Runner().mask(secret)
    verbose.program(["git", before + secret + after, f"https://{secret}@example.com/"], "exit status 0", 1)
    verbose.request("GET", f"https://{secret}@example.com/{secret}?{secret}", "HTTP 200", 1)
    shown = capsys.readouterr().err
    assert not [part for part in shown.split("***") if secret in part]
    assert shown.count("\n") == len(shown.splitlines()) == 2
