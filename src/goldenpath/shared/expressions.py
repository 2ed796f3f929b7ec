"""Resolve the GitHub expressions that name a workflow's own repository, without GitHub.

Source: GitHub, "Contexts reference", `github`; "Webhook events and payloads" (`repository` is in all but `schedule`).
"""

from __future__ import annotations

import re

_EXPRESSION = re.compile(
    r"\$\{\{\s*github\.(?P<path>repository|event\.repository\.(?:name|full_name))\s*\}\}", re.IGNORECASE
)


def with_own_repository(text: str, slug: str) -> str:
    """Return `text` with the repository `slug` (`owner/name`) in the place of the expressions that name it.

    Every other expression stays, and so do these where `slug` is empty.
    """
    if not slug:
        return text
    name = slug.rpartition("/")[2]
    return _EXPRESSION.sub(lambda match: name if match["path"].lower().endswith(".name") else slug, text)
