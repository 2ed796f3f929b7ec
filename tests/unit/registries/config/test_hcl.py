from __future__ import annotations

from typing import Any

import pytest

from goldenpath.registries.config import hcl
from goldenpath.registries.config.hcl import HclUnexpected


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"plain"', "plain"),
        (r'"a \"b\" \\ \n \t \u00e9 \U0001F600"', 'a "b" \\ \n \t é 😀'),
        ('"$${not} %%{a template}"', "${not} %{a template}"),
        ('"a$b%c"', "a$b%c"),
        ("12", 12),
        ("-3", -3),
        ("2.5", 2.5),
        ("1e3", 1000.0),
        ("true", True),
        ("false", False),
        ("null", None),
        ("[]", []),
        ('[1, "two", [3],]', [1, "two", [3]]),
        ("[\n  1, # one\n  2,\n]", [1, 2]),
        ("{}", {}),
        ('{ a = 1, "b c" : 2 }', {"a": 1, "b c": 2}),
        ("{\n  a-b = 1\n\n  // c\n  d = {\n    e = 2\n  }\n}", {"a-b": 1, "d": {"e": 2}}),
    ],
)
def test_a_literal_is_read(written: str, value: Any) -> None:  # noqa: ANN401  any literal
    assert hcl.read_attributes(f"before = 1\nit = {written} # said\n/* and\n more */ after = 2\n") == {
        "before": 1,
        "it": value,
        "after": 2,
    }


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("var.name", "line 1: a literal value was expected, not an expression"),
        ("upper(1)", "line 1: a literal value was expected"),
        ("1 + 2", "line 1: a literal value was expected, not an expression"),
        ('"${var.name}"', "line 1: a plain string was expected, without `${…}`"),
        ('"a ${"b }"} c"', "line 1: a plain string was expected, without `${…}`"),
        (r'"\q"', "line 1: a plain string was expected, without `${…}`"),
        ('"open', "line 1: a string is not closed"),
        ('"${open', "line 1: a `${` is not closed"),
        ("<<EOT\nline\nEOT", "line 1: a literal value was expected"),
        ("<<EOT\nline", "line 2: the text up to EOT has no end"),
        ("[1", "line 1: a `,` or `]` was expected"),
        ("{ a = 1 b = 2 }", "line 1: a literal value was expected, not an expression"),
        ("{ a = 1, a = 2 }", "line 1: the key 'a' is there twice"),
        ("{ a }", "line 1: a `=` was expected after the key 'a'"),
        ("{ (a) = 1 }", "line 1: a key was expected"),
        ("[" * 60 + "]" * 60, "line 1: it is nested too deeply"),
        ("", "line 1: a literal value was expected"),
        ("true ? 1 : 2", "line 1: a literal value was expected, not an expression"),
    ],
)
def test_what_is_no_literal_is_refused_with_its_line(written: str, why: str) -> None:
    with pytest.raises(HclUnexpected) as refused:
        hcl.read_attributes(f"it = {written}")
    assert str(refused.value).startswith(why)


def test_a_file_of_windows_is_read() -> None:
    text = "\ufeff# The first line.\nlocals {\n  note = <<-EOT\n    }\n  EOT\n  wanted = {\n    a = 1 # one\n  }\n}\n"
    entries = hcl.read_map(text.replace("\n", "\r\n"), "locals", "wanted").entries
    assert [(entry.key, entry.value) for entry in entries] == [("a", 1)]


def test_a_byte_order_mark_in_the_middle_is_refused() -> None:
    with pytest.raises(HclUnexpected, match="a literal value was expected"):
        hcl.read_attributes("it = \ufeff1")


def test_an_attribute_that_is_there_twice_is_refused() -> None:
    with pytest.raises(HclUnexpected, match="line 2: `a` is there twice"):
        hcl.read_attributes("a = 1\na = 2\n")


def test_expressions_beside_the_map_are_stepped_over() -> None:
    text = """
    resource "x" "y" {
      locals = "not these }"
    }
    locals {
      before = { for k, v in var.all : k => "${v["}"]}" if k != "" }
      text   = <<-EOT
        wanted = { no = 1 }
      EOT
      wanted = {
        yes = "1"
      }
      after = try(local.wanted.yes, "}")
    }
    """
    found = hcl.read_map(text, "locals", "wanted")
    assert [(entry.key, entry.value) for entry in found.entries] == [("yes", "1")]
    assert text[found.opening] == "{"
    assert text[found.closing] == "}"
    assert text[found.entries[0].start : found.entries[0].end] == 'yes = "1"'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("locals {\n  other = {}\n}\n", "there is no `wanted` in a block `locals`"),
        ("", "there is no `wanted` in a block `locals`"),
        ("locals {\n  wanted = {}\n}\nlocals {\n  wanted = {}\n}\n", "there is more than one `wanted` in a block"),
        ("locals {\n  wanted = merge({}, {})\n}\n", r"line 2: a map \(`{ … }`\) was expected"),
        ("locals {\n  wanted = []\n}\n", r"line 2: a map \(`{ … }`\) was expected"),
        ("locals {\n  wanted = {\n", "a bracket is not closed|a key was expected"),
    ],
)
def test_a_map_that_is_not_there_once_is_refused(text: str, why: str) -> None:
    with pytest.raises(HclUnexpected, match=why):
        hcl.read_map(text, "locals", "wanted")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/*" * 50_000, "line 1: a comment is not closed"),
        ('a = "' + '${"' * 5000, "line 1: strings are nested too deeply"),
        ("a = " + "9" * 5000, "a number has 5000 characters, and 300 are the most"),
        ('a = "\\UFFFFFFFF"', "there is no character with the number FFFFFFFF"),
    ],
    ids=["comments", "strings", "a number", "a character"],
)
def test_what_is_made_to_take_long_or_to_break_us_is_refused(text: str, told: str) -> None:
    with pytest.raises(HclUnexpected, match=f"^{told}$"):
        hcl.read_attributes(text)
