"""The signature, and the addresses that are no webhooks. Sending is tested in `tests/tools`."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from goldenpath.delivery.notifications import webhook
from goldenpath.delivery.notifications.webhook import Webhook
from goldenpath.shared.errors import BadInput

KEY = "0123456789abcdef"


def test_the_signature_covers_time_and_body() -> None:
    expected = hmac.new(KEY.encode(), b'1764380000.{"a":1}', hashlib.sha256).hexdigest()
    assert webhook.signature(KEY, 1764380000, b'{"a":1}') == f"sha256={expected}"
    others = {webhook.signature(KEY, 1764380001, b'{"a":1}'), webhook.signature(KEY, 1764380000, b'{"a":2}'),
              webhook.signature(KEY + "0", 1764380000, b'{"a":1}')}  # fmt: skip
    assert len(others - {f"sha256={expected}"}) == 3


@pytest.mark.parametrize(
    ("url", "key", "why"),
    [
        ("https://hooks.example/T0", "", "there is no key"),
        ("https://hooks.example/T0", KEY[1:], "its key is shorter than 16 characters"),
        ("http://hooks.example/T0", KEY, "does not begin with https://"),
        ("//hooks.example/T0", KEY, "does not begin with https://"),
        ("file:///T0", KEY, "does not begin with https://"),
        ("https:///T0", KEY, "does not begin with https://"),
        ("https://hooks.example/T0 x", KEY, "does not begin with https://"),
        ("https://me:pass@hooks.example/T0", KEY, "holds a login"),
        ("https://hooks.example:T0/", KEY, "is not a URL"),
    ],
)
def test_an_address_that_is_no_webhook_is_refused_and_not_shown(url: str, key: str, why: str) -> None:
    with pytest.raises(BadInput, match=why) as refused:
        Webhook(url, key)
    assert "T0" not in str(refused.value)
    assert not key or key not in str(refused.value)


def test_neither_address_nor_key_is_shown() -> None:
    assert repr(Webhook("https://hooks.example/T0", KEY)) == "Webhook()"
