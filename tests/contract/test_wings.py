"""The page of each wing: a screen long, and it names what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.contract.test_registries_wing import FEWEST_COMMENTS, comments

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "goldenpath"
WINGS = ("delivery", "local", "policy", "registries", "shared")
LONGEST = 60
_NAME = re.compile(r"`([\w/]+)`")


def rooms(wing: Path) -> set[str]:
    """Return the folders of `wing` that hold code, each with a slash at its end; empty for the wing itself."""
    return {"".join(f"{part}/" for part in path.parent.relative_to(wing).parts) for path in wing.rglob("*.py")}


def modules(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.py") if path.name != "__init__.py"}


def listed(wing: Path) -> dict[str, set[str]]:
    """Return the modules that the table in the page of `wing` names, by their room."""
    named: dict[str, set[str]] = {}
    for row in re.findall(r"^\| (.*?) ?\| (.*?) \|", (wing / "README.md").read_text(), re.MULTILINE)[2:]:
        named.setdefault("".join(_NAME.findall(row[0])), set()).update(_NAME.findall(row[1]))
    return named


def test_every_wing_has_a_page() -> None:
    assert {path.parent.name for path in PACKAGE.glob("*/README.md")} == set(WINGS)
    assert {path.name for path in PACKAGE.iterdir() if any(path.glob("*.py"))} == set(WINGS)


@pytest.mark.parametrize("wing", WINGS)
def test_the_page_of_a_wing_names_every_room_and_no_other(wing: str) -> None:
    assert {room for room in listed(PACKAGE / wing) if room} == {room for room in rooms(PACKAGE / wing) if room}


@pytest.mark.parametrize("wing", WINGS)
def test_the_page_of_a_wing_names_only_modules_that_are_there(wing: str) -> None:
    for room, names in listed(PACKAGE / wing).items():
        assert names - modules(PACKAGE / wing / room) == set(), room


@pytest.mark.parametrize("wing", WINGS)
def test_the_page_of_a_wing_names_every_module_that_is_in_no_room(wing: str) -> None:
    assert modules(PACKAGE / wing) - listed(PACKAGE / wing).get("", set()) == set()


@pytest.mark.parametrize("wing", WINGS)
def test_the_page_of_a_wing_fits_on_a_screen_and_says_where_to_begin(wing: str) -> None:
    text = (PACKAGE / wing / "README.md").read_text()
    assert len(text.splitlines()) <= LONGEST
    for heading in ("**Comes in:**", "**Goes out:**", "**Open first:**"):
        assert text.count(heading) == 1


def test_every_room_says_what_it_is_about() -> None:
    silent = [path for path in PACKAGE.rglob("__init__.py") if not path.read_text().startswith('"""')]
    assert silent == []


@pytest.mark.parametrize("room", ["delivery/release", "delivery/layers"])
def test_a_room_of_hard_code_says_why(room: str) -> None:
    files = sorted((PACKAGE / room).glob("*.py"))
    lines = sum(len(path.read_text().splitlines()) for path in files)
    assert 1000 * sum(map(comments, files)) / lines > FEWEST_COMMENTS
