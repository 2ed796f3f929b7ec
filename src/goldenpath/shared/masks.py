"""Remember the secrets of this process, and hide them in a text. Only `verbose` prints such texts.

A secret is hidden in every form that an argument or an address may contain: as it is, in a URL, in base64.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

HIDDEN = "***"
# A variable that only has the name of a secret may hold `1`, and the base64 of one character is in many words: hiding
# those would make the log unreadable.
SHORTEST = 6
_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|AUTH|PRIVATE|KEY", re.IGNORECASE)
# Secrets that nobody registered: the user and the query of a URL (the query of a signed address is a key), a token of
# GitHub ("Token formats"), and a JSON web token, like that of OIDC (RFC 7519).
_SECRET_SHAPES = (
    (re.compile(r"://[^\s/]*@"), f"://{HIDDEN}@"),
    (re.compile(r"(://[^\s?]*\?)\S+"), rf"\1{HIDDEN}"),
    (re.compile(r"\b(?:gh[a-z]_|github_pat_)\w{20,}|\beyJ[\w-]+\.[\w-]+\.[\w-]*"), HIDDEN),
)
_secrets: set[str] = set()


def hide(secret: str) -> None:
    """Remember each line of `secret`, to be hidden from now on."""
    for line in filter(None, secret.splitlines()):
        _secrets.add(line)
        if len(line) >= SHORTEST:
            raw = line.encode("utf-8", "surrogateescape")
            _secrets.update((quote(raw, safe=""), base64.b64encode(raw).decode().rstrip("=")))


def hide_variables(variables: Mapping[str, str]) -> None:
    """Remember the values of `variables` whose name says that they are secret."""
    for name, value in variables.items():
        if _SECRET_NAME.search(name) and len(value) >= SHORTEST:
            hide(value)


def masked(text: str) -> str:
    """Return `text` with every known secret, and what has the shape of one, replaced by `***`."""
    if _secrets:
        # The longest first: a secret may begin with another one, and the rest of it must not stay.
        text = re.sub("|".join(map(re.escape, sorted(_secrets, key=len, reverse=True))), HIDDEN, text)
    for shape, instead in _SECRET_SHAPES:
        text = shape.sub(instead, text)
    return text
