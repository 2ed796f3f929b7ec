"""Put a digest before a file's bytes, so that damage is noticed. The digest does not say who wrote them."""

from __future__ import annotations

import hashlib


def seal(content: bytes) -> bytes:
    """Return `content` behind its SHA-256 in hexadecimal digits and a line break."""
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def opened(raw: bytes) -> bytes:
    """Return the content of what `seal` made. Raises `ValueError` where it is damaged."""
    digest, _, content = raw.partition(b"\n")
    if digest != hashlib.sha256(content).hexdigest().encode():
        raise ValueError("the digest does not fit the content")
    return content
