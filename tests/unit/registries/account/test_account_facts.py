from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from tests.doubles.aws import registry_settings

from goldenpath.registries.account import account_facts
from goldenpath.registries.account.account_facts import ISSUER, BucketFacts, RoleFacts
from goldenpath.registries.aws.creation_templates import TemplateFacts
from goldenpath.shared.errors import AccessDenied
from goldenpath.shared.names import Region

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = Region("eu-west-2")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Clients of an account that holds nothing; moto responds to them in this process."""
    registry_settings.install()
    for name, value in {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": REGION}.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield lambda service: boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


def trust(provider: str, condition: dict[str, Any]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": condition,
            }
        ],
    }


def allowing(action: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_an_empty_account_is_read_as_one(client: Callable[[str], Any]) -> None:
    facts = account_facts.read(REGION, "our-state")

    assert (facts.audiences, facts.roles) == (None, ())
    assert facts.bucket == BucketFacts("our-state", missing=True)
    assert (facts.scanned_on_push, facts.excluded, facts.templates) == ((), frozenset(), ())


def test_a_bucket_that_is_not_named_is_not_looked_at(client: Callable[[str], Any]) -> None:
    assert account_facts.read(REGION, "").bucket is None


def test_a_provider_and_the_roles_that_trust_it_are_read_with_all_their_policies(client: Callable[[str], Any]) -> None:
    iam = client("iam")
    provider = iam.create_open_id_connect_provider(Url=f"https://{ISSUER}", ClientIDList=["sts.amazonaws.com"])
    iam.create_open_id_connect_provider(Url="https://gitlab.com", ClientIDList=["other"])
    arn = provider["OpenIDConnectProviderArn"]
    wanted = trust(arn, {"StringEquals": {f"{ISSUER}:sub": "repo:a/b:ref:refs/heads/main"}})
    iam.create_role(RoleName="ours", AssumeRolePolicyDocument=json.dumps(wanted))
    theirs = trust(arn.replace(ISSUER, "gitlab.com"), {})
    iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=json.dumps(theirs))
    reads, writes = allowing("ecr:ListImages"), allowing("ecr:PutImage")
    iam.put_role_policy(RoleName="ours", PolicyName="inline", PolicyDocument=json.dumps(reads))
    made = iam.create_policy(PolicyName="attached", PolicyDocument=json.dumps(writes))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="ours", PolicyArn=made)
    iam.put_role_permissions_boundary(RoleName="ours", PermissionsBoundary=made)

    facts = account_facts.read(REGION, "")

    assert facts.audiences == ("sts.amazonaws.com",)
    ours = f"arn:aws:iam::{facts.account}:role/ours"
    assert facts.roles == (RoleFacts("ours", ours, wanted, (reads, writes), has_boundary=True),)
    assert facts.roles[0].conditions == ({"sub": ("repo:a/b:ref:refs/heads/main",)},)


def test_a_bucket_is_read_as_it_is(client: Callable[[str], Any]) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="our-state", CreateBucketConfiguration={"LocationConstraint": REGION})
    assert account_facts.read(REGION, "our-state").bucket == BucketFacts("our-state")
    s3.put_bucket_versioning(Bucket="our-state", VersioningConfiguration={"Status": "Enabled"})
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket="our-state", PublicAccessBlockConfiguration=dict.fromkeys(names, True))
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket="our-state", ServerSideEncryptionConfiguration={"Rules": [rule]})

    found = account_facts.read(REGION, "our-state").bucket

    assert found == BucketFacts("our-state", versioned=True, private=True, encrypted=True)


def test_the_settings_of_a_registry_are_read(client: Callable[[str], Any]) -> None:
    ecr = client("ecr")
    filters = [{"filter": "team-*", "filterType": "WILDCARD"}]
    rules = [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": filters}]
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=rules)
    arn = "arn:aws:iam::123456789012:role/goldenpath-plan-dev"
    ecr.register_pull_time_update_exclusion(principalArn=arn)
    ecr.create_repository_creation_template(prefix="ROOT", appliedFor=["CREATE_ON_PUSH"])
    denied = {"Statement": {"Effect": "Deny", "Principal": "*", "Action": ["ecr:BatchGetImage"]}}
    expired = {"rules": [{"rulePriority": 1, "action": {"type": "expire"}}]}
    ecr.create_repository_creation_template(
        prefix="team", appliedFor=["REPLICATION"], imageTagMutability="IMMUTABLE",
        repositoryPolicy=json.dumps(denied), lifecyclePolicy=json.dumps(expired),
    )  # fmt: skip

    facts = account_facts.read(REGION, "")

    assert facts.scanned_on_push == ("team-*",)
    assert facts.excluded == {arn}
    assert facts.templates == (
        TemplateFacts("ROOT", on_push=True, immutable=False, expires=False, refuses_pulls=False),
        TemplateFacts("team", on_push=False, immutable=True, expires=True, refuses_pulls=True),
    )
    assert [template.quarantines for template in facts.templates] == [False, True]


def test_a_login_that_may_not_look_is_told_where_to_read_what_it_needs(
    client: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise client("iam").exceptions.ClientError(
            {"Error": {"Code": "AccessDenied", "Message": "not authorized to perform: iam:ListRoles"}}, "ListRoles"
        )

    monkeypatch.setattr(account_facts, "_roles", refused)

    with pytest.raises(AccessDenied, match="iam:ListRoles") as error:
        account_facts.read(REGION, "")
    assert "docs/setup.md" in error.value.fix
