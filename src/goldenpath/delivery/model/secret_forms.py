"""The encodings in which a secret may leak: as it is, in base64, in hex, in a URL or in JSON.

Base64 works in groups of three bytes, so a secret within a longer text has three forms, and the characters at its ends
depend on its neighbours (RFC 4648, section 4). Those characters are left out.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.delivery.model.build_secrets import BuildSecret

# Bytes. A shorter value is in many files by chance, and as a mask it would hide half of the log.
SHORTEST = 8
HIDDEN = "***"
LINE_ENDS = b"\r\n"
_PUBLIC = re.compile(rb"-----BEGIN [A-Z0-9 ]*(?:CERTIFICATE|PUBLIC KEY)-----.*?-----END [A-Z0-9 ]*-----", re.DOTALL)
_PRIVATE = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(.*?)-----END [A-Z0-9 ]*-----", re.DOTALL)
# The whole image is searched once for every form of every word.
_WORDS_AT_MOST = 20
# The secret part of a configuration file: long, and of letters and digits as no word or name has them.
_WORD = re.compile(rb"[A-Za-z0-9_-]{20,}|[A-Za-z0-9+/]{40,}")
_LONG_WORD = re.compile(rb"[A-Za-z0-9+/]{40,}={0,2}")
_MIXED = tuple(re.compile(kind) for kind in (rb"[a-z]", rb"[A-Z]", rb"[0-9]"))
_HEX = re.compile(rb"[0-9a-fA-F]{32,}")


@dataclass(frozen=True)
class Form:
    """One way to write the secret `secret`. `content` has no line ends, so that a wrapped one matches too."""

    secret: str
    name: str
    content: bytes


def forms(secrets: Iterable[BuildSecret]) -> tuple[Form, ...]:
    """Return every form of every secret, without repetitions."""
    by_content: dict[bytes, Form] = {}
    for secret in secrets:
        for part in parts(secret.value):
            for name, text in _forms(part):
                content = text.translate(None, LINE_ENDS)
                if len(content) >= SHORTEST:
                    by_content.setdefault(content, Form(secret.id, name, content))
    return tuple(by_content.values())


def parts(value: bytes) -> tuple[bytes, ...]:
    """Return the secret parts of `value`: the whole, every private key, and the first words that look like a token.

    Certificates and public keys are no secret: an image holds the same ones for good reasons. Single lines of a key are
    not searched for: the first one is the same in every key of a kind.
    """
    rest, removed = _PUBLIC.subn(b"\n", value)
    whole = [] if removed else [rest.strip()]
    # A key in JSON has its line ends written as `\n`.
    text = rest.replace(rb"\n", b"\n")
    keys = [body.strip() for body in _PRIVATE.findall(text)]
    text = _PRIVATE.sub(b"\n", text)
    words = [word for pattern in (_WORD, _LONG_WORD) for word in pattern.findall(text) if _looks_random(word)]
    listed = (*whole, *keys, *tuple(dict.fromkeys(words))[:_WORDS_AT_MOST])
    return tuple(part for part in dict.fromkeys(listed) if len(part) >= SHORTEST)


def _looks_random(word: bytes) -> bool:
    return all(kind.search(word) for kind in _MIXED) or bool(_HEX.fullmatch(word))


def _forms(part: bytes) -> Iterator[tuple[str, bytes]]:
    yield "as it is", part
    yield "in hex", part.hex().encode()
    yield "in hex", part.hex().upper().encode()
    for shift in range(3):
        for alphabet in (None, b"-_"):
            yield "in base64", _base64(part, shift, alphabet)
    text = part.decode("utf-8", "surrogateescape")
    for url in (quote(part, safe=""), quote(part), quote_plus(part)):
        yield "as in a URL", url.encode()
        yield "as in a URL", re.sub("%..", lambda match: match[0].lower(), url).encode()
    for is_ascii in (True, False):
        escaped = json.dumps(text, ensure_ascii=is_ascii)[1:-1]
        yield "as in JSON", escaped.encode("utf-8", "surrogateescape")
        # Go, which writes the image's configuration, escapes these too.
        for sign in "&<>":
            escaped = escaped.replace(sign, f"\\u{ord(sign):04x}")
        yield "as in JSON", escaped.encode("utf-8", "surrogateescape")


def _base64(part: bytes, shift: int, alphabet: bytes | None) -> bytes:
    """Return the characters that stand only for `part` where `shift` bytes of a group of three come before it."""
    encoded = base64.b64encode(b"\0" * shift + part, alphabet).rstrip(b"=")
    # A last group that is not full ends in a character that holds bits of the next byte.
    is_full = (shift + len(part)) % 3 == 0
    return encoded[(0, 2, 3)[shift] : None if is_full else -1]


def lines_to_mask(value: bytes) -> tuple[str, ...]:
    """Return the lines of `value` that a log must not show, as far as they are long enough to be masked."""
    lines = (line.strip() for line in value.decode("utf-8", "replace").splitlines())
    return tuple(line for line in lines if len(line) >= SHORTEST)


def redacted(text: str, secrets: Iterable[BuildSecret]) -> str:
    """Return `text` with every form of every secret hidden, and every line of a secret."""
    given = tuple(secrets)
    hidden = {form.content.decode("utf-8", "replace") for form in forms(given)}
    hidden |= {line for secret in given for line in lines_to_mask(secret.value)}
    for part in sorted(hidden, key=len, reverse=True):
        text = text.replace(part, HIDDEN)
    return text
