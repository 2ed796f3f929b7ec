"""The rules of an environment in words."""

from __future__ import annotations

from datetime import timedelta

from goldenpath.delivery.rules import explanation, matrix
from tests.unit import policy_table

LIMIT = timedelta(days=30)


TEXT = policy_table.TEXT


def test_a_platform_says_how_old_base_images_may_be() -> None:
    written = matrix.parse(TEXT.replace("base_registries: any", "base_registries: any\n    base_days: 30"))
    assert {each.base_age for each in written.environments} == {LIMIT}
    said = {name: "\n".join(explanation.rules(written.environment(name))) for name in ("prod", "dev")}
    assert "base images from any registry; one that is older than 30 days is refused" in said["prod"]
    assert "base images from any registry; one that is older than 30 days is reported" in said["dev"]


def test_a_platform_says_who_signs_and_what_becomes_of_an_unsigned_release() -> None:
    profile = "arn:aws:signer:eu-west-2:123456789012:/signing-profiles/release"
    rules = f"base_registries: any\n    signing_profiles: ['{profile}']\n    managed_signing: "
    for word, end in (("required", "undone"), ("reported", "reported")):
        written = matrix.parse(TEXT.replace("base_registries: any", rules + word)).environment("prod")
        assert f"signing     by ECR with {profile}; an unsigned release is {end}" in list(explanation.rules(written))
    assert not any("signing" in line for line in explanation.rules(matrix.load().environment("prod")))
