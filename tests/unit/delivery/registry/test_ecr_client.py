"""Exact wire: every call is checked whole against what AWS's own service description takes and answers."""

# The SDK's clients have no types of their own.
# ruff: noqa: ANN401

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import botocore.exceptions as sdk
import pytest
from botocore.stub import Stubber

from goldenpath.delivery.registry import ecr_client
from goldenpath.delivery.registry.archive import ImageArchive
from goldenpath.delivery.registry.ecr_client import Ecr, RepositoryInfo, Session
from goldenpath.registries.aws.session import assume_role
from goldenpath.shared import aws_sdk
from goldenpath.shared.errors import (
    AccessDenied,
    GoldenPathError,
    LoginRefused,
    RegistryRefused,
    RegistryThrottled,
    RegistryUnreachable,
    RepositoryMissing,
)
from goldenpath.shared.names import AccountId, Digest, EcrRepository, RoleArn, Tag
from tests.unit.aws_client import REGION, client, client_of
from tests.unit.builders import DIGEST

pytestmark = pytest.mark.usefixtures("no_login_of_this_machine")
ROLE = RoleArn("arn:aws:iam::123456789012:role/deliver-dev")
NAME = EcrRepository("team/my-app")
IDENTITY = "eyJhbGciOi.eyJzdWIiOi.c2ln"
TOKEN = base64.b64encode(b"AWS:the-password").decode()
GOLDEN_POLICY = Path(__file__).parents[3] / "data" / "session-policy.json"


@dataclass
class Caller:
    """Who asks for credentials; `hidden` is every secret that the log was told to hide, in order."""

    name: str = "goldenpath-o-app-1"
    identity: Callable[[], str] = lambda: IDENTITY
    hidden: list[str] = field(default_factory=list)

    def connect(self, role: RoleArn | None = ROLE) -> Ecr:
        return ecr_client.connect(Session(REGION, NAME, self.name, self.identity, self.hidden.append), role)


def described(mutability: str = "MUTABLE") -> dict[str, Any]:
    uri = "123456789012.dkr.ecr.eu-west-2.amazonaws.com/team/my-app"
    told = {"repositoryUri": uri, "registryId": "123456789012", "imageTagMutability": mutability, "repositoryArn": ARN}
    return {"repositories": [told]}


ARN = "arn:aws:ecr:eu-west-2:123456789012:repository/team/my-app"
INFO = RepositoryInfo(NAME, "registry/team/my-app", "123456789012", immutable=False, arn=ARN)
ASKED = {"repositoryNames": ["team/my-app"]}


@pytest.mark.parametrize(
    ("mutability", "immutable"),
    [
        ("MUTABLE", False),
        ("MUTABLE_WITH_EXCLUSION", False),
        ("IMMUTABLE", True),
        ("IMMUTABLE_WITH_EXCLUSION", True),
    ],
)
def test_a_repository_is_described(ecr: Ecr, stub: Stubber, mutability: str, *, immutable: bool) -> None:
    stub.add_response("describe_repositories", described(mutability), ASKED)
    assert ecr.describe(NAME) == RepositoryInfo(
        NAME, "123456789012.dkr.ecr.eu-west-2.amazonaws.com/team/my-app", "123456789012", immutable, ARN
    )


def test_the_filters_of_a_repository_are_read_and_turn_its_rule_around(ecr: Ecr, stub: Stubber) -> None:
    answer = described("IMMUTABLE_WITH_EXCLUSION")
    filters = [{"filterType": "WILDCARD", "filter": text} for text in ("latest", "dev-*")]
    answer["repositories"][0]["imageTagMutabilityExclusionFilters"] = filters
    stub.add_response("describe_repositories", answer, ASKED)
    found = ecr.describe(NAME)
    kept = {tag for tag in ("latest", "latest-1", "dev-a1b2c3d", "1.4.2") if found.keeps(Tag(tag))}
    assert (kept, found.kind) == ({"latest-1", "1.4.2"}, "immutable, except latest, dev-*")


def test_a_tag_of_the_repository_is_read_and_is_unknown_only_where_the_role_may_not_look(
    ecr: Ecr, stub: Stubber
) -> None:
    tags = [{"Key": "goldenpath.idp/environment", "Value": "prod"}]
    stub.add_response("list_tags_for_resource", {"tags": tags}, {"resourceArn": ARN})
    assert ecr.tag(INFO, "goldenpath.idp/environment") == "prod"
    stub.add_response("list_tags_for_resource", {"tags": tags}, {"resourceArn": ARN})
    assert ecr.tag(INFO, "goldenpath.idp/owner") == ""
    stub.add_response("list_tags_for_resource", {"tags": []}, {"resourceArn": ARN})
    assert ecr.tag(INFO, "goldenpath.idp/environment") == ""
    refused = "User is not authorized to perform: ecr:ListTagsForResource"
    stub.add_client_error("list_tags_for_resource", "AccessDeniedException", refused)
    assert ecr.tag(INFO, "goldenpath.idp/environment") is None
    for code in ("ThrottlingException", "ServerException", "ExpiredTokenException"):
        stub.add_client_error("list_tags_for_resource", code, "not now")
        with pytest.raises(
            (RegistryRefused, RegistryThrottled, LoginRefused), match="read the tags of the ECR repository team/my-app"
        ):
            ecr.tag(INFO, "goldenpath.idp/environment")


def test_both_planes_follow_the_variables_of_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    made: Any = aws_sdk.client(aws_sdk.session(), "ecr", "us-east-1", aws_sdk.Key("AKID", "secret", "token"))
    assert made.meta.endpoint_url == "https://ecr-fips.us-east-1.api.aws"
    answer = {"authorizationToken": TOKEN, "proxyEndpoint": "https://123456789012.dkr.ecr.us-east-1.amazonaws.com"}
    with Stubber(made) as stubbed:
        stubbed.add_response("get_authorization_token", {"authorizationData": [answer]}, {})
        assert Ecr(lambda: made).login().endpoint == "https://123456789012.dkr-ecr-fips.us-east-1.on.aws"


def test_tags_and_digests_are_removed_each_by_its_own_field(ecr: Ecr, stub: Stubber) -> None:
    stub.add_response(
        "batch_delete_image",
        {"failures": []},
        {"repositoryName": "team/my-app", "imageIds": [{"imageTag": "dev-a1b2c3d"}, {"imageDigest": DIGEST}]},
    )
    ecr.delete_images(NAME, [Tag("dev-a1b2c3d"), Digest(DIGEST)])


def test_the_tags_of_an_image_are_looked_up_by_its_digest(ecr: Ecr, stub: Stubber) -> None:
    asked = {"repositoryName": "team/my-app", "imageIds": [{"imageDigest": DIGEST}]}
    stub.add_response("describe_images", {"imageDetails": [{"imageTags": ["a1b2c3d", "1.4.2"]}]}, asked)
    assert ecr.tags_of(NAME, Digest(DIGEST)) == (Tag("a1b2c3d"), Tag("1.4.2"))
    stub.add_response("describe_images", {"imageDetails": [{"imageDigest": DIGEST}]}, asked)
    assert ecr.tags_of(NAME, Digest(DIGEST)) == ()
    stub.add_client_error("describe_images", "ImageNotFoundException", "not there", expected_params=asked)
    assert ecr.tags_of(NAME, Digest(DIGEST)) == ()
    stub.add_client_error("describe_images", "AccessDeniedException", "no", expected_params=asked)
    with pytest.raises(AccessDenied, match=f"Not allowed to look at the image {DIGEST} of team/my-app"):
        ecr.tags_of(NAME, Digest(DIGEST))


def test_the_archive_of_a_repository_has_also_what_is_being_restored(ecr: Ecr, stub: Stubber) -> None:
    def lists(status: str, *images: dict[str, Any]) -> None:
        narrowed = {"repositoryName": "team/my-app", "filter": {"imageStatus": status}, "maxResults": 1000}
        stub.add_response("describe_images", {"imageDetails": list(images)}, narrowed)

    other = "sha256:" + "f" * 64
    lists("ARCHIVED")
    assert ecr.archive(NAME) == ImageArchive()
    lists("ARCHIVED", {"imageDigest": DIGEST, "imageTags": ["1.4.2"]})
    lists("ACTIVATING", {"imageDigest": other})
    assert ecr.archive(NAME) == ImageArchive({Tag("1.4.2"): Digest(DIGEST)}, frozenset({Digest(DIGEST), Digest(other)}))


def test_the_newest_release_to_an_environment_is_found_by_the_time_of_its_push(ecr: Ecr, stub: Stubber) -> None:
    asked = {"repositoryName": "team/my-app", "filter": {"imageStatus": "ACTIVE"}, "maxResults": 1000}
    images = [
        {"imageTags": ["prod-aaaaaaa", "aaaaaaa"], "imagePushedAt": datetime(2026, 1, 2, tzinfo=UTC)},
        {"imageTags": ["prod-bbbbbbb"], "imagePushedAt": datetime(2026, 1, 1, tzinfo=UTC)},
        {"imageTags": ["dev-ccccccc", "preprod-1"], "imagePushedAt": datetime(2026, 1, 3, tzinfo=UTC)},
        {"imagePushedAt": datetime(2026, 1, 4, tzinfo=UTC)},
    ]
    stub.add_response("describe_images", {"imageDetails": images}, asked)
    assert ecr.newest_tags(NAME, "prod-") == (Tag("prod-aaaaaaa"), Tag("prod-bbbbbbb"))
    stub.add_response("describe_images", {"imageDetails": images}, asked)
    assert ecr.newest_tags(NAME, "test-") == ()


def test_what_is_gone_already_counts_as_removed_and_what_is_left_is_named(ecr: Ecr, stub: Stubber) -> None:
    tag = Tag("dev-a1b2c3d")
    gone = {"imageId": {"imageDigest": DIGEST}, "failureCode": "ImageNotFound", "failureReason": "no such image"}
    kept = {
        "imageId": {"imageTag": tag},
        "failureCode": "ImageReferencedByManifestList",
        "failureReason": "Requested image referenced by manifest list",
    }
    asked = {"repositoryName": NAME, "imageIds": [{"imageDigest": DIGEST}, {"imageTag": tag}]}
    stub.add_response("batch_delete_image", {"failures": [gone]}, asked)
    ecr.delete_images(NAME, [Digest(DIGEST), tag])
    stub.add_response("batch_delete_image", {"failures": [gone, kept]}, asked)
    with pytest.raises(RegistryRefused) as caught:
        ecr.delete_images(NAME, [Digest(DIGEST), tag])
    assert caught.value.what == "ECR did not remove 1 of 2 images from team/my-app"
    assert caught.value.why == "{'imageTag': 'dev-a1b2c3d'}: Requested image referenced by manifest list"


def test_an_image_that_an_index_lists_stays_when_it_is_to_go_by_its_digest_and_that_is_no_refusal(
    ecr: Ecr, stub: Stubber
) -> None:
    listed = {
        "imageId": {"imageDigest": DIGEST},
        "failureCode": "ImageReferencedByManifestList",
        "failureReason": "Requested image referenced by manifest list",
    }
    asked = {"repositoryName": NAME, "imageIds": [{"imageDigest": DIGEST}]}
    stub.add_response("batch_delete_image", {"failures": [listed]}, asked)
    assert ecr.delete_images(NAME, [Digest(DIGEST)]) == (Digest(DIGEST),)
    stub.add_response("batch_delete_image", {"failures": []}, asked)
    assert ecr.delete_images(NAME, [Digest(DIGEST)]) == ()


#          AWS's code                     its message                                     error         what
ANSWERS: list[tuple[str, str, type[GoldenPathError], str]] = [
    ("AccessDeniedException", "User is not authorized to perform: ecr:DescribeRepositories", AccessDenied,
     "Not allowed to describe the ECR repository team/my-app"),
    ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", LoginRefused,
     "Could not describe the ECR repository team/my-app: AWS refused the login"),
    ("ExpiredTokenException", "The security token included in the request is expired", LoginRefused,
     "Could not describe the ECR repository team/my-app: AWS refused the login"),
    ("ExpiredToken", "The provided token has expired", LoginRefused,
     "Could not describe the ECR repository team/my-app: AWS refused the login"),
    ("UnrecognizedClientException", "The security token included in the request is invalid", LoginRefused,
     "Could not describe the ECR repository team/my-app: AWS refused the login"),
    ("InvalidSignatureException", "The request signature we calculated does not match", LoginRefused,
     "Could not describe the ECR repository team/my-app: AWS refused the login"),
    ("InvalidSignatureException", "Signature expired: 20261121T060000Z is now earlier", LoginRefused,
     "Could not describe the ECR repository team/my-app: AWS and this machine differ about the time"),
    ("RepositoryNotFoundException", "The repository with name 'team/my-app' does not exist", RepositoryMissing,
     "The ECR repository team/my-app does not exist in eu-west-2"),
    ("ThrottlingException", "Rate exceeded", RegistryThrottled,
     "Could not describe the ECR repository team/my-app: there are too many requests"),
    ("ServerException", "", RegistryRefused, "Could not describe the ECR repository team/my-app"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "message", "kind", "what"), ANSWERS)
def test_each_refusal_of_aws_is_an_error_that_a_person_can_act_on(
    ecr: Ecr, stub: Stubber, code: str, message: str, kind: type[GoldenPathError], what: str
) -> None:
    stub.add_client_error("describe_repositories", code, message, expected_params=ASKED)
    with pytest.raises(kind) as caught:
        ecr.describe(NAME)
    assert caught.value.what == what
    assert message in caught.value.why
    assert caught.value.fix


@pytest.mark.parametrize(
    ("failure", "kind", "what"),
    [
        (sdk.EndpointConnectionError(endpoint_url="http://127.0.0.1:1/"), RegistryUnreachable, "AWS does not respond"),
        (sdk.ReadTimeoutError(endpoint_url="x"), RegistryUnreachable, "AWS does not respond"),
        (sdk.NoCredentialsError(), LoginRefused, "there are no AWS credentials"),
        (sdk.PartialCredentialsError(provider="env", cred_var="x"), LoginRefused, "of this machine cannot be used"),
        (sdk.CredentialRetrievalError(provider="x", error_msg="y"), LoginRefused, "of this machine cannot be used"),
        (sdk.UnauthorizedSSOTokenError(), LoginRefused, "of this machine cannot be used"),
        (sdk.TokenRetrievalError(provider="sso", error_msg="expired"), LoginRefused, "of this machine cannot be used"),
    ],
)
def test_a_call_that_does_not_reach_aws_says_why(
    ecr: Ecr, failure: Exception, kind: type[GoldenPathError], what: str
) -> None:
    def fail(**_: object) -> None:
        raise failure

    events = client_of(ecr).meta.events
    events.register("before-send.ecr", fail)
    try:
        with pytest.raises(kind) as caught:
            ecr.login()
    finally:
        events.unregister("before-send.ecr", fail)
    assert caught.value.what.startswith("Could not get a login for the registry: ")
    assert what in caught.value.what


def test_a_machine_without_any_credentials_is_told_so_before_anything_is_sent() -> None:
    with pytest.raises(LoginRefused, match="There are no AWS credentials, and no role was named") as caught:
        Caller().connect(None)
    assert caught.value.fix == "log in with the AWS CLI, or use `goldenpath local`"


def test_a_profile_that_does_not_exist_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "typo")
    with pytest.raises(LoginRefused) as caught:
        Caller().connect(None)
    assert caught.value.what == "Could not log in to AWS: the AWS login of this machine cannot be used"
    assert caught.value.why == "The config profile (typo) could not be found"


GIVEN = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA</AccessKeyId>
<SecretAccessKey>temporary-secret</SecretAccessKey><SessionToken>temporary-token</SessionToken>
<Expiration>2026-01-01T00:15:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>"""


IDENTITY_OF = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>{arn}</Arn><UserId>AROA:step</UserId><Account>123456789012</Account></GetCallerIdentityResult>
</GetCallerIdentityResponse>"""


@pytest.mark.parametrize(
    ("arn", "role"),
    [
        ("arn:aws:sts::123456789012:assumed-role/deliver-prod/step",) * 2,
        ("arn:aws:iam::123456789012:user/somebody", ""),
        ("arn:aws:iam::123456789012:root", ""),
    ],
)
def test_whose_session_a_login_is_is_asked_of_sts(
    sts: Any, monkeypatch: pytest.MonkeyPatch, arn: str, role: str
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x" * 20)
    wire = sts(200, IDENTITY_OF.format(arn=arn))
    assert ecr_client.assumed_role(Session(REGION, NAME, "run", lambda: IDENTITY, lambda _: None)) == role
    (request,) = wire.requests
    assert parse_qs(request.body)["Action"] == ["GetCallerIdentity"]


def test_a_role_is_assumed_with_the_runs_own_token_for_fifteen_minutes_and_one_repository(sts: Any) -> None:
    wire = sts(200, GIVEN)
    caller = Caller()
    found = caller.connect()
    (request,) = wire.requests
    sent = {name: values[0] for name, values in parse_qs(request.body).items()}
    assert request.url == "https://sts.eu-west-2.amazonaws.com/"
    assert json.loads(sent.pop("Policy")) == json.loads(GOLDEN_POLICY.read_bytes())
    assert sent == {
        "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": ROLE, "DurationSeconds": "900",
        "RoleSessionName": "goldenpath-o-app-1", "WebIdentityToken": IDENTITY,
    }  # fmt: skip
    assert "Authorization" not in request.headers
    assert caller.hidden == [IDENTITY, "temporary-secret", "temporary-token"]
    signer = client_of(found)._request_signer._credentials  # noqa: SLF001  with what ECR is called from here on
    assert (signer.access_key, signer.secret_key, signer.token) == ("ASIA", "temporary-secret", "temporary-token")


@pytest.mark.parametrize(
    ("name", "sent"),
    [("goldenpath-Ünï/côde app-7", "goldenpath--n-c-de-app-7"), ("x" * 100, "x" * 64), ("a  b//c", "a-b-c")],
)
def test_a_session_name_is_made_to_fit(sts: Any, name: str, sent: str) -> None:
    wire = sts(200, GIVEN)
    Caller(name).connect()
    assert parse_qs(wire.requests[0].body)["RoleSessionName"] == [sent]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
        ("InvalidIdentityToken", "No OpenIDConnect provider found in your account"),
        ("ExpiredTokenException", "Token expired"),
        ("IDPRejectedClaim", "The IdP rejected the claim"),
    ],
)
def test_a_role_that_does_not_trust_this_run_is_a_refused_login(sts: Any, code: str, message: str) -> None:
    sts(403, f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>")
    with pytest.raises(LoginRefused) as caught:
        Caller().connect()
    assert caught.value.what == f"Could not assume the role {ROLE}: AWS refused the login"
    assert caught.value.why == f"{code}: {message}"
    assert IDENTITY not in str(caught.value)


def test_the_platform_enters_a_role_for_an_hour_and_without_a_session_policy(sts: Any) -> None:
    wire = sts(200, GIVEN)
    found = assume_role(ROLE, REGION, IDENTITY, "goldenpath-registry-dev-7")
    sent = parse_qs(wire.requests[0].body)
    assert (sent["DurationSeconds"], "Policy" in sent) == (["3600"], False)
    assert found == {
        "AWS_ACCESS_KEY_ID": "ASIA", "AWS_SECRET_ACCESS_KEY": "temporary-secret", "AWS_SESSION_TOKEN": "temporary-token"
    }  # fmt: skip


def test_a_role_whose_sessions_are_too_short_is_named_with_what_to_set(sts: Any) -> None:
    said = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    sts(400, f"<ErrorResponse><Error><Code>ValidationError</Code><Message>{said}</Message></Error></ErrorResponse>")
    with pytest.raises(LoginRefused) as caught:
        assume_role(ROLE, REGION, IDENTITY, "goldenpath")
    assert caught.value.what == f"Could not assume the role {ROLE}: its sessions are too short"
    assert caught.value.fix == "Let the sessions of that role last as long as an apply may take: 3600 seconds"


def test_a_run_without_an_identity_asks_nothing_of_aws(sts: Any) -> None:
    wire = sts(200, GIVEN)

    def refuse() -> str:
        raise LoginRefused("this run may not ask GitHub for an OIDC token", fix="f")

    with pytest.raises(LoginRefused, match="may not ask GitHub"):
        Caller(identity=refuse).connect()
    assert wire.requests == []


def test_a_release_that_outlives_its_credentials_gets_others_with_a_fresh_identity(
    sts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire, identities = sts(200, GIVEN), iter([IDENTITY, IDENTITY + "2"])
    caller = Caller(identity=lambda: next(identities))
    found, now = caller.connect(), time.monotonic()
    assert found._client is found._client  # noqa: SLF001
    monkeypatch.setattr(
        "goldenpath.delivery.registry.ecr_client.time.monotonic", lambda: now + ecr_client.SESSION_SECONDS
    )
    assert found._client is found._client  # noqa: SLF001
    sent = [parse_qs(request.body)["WebIdentityToken"] for request in wire.requests]
    assert sent == [[IDENTITY], [IDENTITY + "2"]]


CUT_SHORT: list[tuple[str, dict[str, Any], Callable[[Ecr], object]]] = [
    ("describe_repositories", {"repositories": []}, lambda ecr: ecr.describe(NAME)),
    ("describe_repositories", {"repositories": [{"repositoryUri": "x"}]}, lambda ecr: ecr.describe(NAME)),
    ("get_authorization_token", {}, lambda ecr: ecr.login()),
    ("get_authorization_token", {"authorizationData": [{"authorizationToken": "x"}]}, lambda ecr: ecr.login()),
    ("describe_images", {}, lambda ecr: ecr.tags_of(NAME, Digest(DIGEST))),
    ("describe_images", {}, lambda ecr: ecr.newest_tags(NAME, "dev-")),
    ("describe_images", {}, lambda ecr: ecr.archive(NAME)),
    ("batch_delete_image", {}, lambda ecr: ecr.delete_images(NAME, [Tag("x")])),
]


@pytest.mark.parametrize(("method", "answer", "call"), CUT_SHORT)
def test_an_answer_that_was_cut_short_is_no_traceback(
    ecr: Ecr, stub: Stubber, method: str, answer: dict[str, Any], call: Callable[[Ecr], object]
) -> None:
    stub.add_response(method, answer)
    with pytest.raises(RegistryUnreachable, match="AWS gave a response that cannot be read"):
        call(ecr)


OTHER = AccountId("999999999999")
ELSEWHERE = {**ASKED, "registryId": OTHER}


def test_a_role_may_release_to_the_registry_of_another_account_and_to_nothing_else(sts: Any) -> None:
    wire = sts(200, GIVEN)
    session = Session(REGION, NAME, "run", lambda: IDENTITY, lambda _: None, account=OTHER)
    ecr_client.connect(session, ROLE)
    policy = json.loads(parse_qs(wire.requests[0].body)["Policy"][0])
    assert policy["Statement"][1]["Resource"] == "arn:aws:ecr:eu-west-2:999999999999:repository/team/my-app"


def test_every_call_names_the_account_of_the_registry() -> None:
    there = Ecr(client, OTHER)
    images = {"registryId": OTHER, "repositoryName": NAME}
    login = {"authorizationToken": TOKEN, "proxyEndpoint": "https://registry"}
    with Stubber(client_of(there)) as stub:
        stub.add_response("describe_repositories", described(), ELSEWHERE)
        stub.add_response("get_authorization_token", {"authorizationData": [login]}, {"registryIds": [OTHER]})
        stub.add_response("describe_images", {"imageDetails": []}, {**images, "imageIds": [{"imageDigest": DIGEST}]})
        listed = {**images, "filter": {"imageStatus": "ACTIVE"}, "maxResults": 1000}
        stub.add_response("describe_images", {"imageDetails": []}, listed)
        stub.add_response("batch_delete_image", {"failures": []}, {**images, "imageIds": [{"imageTag": "v1"}]})
        there.describe(NAME)
        assert there.login().endpoint == "https://registry"
        assert (there.tags_of(NAME, Digest(DIGEST)), there.newest_tags(NAME, "dev-")) == ((), ())
        there.delete_images(NAME, [Tag("v1")])
        stub.assert_no_pending_responses()


def test_a_repository_that_is_missing_may_be_in_another_account(ecr: Ecr, stub: Stubber) -> None:
    stub.add_client_error("describe_repositories", "RepositoryNotFoundException", "no", expected_params=ASKED)
    with pytest.raises(RepositoryMissing) as caught:
        ecr.describe(NAME, "dev")
    assert caught.value.fix == (
        "name the AWS account of its registry with `registry_account` if it is not the role's; else ask the platform "
        "team for it, or create it in the platform's repository: make create-ecr APP=team/my-app OWNER=… RISK=low "
        "ENV=dev"
    )


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("RepositoryNotFoundException", RepositoryMissing,
         "The ECR repository team/my-app does not exist in eu-west-2 of the AWS account 999999999999"),
        ("AccessDeniedException", AccessDenied,
         "the policy of the repository in the account 999999999999 must allow the role the same (docs/release.md)"),
    ],
)  # fmt: skip
def test_a_refusal_by_another_account_says_which_account(code: str, kind: type[GoldenPathError], said: str) -> None:
    there = Ecr(client, OTHER)
    with Stubber(client_of(there)) as stub:
        stub.add_client_error("describe_repositories", code, "no", expected_params=ELSEWHERE)
        with pytest.raises(kind) as caught:
            there.describe(NAME)
    assert said in str(caught.value)
