from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.shared import masks

SECRET = "s3cr3t/with+signs="
PRINTABLE = st.characters(codec="utf-8", exclude_characters="*\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masks, "_secrets", set())


@pytest.mark.parametrize(
    "written",
    [SECRET, quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode()],
    ids=["as it is", "in a URL", "in base64"],
)
def test_a_known_secret_is_hidden_however_it_is_written(written: str) -> None:
    masks.hide(f"first line\n{SECRET}\n")
    assert masks.masked(f"--option={written}").removesuffix("=") == "--option=***"
    assert masks.masked("the first line") == "the ***"


def test_a_secret_that_begins_with_another_one_is_hidden_whole() -> None:
    masks.hide("secret\nsecret-and-more")
    assert masks.masked("x secret-and-more x secret") == "x *** x ***"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:pass@example.com/path", "https://***@example.com/path"),
        ("fetch https://example.com/a?sig=abc&se=1 next", "fetch https://example.com/a?*** next"),
        ("--build-arg=TOKEN=ghp_0123456789abcdefghijABCDEFGHIJ012345", "--build-arg=TOKEN=***"),
        ("github_pat_0123456789abcdefghij_ABCDEFGHIJ", "***"),
        ("eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", "***"),
        ("git log --format=%H origin/main?", "git log --format=%H origin/main?"),
        ("refs/heads/*", "refs/heads/*"),
    ],
)
def test_what_has_the_shape_of_a_secret_is_hidden_and_nothing_else(text: str, shown: str) -> None:
    assert masks.masked(text) == shown


def test_variables_with_the_name_of_a_secret_are_hidden_unless_they_are_short() -> None:
    masks.hide_variables({"NPM_TOKEN": "abcdef-1", "MY_SECRET": "1", "GREETING": "good morning"})
    assert masks.masked("abcdef-1 1 good morning") == "*** 1 good morning"


@given(
    st.lists(st.text(PRINTABLE, min_size=3), min_size=1, max_size=4), st.text(PRINTABLE), st.text(PRINTABLE), st.data()
)
def test_no_text_around_it_brings_a_known_secret_back(
    secrets: list[str], before: str, after: str, data: st.DataObject
) -> None:
    for secret in secrets:
        masks.hide(secret)
    shown = masks.masked(before + data.draw(st.sampled_from(secrets)) + after)
    assert not [part for part in shown.split("***") for secret in secrets if secret in part]
