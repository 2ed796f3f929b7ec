"""Where the images of a repository are copied to, in words."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.stub import Stubber

from goldenpath.shared.replication import Replica, notes, replicas
from tests.unit.aws_client import client

NAME, ACCOUNT = "team/my-app", "123456789012"
IRELAND, OTHER = {"region": "eu-west-1", "registryId": ACCOUNT}, {"region": "us-east-1", "registryId": "999999999999"}


def rule(*destinations: dict[str, str], prefix: str = "", deletes: bool | None = None) -> dict[str, Any]:
    filters = {"repositoryFilters": [{"filter": prefix, "filterType": "PREFIX_MATCH"}]} if prefix else {}
    deletion = {} if deletes is None else {"deleteReplication": {"enabled": deletes}}
    return {"destinations": list(destinations), **filters, **deletion}


@pytest.mark.parametrize(
    ("rules", "copies"),
    [
        ([], ()),
        ([rule(IRELAND)], (Replica(ACCOUNT, "eu-west-1"),)),
        ([rule(IRELAND, prefix="team/")], (Replica(ACCOUNT, "eu-west-1"),)),
        ([rule(IRELAND, prefix="my-app")], ()),
        ([rule(IRELAND, OTHER, deletes=True)],
         (Replica(ACCOUNT, "eu-west-1", deletes=True), Replica("999999999999", "us-east-1", deletes=True))),
        ([rule(IRELAND, deletes=False), rule(OTHER, prefix="other", deletes=True)], (Replica(ACCOUNT, "eu-west-1"),)),
    ],
)  # fmt: skip
def test_the_rules_that_match_a_repository_say_where_it_is_copied_to(
    rules: list[dict[str, Any]], copies: tuple[Replica, ...]
) -> None:
    ecr = client()
    with Stubber(ecr) as stub:
        stub.add_response("describe_registry", {"replicationConfiguration": {"rules": rules}}, {})
        assert replicas(ecr, NAME) == copies


def test_people_read_where_a_release_appears_and_where_a_deletion_reaches() -> None:
    kept, deleting = Replica(ACCOUNT, "eu-west-1"), Replica("999999999999", "us-east-1", deletes=True)
    assert notes(NAME, ()) == ()
    (copied,) = notes(NAME, (kept,))
    assert copied == (
        "ECR copies the images of team/my-app to eu-west-1 of the account 123456789012; a release is there a little "
        "later."
    )
    assert notes(NAME, (kept, deleting))[1] == (
        "Deletions are copied too, to us-east-1 of the account 999999999999: what an undo, a repair or a retirement "
        "removes from team/my-app is removed there as well."
    )
