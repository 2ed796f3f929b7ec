from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING

import pytest
from urllib3.exceptions import HTTPError

from goldenpath.delivery.github.code_scanning import AnalyzedCommit, CodeScanning, UploadEnd
from goldenpath.shared.errors import CodeScanningOff, SarifRefused
from goldenpath.shared.http import Http, HttpResponse
from goldenpath.shared.names import Commit
from tests.unit.builders import COMMIT

if TYPE_CHECKING:
    from collections.abc import Mapping

API = "https://api.github.com"
PLACE = f"{API}/repos/o/app/code-scanning/sarifs"
ANALYSIS = AnalyzedCommit("o/app", Commit(COMMIT), "refs/heads/main")


def answer(content: object, status: int = 200) -> HttpResponse:
    """Return an answer of GitHub, in JSON."""
    return HttpResponse(status, {}, json.dumps(content).encode())


def refusal(status: int, words: object) -> HttpResponse:
    """Return an answer that is an error; `words` that are a text are no JSON, as proxies answer."""
    return HttpResponse(status, {}, words.encode()) if isinstance(words, str) else answer(words, status)


TAKEN = answer({"id": "47"}, 202)
COMPLETE, PENDING = (answer({"processing_status": each}) for each in ("complete", "pending"))
SILENCE = HTTPError("timed out")


class Api:
    """A double of GitHub: it keeps every request whole and answers in turn."""

    def __init__(self, *answers: HttpResponse | HTTPError) -> None:
        self.calls: list[tuple[str, str, object]] = []
        self.pauses: list[float] = []
        self.end: UploadEnd | None = None
        self._answers = list(answers)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> HttpResponse:
        assert headers["Authorization"] == "Bearer the-token"
        assert headers.get("Content-Type") == ("application/json" if body else None)
        self.calls.append((method, url, json.loads(body) if body else None))
        given = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(given, HTTPError):
            raise given
        return given


def upload(monkeypatch: pytest.MonkeyPatch, *answers: HttpResponse | HTTPError) -> Api:
    """Upload a SARIF file to a GitHub that gives `answers`, the last of them for ever."""
    api, clock = Api(*answers), iter(range(0, 10_000, 10))
    monkeypatch.setattr(Http, "once", lambda _, *words: api.send(*words))
    monkeypatch.setattr("goldenpath.delivery.github.code_scanning.time.sleep", api.pauses.append)
    monkeypatch.setattr("goldenpath.delivery.github.code_scanning.time.monotonic", lambda: next(clock))
    api.end = CodeScanning(API, "the-token").upload(b"{}", ANALYSIS)
    return api


def test_a_file_is_sent_packed_with_commit_and_ref_and_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    api = upload(monkeypatch, TAKEN, PENDING, PENDING, COMPLETE)
    (verb, place, sent), *asked = api.calls
    assert (verb, place) == ("POST", PLACE)
    assert isinstance(sent, dict)
    assert gzip.decompress(base64.b64decode(sent.pop("sarif"))) == b"{}"
    assert sent == {"commit_sha": COMMIT, "ref": "refs/heads/main"}
    assert asked == [("GET", f"{PLACE}/47", None)] * 3
    assert api.pauses == [0.1, 0.2]


SWITCH_ON = "Switch on Code Security for the repository (Settings → Advanced Security); public ones have it"
AGAIN = "Run the job again, and if that does not help, show this to the platform team; the release itself stands"
UNREADABLE = "Show this to the platform team: GitHub cannot read the file, which is in the run's artifacts"
LATER = "Run the job again in an hour; the release itself stands"
IP_LIST = "The org has an IP allow list enabled, and your IP address is not permitted to access this resource."
#          status  GitHub's words                                              what to do
REFUSALS: list[tuple[int, object, str]] = [
    (401, {"message": "Bad credentials"}, "The token has expired or is invalid: run the job again"),
    (403, {"message": "API rate limit exceeded for installation"}, LATER),
    (403, {"message": "You have exceeded a secondary rate limit"}, LATER),
    (403, {"message": IP_LIST},
     "Ask an owner of the organisation what GitHub's message means, or show this to the platform team"),
    (404, {"message": "Not Found"}, SWITCH_ON),
    (413, {"message": "too large"}, "The file is too large for GitHub: reduce the number of findings"),
    (422, {"message": "Validation Failed"}, UNREADABLE),
    (503, None, AGAIN),
    (400, "<html>", UNREADABLE),
]  # fmt: skip


@pytest.mark.parametrize(("status", "words", "fix"), REFUSALS)
def test_each_refusal_says_plainly_what_to_do(
    monkeypatch: pytest.MonkeyPatch, status: int, words: object, fix: str
) -> None:
    with pytest.raises(SarifRefused) as caught:
        upload(monkeypatch, refusal(status, words))
    assert caught.value.what == "GitHub did not take the SARIF file for o/app"
    assert caught.value.why.startswith(f"HTTP {status}: ")
    assert caught.value.fix == fix
    assert "the-token" not in str(caught.value)


REF = "ref 'refs/pull/7/merge' not found in this repository"


@pytest.mark.parametrize("words", [REF, "commit not found"])
@pytest.mark.parametrize("before", [(), (TAKEN, PENDING)])
def test_a_ref_that_is_gone_is_told_from_code_scanning_that_is_off(
    monkeypatch: pytest.MonkeyPatch, words: str, before: tuple[HttpResponse, ...]
) -> None:
    api = upload(monkeypatch, *before, refusal(404, {"message": words}))
    assert api.end is UploadEnd.REF_GONE


def test_a_token_that_may_not_upload_is_told_from_code_scanning_that_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    given = refusal(403, {"message": "Resource not accessible by integration"})
    assert upload(monkeypatch, given).end is UploadEnd.NOT_PERMITTED


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_where_github_is_busy_the_upload_is_tried_again(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    busy = refusal(status, None)
    api = upload(monkeypatch, busy, busy, busy, TAKEN, busy, COMPLETE)
    assert [verb for verb, *_ in api.calls] == ["POST"] * 4 + ["GET"] * 2
    assert (api.end, len(api.pauses), api.pauses[-1]) == (UploadEnd.PROCESSED, 4, 0.1)


def test_where_github_does_not_answer_at_once_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    api = upload(monkeypatch, SILENCE, TAKEN, SILENCE, COMPLETE)
    assert (api.end, [verb for verb, *_ in api.calls]) == (UploadEnd.PROCESSED, ["POST", "POST", "GET", "GET"])


@pytest.mark.parametrize("given", [answer({}), answer([]), HttpResponse(200, {}, b"<html>")])
def test_an_answer_that_names_no_upload_is_told(monkeypatch: pytest.MonkeyPatch, given: HttpResponse) -> None:
    with pytest.raises(SarifRefused) as caught:
        upload(monkeypatch, given)
    assert (caught.value.why, caught.value.fix) == ("HTTP 200: the response does not name the upload", AGAIN)


def test_an_upload_that_github_does_not_know_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    api = upload(monkeypatch, TAKEN, refusal(404, {"message": "Not Found"}), COMPLETE)
    assert api.end is UploadEnd.PROCESSED


def test_a_file_that_github_cannot_process_is_refused_with_its_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SarifRefused) as caught:
        upload(monkeypatch, TAKEN, answer({"processing_status": "failed", "errors": ["rule x", "rule y"]}))
    assert (caught.value.what, caught.value.why) == ("GitHub could not process the SARIF file", "rule x; rule y")


def test_a_failure_without_reasons_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SarifRefused) as caught:
        upload(monkeypatch, TAKEN, answer({"processing_status": "failed", "errors": None}))
    assert caught.value.why == "GitHub gave no reason"


def test_a_file_that_stays_pending_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SarifRefused, match=r"^GitHub did not process the SARIF file within 120 seconds"):
        upload(monkeypatch, TAKEN, PENDING)


def test_the_pauses_between_questions_grow_to_eight_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    api = upload(monkeypatch, TAKEN, *[PENDING] * 9, COMPLETE)
    assert api.pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 8.0, 8.0]


def test_a_github_that_does_not_answer_is_told_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SarifRefused) as caught:
        upload(monkeypatch, SILENCE)
    assert (caught.value.what, caught.value.why) == ("GitHub's API does not respond", "timed out")
    assert caught.value.fix == "Run the job again: the release itself stands"


# What GitHub has called the feature, over the years and by plan.
OFF = (
    "Code Security must be enabled for this repository to use code scanning.",
    "Advanced Security must be enabled for this repository to use code scanning.",
    "GitHub Code Security or GitHub Advanced Security must be enabled for this repository to use code scanning",
    "Code scanning is not enabled for this repository. Please enable code scanning in the repository settings.",
)


@pytest.mark.parametrize("words", OFF)
def test_a_repository_without_code_scanning_is_told_apart_from_a_refused_file(
    monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    with pytest.raises(CodeScanningOff) as caught:
        upload(monkeypatch, refusal(403, {"message": words}))
    assert caught.value.what == "Code scanning is off for o/app"
    assert "Settings → Advanced Security → Code Security" in caught.value.fix


@pytest.mark.parametrize(
    ("given", "on"),
    [
        (answer([]), True),
        (refusal(404, {"message": "no analysis found"}), True),
        (refusal(404, {"message": "Not Found"}), None),
        (refusal(403, {"message": "Resource not accessible by integration"}), None),
        (refusal(503, None), None),
        (SILENCE, None),
        *((refusal(403, {"message": words}), False) for words in OFF),
    ],
)
def test_whether_code_scanning_is_on_is_found_out_with_one_request(
    monkeypatch: pytest.MonkeyPatch, given: HttpResponse | HTTPError, *, on: bool | None
) -> None:
    api = Api(given)
    monkeypatch.setattr(Http, "once", lambda _, *words: api.send(*words))
    assert CodeScanning(API, "the-token").is_on("o/app") is on
    assert api.calls == [("GET", f"{API}/repos/o/app/code-scanning/analyses?per_page=1", None)]
