"""The commands of the how-tos and the references, typed in an app's folder; what they print is what the page shows.

The pages: guide.md, policy.md, registries.md, release.md, exception.md, monorepo.md, old-repository.md and editor.md.
"""

from __future__ import annotations

import datetime as dt
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests import documents
from tests.tools import apps
from tests.tools.command import ROOT

from goldenpath import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.documents import Block
    from tests.tools.apps import App

pytestmark = pytest.mark.tools
THIS = "tests/tools/test_typed_pages.py"
REFERENCES = ("policy.md", "registries.md", "release.md", "howto/editor.md")
EXPIRES = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)).isoformat()
_DAY, _FINGERPRINT = re.compile(r"until \d{4}-\d\d-\d\d"), re.compile(r"\([0-9a-f]{32}\)")


def blocks(page: str) -> list[Block]:
    """Return the blocks of `page` that this module runs."""
    return [block for block in documents.blocks(ROOT / "docs" / page) if block.mark == f"run by: {THIS}"]


def shown(page: str) -> str:
    """Return the output that `page` shows."""
    return "\n".join(block.text for block in documents.blocks(ROOT / "docs" / page) if block.language == "console")


def like_the_page(text: str) -> str:
    """Return `text` with another day and another fingerprint than every run has."""
    return _FINGERPRINT.sub("(FINGERPRINT)", _DAY.sub("until DAY", text))


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    """An app's folder that somebody is in; its history has a secret."""
    app = apps.make(tmp_path / "my-app")
    app.plant_secret()
    (app.folder / "config.py").unlink()
    app.save("Take it out")
    monkeypatch.chdir(app.folder)
    return app


def typed(block: Block, capsys: pytest.CaptureFixture[str], accept: frozenset[int] = frozenset({0})) -> str:
    """Run the commands of `block` and return what they printed."""
    commands = list(block.commands())
    assert commands, block.name
    capsys.readouterr()
    codes = {" ".join(words): cli.run(words) for words in commands}
    text = "".join(capsys.readouterr())
    assert set(codes.values()) <= accept, (codes, text)
    return text


def test_each_page_that_names_this_module_is_typed_here() -> None:
    pages = {block.page.name for block in documents.every_block() if block.mark == f"run by: {THIS}"}
    assert pages == {
        *(Path(page).name for page in REFERENCES),
        "guide.md",
        "exception.md",
        "old-repository.md",
        "monorepo.md",
    }


@pytest.mark.parametrize("page", REFERENCES)
def test_what_a_reference_page_has_typed_works(page: str, app: App, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.folder.exists()
    for block in blocks(page):
        assert typed(block, capsys)


def test_the_guide_writes_the_set_up(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = blocks("guide.md")
    typed(block, capsys)
    assert (app.folder / ".github/workflows/delivery.yml").exists()


def test_an_exception_is_accepted_as_the_page_shows(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    page = "howto/exception.md"
    (rules,) = [block.text for block in documents.blocks(ROOT / "docs" / page) if block.language == "yaml"]
    app.write(".goldenpath.yml", re.sub(r"expires: \S+", f"expires: {EXPIRES}", rules)).save("Live with it")
    text = like_the_page("".join(typed(block, capsys) for block in blocks(page)))
    assert [line for line in like_the_page(shown(page)).splitlines() if line not in text] == []


def test_an_old_secret_is_settled_as_the_page_shows(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    page = "howto/old-repository.md"
    start, settle = blocks(page)
    typed(start, capsys)
    text = like_the_page(typed(settle, capsys))
    assert [line for line in like_the_page(shown(page)).splitlines() if line not in text] == []
    assert (app.folder / ".goldenpath-settled.yml").exists()


def test_several_images_are_set_up_as_the_page_shows(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    page = "howto/monorepo.md"
    (app.folder / "Dockerfile").unlink()
    for folder in ("my-web", "my-worker"):
        app.write(f"{folder}/Dockerfile", apps.DOCKERFILE)
    app.save("Two images")
    assert cli.run(["init"]) != 0
    refusal = "".join(capsys.readouterr())
    assert [line for line in shown(page).splitlines() if line not in refusal] == []
    plain, reporting = blocks(page)
    caller = app.folder / ".github/workflows/delivery.yml"
    typed(plain, capsys)
    assert "my-app-my-web" in caller.read_text()
    typed(reporting, capsys)
    assert "  notify-my-app-my-web:\n" in caller.read_text()
