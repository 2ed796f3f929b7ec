"""The example on the page of each error is what a test produces: `error_examples.yaml` says which one.

`RENEW_EXAMPLES=1 python -m pytest TEST` writes the example again.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import yaml

from goldenpath.shared import error_pages
from goldenpath.shared.console import shown
from goldenpath.shared.errors import GoldenPathError

if TYPE_CHECKING:
    from collections.abc import Iterator

BY_CODE: dict[str, str] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
BY_TEST = {test: code for code, test in BY_CODE.items()}


@contextmanager
def compared(code: str, folder: Path | None) -> Iterator[None]:
    """Fail unless an error that is made while the block lasts is the example on the page of `code`.

    `folder` is the test's own; its path differs from run to run.
    """
    made: list[GoldenPathError] = []
    real = GoldenPathError.__init__

    def recorded(self: GoldenPathError, what: str, *, why: str = "", fix: str) -> None:
        real(self, what, why=why, fix=fix)
        made.append(self)

    with mock.patch.object(GoldenPathError, "__init__", recorded):
        yield
    texts = [_without(folder, "\n".join(shown(error))) for error in made if error.code == code]
    if os.environ.get("RENEW_EXAMPLES"):
        page = Path(str(error_pages.PAGES)) / f"{code}.md"
        page.write_text(page.read_text().partition("```console\n")[0] + f"```console\n{texts[0]}\n```\n")
    assert error_pages.example(code) in texts


def _without(folder: Path | None, text: str) -> str:
    if folder is None:
        return text
    return text.replace(str(folder), "/work").replace(f"{folder.parent.name}/{folder.name}", "envs/dev")
