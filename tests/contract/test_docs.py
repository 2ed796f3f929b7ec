"""The documents speak of what is there: files, headings, commands, options, `make` targets, workflow inputs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from dev import release_notes
from dev.command_tree import command_of

from goldenpath.delivery.adoption import reusable_workflow

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
FEWEST_WORDS = 3
BLOCK = re.compile(r"```(?:sh|console)?\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"(?:^|[`\"(] ?|\$ )(?:bin/)?goldenpath ([a-z][^`\n#|)]*)", re.MULTILINE)
TARGET = re.compile(r"^(?:\$ )?make ([a-z-]+)", re.MULTILINE)
ids = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    return {anchor(line.lstrip("#")) for line in path.read_text().splitlines() if line.startswith("#")}


def spoken_of(text: str) -> Iterator[list[str]]:
    for found in COMMAND.finditer(text.replace("\\\n", " ")):
        yield shlex.split(found[1].replace("'", " ").replace('"', " "))


def unknown(words: list[str]) -> str:
    """Return what of a command line the program does not know; empty when it knows all of it."""
    try:
        command, rest = command_of(words)
    except KeyError as error:
        (name,) = error.args
        return "" if "|" in name or name.startswith("-") else name
    known = {option for each in command.params for option in each.opts} | {"--help", "-h", "--version"}
    return " ".join(word for word in rest if word.startswith("--") and word.partition("=")[0] not in known)


@pytest.mark.parametrize("path", DOCUMENTS, ids=ids)
def test_every_link_leads_somewhere(path: Path) -> None:
    for place, heading in LINK.findall(path.read_text()):
        target = (path.parent / place).resolve() if place else path
        assert target.exists(), place
        assert not heading or heading in anchors(target), f"{place}#{heading}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=ids)
def test_every_picture_says_in_words_what_it_shows(path: Path) -> None:
    assert [picture for words, picture in PICTURE.findall(path.read_text()) if len(words.split()) < FEWEST_WORDS] == []


def test_the_readme_shows_a_picture_and_three_doors_before_it_goes_into_detail() -> None:
    first_chapter = (ROOT / "README.md").read_text().partition("\n## Use it")[0]
    assert PICTURE.search(first_chapter)
    assert {"docs/tutorial.md", "docs/setup.md", "CONTRIBUTING.md"} <= {
        place for place, _ in LINK.findall(first_chapter)
    }


@pytest.mark.parametrize("path", DOCUMENTS, ids=ids)
def test_every_command_and_option_is_known_to_the_program(path: Path) -> None:
    assert [words for block in BLOCK.findall(path.read_text()) for words in spoken_of(block) if unknown(words)] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=ids)
def test_every_make_target_is_in_the_makefile(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    spoken = {name for block in BLOCK.findall(path.read_text()) for name in TARGET.findall(block)}
    assert spoken <= targets


def test_the_permissions_in_the_readme_are_those_that_the_called_jobs_need() -> None:
    block = re.search(r"```yaml\n(jobs:.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    (job,) = yaml.safe_load(block[1])["jobs"].values()
    assert job["permissions"] == reusable_workflow.read().permissions


def test_the_errors_that_the_guide_explains_are_errors_of_the_program() -> None:
    codes = set(re.findall(r"`([a-z-]+)`", (ROOT / "docs" / "errors.md").read_text()))
    part = (ROOT / "docs" / "guide.md").read_text().partition("## When something is wrong")[2]
    explained = set(re.findall(r"^\| `([a-z-]+)` \|", part, re.MULTILINE))
    assert explained
    assert explained <= codes


CHANGELOG = (
    "# Changelog\n\n## Unreleased\n\n- soon\n\n## 1.2.3 - 2026-11-30\n\n### Security\n\n- a fix\n\n## 1.2.2\n- old\n"
)


def test_a_release_tells_its_own_part_of_the_changelog() -> None:
    assert release_notes.notes(CHANGELOG, "1.2.3") == "### Security\n\n- a fix"


@pytest.mark.parametrize("version", ["1.2.4", "1.2.2", "1.2", "Unreleased"])
def test_a_version_without_a_dated_part_cannot_be_released(version: str) -> None:
    assert release_notes.notes(CHANGELOG, version) == ""
    assert f"CHANGELOG.md has no part `## {version} - YYYY-MM-DD`" in release_notes.mistakes(version, "")


def test_the_example_has_the_caller_that_every_app_copies() -> None:
    template = (
        (ROOT / "docs/templates/workflows/delivery.yml")
        .read_text()
        .replace("${{ github.event.repository.name }}", "goldenpath-wordpress-app")
    )
    example = (ROOT / "examples/wordpress/.github/workflows/delivery.yml").read_text()
    assert example.partition("name: ")[2] == template.partition("name: ")[2]
