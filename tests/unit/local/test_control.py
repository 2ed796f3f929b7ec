from __future__ import annotations

import pytest
from werkzeug.test import Client

from goldenpath.local.control import HEALTH, SEED, Control, Seed
from goldenpath.shared import codec


def planted(seed: Seed) -> None:
    if "bad" in seed.repositories:
        raise ValueError("bad is no name")


@pytest.mark.parametrize("token", ["", "Bearer another", "Bearer "])
def test_whoever_does_not_know_the_token_plants_nothing(token: str) -> None:
    seeds = list[Seed]()
    client = Client(Control(seeds.append))
    assert client.post(SEED, data=codec.encode(Seed(("app",))), headers={"Authorization": token}).status_code == 401
    assert seeds == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("DELETE", SEED, b"", 404),
        ("GET", "/other", b"", 404),
        ("POST", SEED, b"{", 400),
        ("POST", SEED, codec.encode(Seed(("bad",))), 400),
        ("POST", SEED, codec.encode(Seed(("app",))), 200),
        ("GET", HEALTH, b"", 200),
    ],
)
def test_a_request_that_cannot_be_done_says_so(method: str, path: str, body: bytes, status: int) -> None:
    control = Control(planted)
    asked = Client(control).open(path, method=method, data=body, headers={"Authorization": f"Bearer {control.token}"})
    assert asked.status_code == status
