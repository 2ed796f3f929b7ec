"""The reviewer of a removal reads how far it reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.stub import Stubber
from tests.unit.aws_client import client

from goldenpath.registries.aws import replication
from goldenpath.registries.aws.replication import UNKNOWN, reach_of_removal

if TYPE_CHECKING:
    import pytest

RULE: dict[str, Any] = {
    "destinations": [{"region": "eu-west-1", "registryId": "999999999999"}],
    "deleteReplication": {"enabled": True},
}


def test_a_removal_that_reaches_another_account_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    ecr = client()
    monkeypatch.setattr(replication, "client", lambda *_: ecr)
    with Stubber(ecr) as stub:
        stub.add_response("describe_registry", {"replicationConfiguration": {"rules": []}})
        assert reach_of_removal({}, "team-web") == ()
        stub.add_response("describe_registry", {"replicationConfiguration": {"rules": [RULE]}})
        assert reach_of_removal({}, "team-web")[1].startswith("Deletions are copied too, to eu-west-1 of the account 9")
        stub.add_client_error("describe_registry", "AccessDeniedException", "no")
        assert reach_of_removal({}, "team-web") == (UNKNOWN,)
