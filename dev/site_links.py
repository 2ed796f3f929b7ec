"""A hook of MkDocs: links from documents to other files of the repository lead to these files on GitHub."""

from __future__ import annotations

import posixpath
import re
from typing import Any

_LINK = re.compile(r"(\]\()((?:\.\./)+[^)#\s]+|templates/[^)#\s]+|(?:\.\./)*schemas/[^)#\s]+)")


def on_page_markdown(markdown: str, page: Any, config: Any, **_: object) -> str:  # noqa: ANN401  MkDocs has no types
    """Return the text of `page` with each link out of `docs` replaced. MkDocs calls this for every page."""
    folder = posixpath.dirname(f"docs/{page.file.src_uri}")

    def replaced(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, match[2]))
        is_page = target.startswith("docs/") and not target.startswith(("docs/templates/", "docs/schemas/"))
        return match[0] if is_page else f"{match[1]}{config['repo_url']}/blob/main/{target}"

    return _LINK.sub(replaced, markdown)
