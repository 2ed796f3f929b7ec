"""The page of every error: why it happens, what to do now, and an example of it.

`goldenpath explain` shows a page in a terminal, and docs/errors/ has the same pages for a browser. The parts that a
person wrote are the files in the folder `pages`; the rest comes from the classes in `errors`.
"""

from __future__ import annotations

from pathlib import Path

from goldenpath.shared.errors import GoldenPathError
from goldenpath.shared.names import PLATFORM

PAGES = Path(__file__).parent / "pages"


def kinds() -> dict[str, type[GoldenPathError]]:
    """Return every kind of error by its code, in the order of the exit codes."""
    family = sorted(GoldenPathError.__subclasses__(), key=lambda kind: kind.exit_code)
    return {kind.code: kind for kind in family}


def page(code: str) -> str:
    """Return the page of the error `code`, in Markdown. Raises `KeyError` for a code that no error has."""
    kind = kinds()[code]
    written = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    return f"# `{code}`\n\n{meaning(kind)} The exit status is {kind.exit_code}.\n\n{written}"


def meaning(kind: type[GoldenPathError]) -> str:
    """Return what `kind` means, in one or two sentences."""
    return (kind.__doc__ or "").splitlines()[0]


def address(code: str) -> str:
    """Return where the page of the error `code` is on the web."""
    return f"https://github.com/{PLATFORM}/blob/main/docs/errors/{code}.md"


def example(code: str) -> str:
    """Return the example on the page of the error `code`, as a terminal shows it; empty where there is none."""
    _, _, rest = (PAGES / f"{code}.md").read_text(encoding="utf-8").partition("```console\n")
    return rest.partition("\n```")[0]
