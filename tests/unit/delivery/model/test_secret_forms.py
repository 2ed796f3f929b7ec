"""The forms that a secret can have."""

from __future__ import annotations

import base64

from goldenpath.delivery.model.build_secrets import BuildSecret
from goldenpath.delivery.model.secret_forms import forms, lines_to_mask, parts, redacted

PLAIN = "npm_Ab3dEf6hIj9lMn2pQr5t"


CERTIFICATE = (
    b"-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUabcDEF0123456789abcdefghijklmnop\n-----END CERTIFICATE-----\n"
)


KEY = b"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----\n"


def test_public_certificates_are_no_secret() -> None:
    bundle = b"# GlobalSign Root CA\n" + CERTIFICATE * 3
    assert parts(bundle) == ()
    assert parts(bundle + KEY) == (KEY.splitlines()[1],)


def test_a_long_file_of_tokens_does_not_make_the_search_endless() -> None:
    listed = "\n".join(f"t{number}: {PLAIN}{number}" for number in range(1000))
    assert len(parts(listed.encode())) == 1 + 20


def test_what_is_too_short_to_be_told_from_chance_is_not_searched_for() -> None:
    assert forms([BuildSecret("user", b"bob-12\n")]) == ()


def test_a_secret_is_hidden_in_a_text_in_every_form() -> None:
    secrets = [BuildSecret("npm", PLAIN.encode()), BuildSecret("rc", b"first line\nsecond line\n")]
    encoded = base64.b64encode(f"u:{PLAIN}".encode()).decode()
    shown = redacted(f"echo {PLAIN}; echo {encoded}; second line; x", secrets)
    assert PLAIN not in shown
    assert encoded[4:-4] not in shown
    assert shown.endswith("; ***; x")


def test_only_lines_that_are_long_enough_are_masked() -> None:
    assert lines_to_mask(b'{\n  "token": "x"\n}\n') == ('"token": "x"',)
