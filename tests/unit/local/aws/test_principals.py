"""Logins of the emulator."""

from __future__ import annotations

import base64

import pytest

from goldenpath.local.aws.principals import Logins, Principal


def test_a_login_is_known_by_its_token_and_ends() -> None:
    logins = Logins()
    login = logins.issue(Principal("arn:aws:iam::1:user/x"))
    assert base64.b64decode(login.token).startswith(b"AWS:")
    assert logins.find(f"Basic {login.token}") == login
    assert not login.expired
    logins.expire()
    found = logins.find(f"basic {login.token}")
    assert found is not None
    assert found.expired


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", "Basic QVdTOng=", "Bearer x"])
def test_a_login_that_was_not_handed_out_is_not_known(header: str) -> None:
    assert Logins().find(header) is None
