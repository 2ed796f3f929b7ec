from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.shared.shown_text import as_markdown, plain


@given(st.text())
def test_no_plain_text_holds_a_workflow_command(text: str) -> None:
    shown = plain(text)
    assert not any(line.lstrip().startswith("::") for line in shown.split("\n"))
    assert "##[" not in shown
    assert "\r" not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::set-output name=x::1", "\\x3a:set-output name=x::1"),
        ("first\n  ::add-mask::x", "first\n  \\x3a:add-mask::x"),
        ("arn:aws:iam::123456789012:role/x", "arn:aws:iam::123456789012:role/x"),
        ("##[error]x", "\\x23#[error]x"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("a\rb\x1b[31m", "a\\rb\\x1b[31m"),
        ("Zürich 東京", "Zürich 東京"),
    ],
)
def test_text_for_a_log_shows_what_hides(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_text_for_a_summary_is_never_markup() -> None:
    assert as_markdown("<img src=x> [a](b)\n# c `d`") == "&lt;img src=x&gt; \\[a\\](b) `#` c \\`d\\`"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://evil.example now", "see `https://evil.example` now"),
        ("<https://evil.example>", "`<https://evil.example>`"),
        ("WWW.evil.example", "`WWW.evil.example`"),
        ("mail x@evil.example", "mail `x@evil.example`"),
        ("@team and #1 and GH-2 and o/r#3", "`@team` and `#1` and `GH-2` and `o/r#3`"),
        (":tada: x:+1:y", "`:tada:` `x:+1:y`"),
        ("a1b2c3d of app.py:3", "`a1b2c3d` of app.py:3"),
        ("released (a1b2c3d, today)", "released (`a1b2c3d`, today)"),
        ("app.py:3 (commit a1b2c3d). See #1, @b;", "app.py:3 (commit `a1b2c3d`). See `#1`, `@b`;"),
        ("[a](http://e).", "`[a](http://e).`"),
        ("@a`b``c", "```@a`b``c```"),
        ("`@a`", "`` `@a` ``"),
        ("@a|b", "`@a`\\|b"),
        ("#\\|", "`#\\`\\|"),
        ("::error::@team", "`\\x3a:error::@team`"),
        ("3 high (blocking); nothing found", "3 high (blocking); nothing found"),
    ],
)
def test_what_would_become_a_link_a_mention_or_a_picture_is_shown_as_code(text: str, shown: str) -> None:
    assert as_markdown(text) == shown


_SPAN = re.compile(r"(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_LIVE = re.compile(r"[<>@]|://|#\d|www\.|:[a-z0-9_+-]+:|(?<!\\)[*_|\[\]]", re.IGNORECASE)


@given(st.text(st.sampled_from("ab1:/.,;()@#`\\|<>[]_* \n\r\u202ewWgGhH-+"), max_size=40))
def test_outside_of_code_nothing_is_left_that_github_makes_anything_of(text: str) -> None:
    shown = as_markdown(text)
    assert "\n" not in shown
    assert not _LIVE.search(_SPAN.sub("", shown)), shown
    assert not re.search(r"(?<!\\)(\\\\)*\|", shown), "it would end a cell"
