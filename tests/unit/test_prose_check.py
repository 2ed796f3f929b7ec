"""Words that this project does not use: where they are seen, what is not one of them, and how limits only shrink."""

from __future__ import annotations

from pathlib import Path

import pytest
from dev import prose_check
from dev.prose import counting, reading, rules, sentences

WORDS = rules.load()


def words_in(tmp_path: Path, text: str, name: str = "module.py") -> list[tuple[int, str]]:
    path = tmp_path / name
    path.write_text(text)
    return [(use.line, use.word) for use in reading.uses(path, WORDS)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1  # the registry told us\n", [(1, "told")]),
        ('"""Sent anew."""\n', [(1, "anew")]),
        ('fix = "mend what it says, then run again"\n', [(1, "mend")]),
        ('why = f"what {gate} lets through"\n', [(1, "lets through")]),
        ('"""One.\n\nThe server answers.\n"""\n', [(3, "answers")]),
        ("names = [each for each in names]\n", [(1, "each"), (1, "each")]),
        ('text = f"{found.name}"\n', [(1, "found")]),
        ("def was_told(): ...\n", [(1, "was_told")]),
        ("class Desk: ...\n", [(1, "Desk")]),
        ("done = result.last_words\n", [(1, "last_words")]),
    ],
)
def test_a_word_is_seen_in_comments_docstrings_texts_and_identifiers(
    tmp_path: Path, text: str, expected: list[tuple[int, str]]
) -> None:
    assert words_in(tmp_path, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "# One line for each image. 3 were found. Leave it alone.\n",
        'KEY = "answer"\n',
        "# `told` is a word in quotes.\n",
        "each_line = found_tags = 1\n",
        "from tests import told as reported\n",
        "lets = 'GitHub lets a run read it'\n",
    ],
)
def test_plain_english_stays(tmp_path: Path, text: str) -> None:
    assert words_in(tmp_path, text) == []


def test_markdown_is_read_without_its_code_and_its_generated_tables(tmp_path: Path) -> None:
    text = "It is told.\n```sh\nmend\n```\n`anew`\n<!-- generated: errors -->\nmend\n<!-- end -->\nby now\n"
    assert words_in(tmp_path, text, "page.md") == [(1, "told"), (9, "by now")]


def test_workflows_and_terraform_are_read_by_their_comments(tmp_path: Path) -> None:
    assert words_in(tmp_path, "name: told\nrun: x # started anew\n", "ci.yml") == [(2, "anew")]


def test_every_rule_says_what_to_write_instead() -> None:
    assert WORDS.in_name("each") == "the item's name"
    assert WORDS.in_text("Mend it") == [(0, "Mend", "fix")]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/goldenpath/delivery/release/undo.py", "src/goldenpath/delivery/release"),
        ("src/goldenpath/cli.py", "src/goldenpath"),
        ("docs/adr/0042-words.md", "docs"),
        ("README.md", "."),
    ],
)
def test_a_file_is_counted_in_its_room_or_its_top_folder(path: str, expected: str) -> None:
    assert counting.folder(Path(path)) == expected


def test_a_folder_over_its_limit_fails_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    by_file = {Path("docs/page.md"): [reading.Use(7, "told", "reported")]}
    limits = tmp_path / "limits.yaml"
    limits.write_text("docs: 1")
    assert prose_check.checked(by_file, "words to avoid", limits, write=False) == 0
    limits.write_text("src: 1")
    assert prose_check.checked(by_file, "words to avoid", limits, write=False) == 1
    printed = capsys.readouterr().out
    assert "docs/page.md:7: told: write reported\ndocs: 1 words to avoid; its limit is 0.\n" in printed


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('BadInput("the tag is taken", fix="Choose another")', ["what begins with 'the'"]),
        (
            'errors.BadInput("Bad", why=f"it is {size} MB", fix="run again")',
            ["fix begins with 'run'", "why begins with 'it'"],
        ),
        ('BadInput("It failed. Nothing was released", fix="Run again")', ["what has two sentences"]),
        ('BadInput(f"{count} tag(s) are taken", fix="Run again")', ["what has 'g(s)'"]),
        ('BadInput("It failed", fix=f"Run {name}.")', ["fix ends in a full stop"]),
        ('BadInput(f"{name} is taken", why="git reported it", fix="`git log` shows it")', []),
        ('BadInput(text, why=reason or "it broke", fix=FIX)', []),
        ('ValueError("it broke")', []),
    ],
)
def test_the_fields_of_an_error_are_sentences(call: str, expected: list[str]) -> None:
    assert [use.word for use in sentences.uses(call, frozenset({"BadInput"}))] == expected


def test_the_family_is_every_class_of_the_errors() -> None:
    names = sentences.family(prose_check.ROOT / "src" / "goldenpath" / "shared" / "errors.py")
    assert names >= {"GoldenPathError", "BadInput", "PlanDrifted"}


def test_limits_follow_code_that_moves_and_never_grow_in_sum(tmp_path: Path) -> None:
    path = tmp_path / "limits.yaml"
    assert counting.write_limits({"docs": 3, "src": 2}, {}, path)
    limits = counting.read_limits(path)
    assert counting.write_limits({"docs": 1, "new": 4}, limits, path)
    assert not counting.write_limits({"docs": 6}, counting.read_limits(path), path)
    assert counting.read_limits(path) == {"docs": 1, "new": 4}
