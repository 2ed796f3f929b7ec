"""AssumeRoleWithWebIdentity, checked as AWS checks it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from goldenpath.local.aws.sts import Sts, trust_policy
from goldenpath.local.github import oidc
from goldenpath.local.responses import AwsError

if TYPE_CHECKING:
    from moto.sts.models import AssumedRole

ACCOUNT = "567890123456"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deliver"
SUBJECT = "repo:octo/app:ref:refs/heads/main"
ISSUER = oidc.TokenIssuer()


@pytest.fixture
def sts() -> Sts:
    iam = iam_backends[ACCOUNT]["aws"]
    iam.reset()
    sts_backends[ACCOUNT]["aws"].reset()
    iam.create_open_id_connect_provider(f"https://{oidc.ISSUER}", [], ["sts.amazonaws.com"], [])
    iam.create_role("deliver", trust_policy(ACCOUNT, ("repo:octo/app:*",)), "/", None, "", [], "3600")
    return Sts(ACCOUNT, "eu-west-2", ISSUER.public_key)


def token(*, lifetime: int = 300, **claims: str) -> str:
    asked = {"sub": SUBJECT, "repository": "octo/app", "audience": "sts.amazonaws.com", **claims}
    return ISSUER.issue(oidc.claims_of(asked), lifetime=lifetime)


def refused(sts: Sts, **form: str) -> tuple[int, str, str]:
    asked = {"RoleArn": ROLE, "RoleSessionName": "run", "WebIdentityToken": token(), **form}
    with pytest.raises(AwsError) as error:
        sts.assume_role(asked)
    return error.value.status, error.value.code, error.value.message


def session(sts: Sts, **form: str) -> AssumedRole:
    sts.assume_role({"RoleArn": ROLE, "RoleSessionName": "run", "WebIdentityToken": token(), **form})
    return sts_backends[ACCOUNT]["aws"].assumed_roles[-1]


def test_a_good_token_gives_a_session_that_is_known_by_its_key(sts: Sts) -> None:
    made = session(sts)
    principal = sts.principal(made.access_key_id, made.session_token)
    assert principal is not None
    assert principal.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/deliver/run"
    assert sts.principal(made.access_key_id, "another token") is None
    assert sts.principal("AKIAIOSFODNN7EXAMPLE", "") is None


def test_a_session_that_is_over_is_expired(sts: Sts) -> None:
    made = session(sts)
    sts.expire()
    with pytest.raises(AwsError) as error:
        sts.principal(made.access_key_id, made.session_token)
    assert (error.value.status, error.value.code) == (400, "ExpiredTokenException")


def test_a_session_policy_narrows_the_principal(sts: Sts) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ecr:Get*", "Resource": "*"}]}
    made = session(sts, Policy=json.dumps(policy))
    principal = sts.principal(made.access_key_id, made.session_token)
    assert principal is not None
    assert principal.refusal("ecr:GetAuthorizationToken", "*") is None
    assert principal.refusal("ecr:PutImage", "*") == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/deliver/run is not authorized to perform: ecr:PutImage "
        "on resource: * because no session policy allows the ecr:PutImage action"
    )


def test_an_expired_token_is_refused(sts: Sts) -> None:
    status, code, message = refused(sts, WebIdentityToken=token(lifetime=-10))
    assert (status, code) == (400, "ExpiredTokenException")
    assert message.startswith("Token expired: current date/time ")


def test_a_token_for_somebody_else_is_refused(sts: Sts) -> None:
    wrong = refused(sts, WebIdentityToken=token(audience="https://github.com/octo"))
    assert wrong == (400, "InvalidIdentityToken", "Incorrect token audience")


def test_a_token_of_another_issuer_is_refused(sts: Sts) -> None:
    wrong = refused(sts, WebIdentityToken=token(iss="https://example.org"))
    assert wrong == (
        400,
        "InvalidIdentityToken",
        "No OpenIDConnect provider found in your account for https://example.org",
    )


def test_a_token_with_a_foreign_signature_is_refused(sts: Sts) -> None:
    claims = jwt.decode(token(), options={"verify_signature": False})
    forged = jwt.encode(claims, rsa.generate_private_key(65537, 2048), algorithm="RS256")
    for wrong in (forged, token() + "x", "nonsense", jwt.encode(claims, "k" * 32, algorithm="HS256")):
        assert refused(sts, WebIdentityToken=wrong)[:2] == (400, "InvalidIdentityToken")


@pytest.mark.parametrize(
    ("role", "claims"),
    [
        (ROLE + "2", {}),
        (ROLE, {"sub": "repo:octo/app2:ref:refs/heads/main"}),
        (ROLE, {"sub": "repo:evil/octo/app:pull_request"}),
    ],
)
def test_a_role_that_is_missing_or_does_not_trust_says_the_same(sts: Sts, role: str, claims: dict[str, Any]) -> None:
    assert refused(sts, RoleArn=role, WebIdentityToken=token(**claims)) == (
        403,
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    )


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"DurationSeconds": "899"}, "ValidationError"),
        ({"DurationSeconds": "3601"}, "ValidationError"),
        ({"DurationSeconds": "soon"}, "ValidationError"),
        ({"RoleSessionName": "a b"}, "ValidationError"),
        ({"RoleSessionName": ""}, "ValidationError"),
        ({"Policy": "{"}, "MalformedPolicyDocument"),
        ({"Policy": " " * 2049}, "PackedPolicyTooLarge"),
    ],
)
def test_a_form_that_aws_would_not_take_is_refused(sts: Sts, form: dict[str, str], code: str) -> None:
    assert refused(sts, **form)[:2] == (400, code)
