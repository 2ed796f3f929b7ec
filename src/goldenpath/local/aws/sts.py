"""STS: the principal of an access key, and AssumeRoleWithWebIdentity with the checks of AWS.

moto gives a session to everybody. Here the token's signature, time and audience and the role's trust policy decide.
Messages and codes: AWS STS API reference, "AssumeRoleWithWebIdentity", and AWS's responses in public issue threads.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import secrets
import time
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import jwt
from moto.iam.models import iam_backends
from moto.sts.models import AssumedRole, sts_backends

from goldenpath.local.aws import policies
from goldenpath.local.aws.principals import Principal
from goldenpath.local.github.oidc import ISSUER
from goldenpath.local.responses import AwsError, request_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from moto.iam.models import IAMBackend, Role

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_SHORTEST = 900
_POLICY_LIMIT = 2048
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")
_REQUIRED = ("RoleArn", "RoleSessionName", "WebIdentityToken")
_NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"


class Sts:
    """The sessions of one account. A token is valid only with a signature of `token_key`."""

    def __init__(self, account: str, region: str, token_key: RSAPublicKey) -> None:
        self.account = account
        self.region = region
        self._token_key = token_key

    @property
    def _iam(self) -> IAMBackend:
        return iam_backends[self.account]["aws"]

    @property
    def _sessions(self) -> list[AssumedRole]:
        return sts_backends[self.account]["aws"].assumed_roles

    def principal(self, access_key: str, session_token: str) -> Principal | None:
        """Return the holder of `access_key`; `None` when this emulator did not issue it.

        Raises `AwsError` (ExpiredTokenException) when its session has expired.
        """
        for session in self._sessions:
            if session.access_key_id == access_key:
                if not secrets.compare_digest(session.session_token, session_token):
                    return None
                if session.expiration <= dt.datetime.now(dt.UTC).replace(tzinfo=None):
                    message = "The security token included in the request is expired"
                    raise AwsError(400, "ExpiredTokenException", message)
                policy = policies.parse(session.policy) if session.policy else None
                return Principal(session.arn, policy)
        user = self._iam.get_user_from_access_key_id(access_key)
        return Principal(user.arn) if user else None

    def expire(self) -> None:
        """Let every session issued so far expire now."""
        for session in self._sessions:
            session.expiration = dt.datetime.now(dt.UTC).replace(tzinfo=None)

    def assume_role(self, form: Mapping[str, str]) -> str:
        """Return the XML response to AssumeRoleWithWebIdentity. Raises `AwsError` where AWS would refuse."""
        _check_form(form)
        claims = self._verified(form["WebIdentityToken"])
        role = self._trusting_role(form["RoleArn"], claims)
        duration = _duration(form, role)
        session = sts_backends[self.account]["aws"].assume_role_with_web_identity(
            region_name=self.region,
            role_session_name=form["RoleSessionName"],
            role_arn=role.arn,
            policy=form.get("Policy"),
            duration=duration,
            external_id=None,
        )
        return _response(session, claims)

    def _verified(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that is valid for this account."""
        options = {"verify_aud": False, "require": ["exp", "iat", "iss", "sub", "aud"]}
        try:
            claims: dict[str, Any] = jwt.decode(token, self._token_key, algorithms=["RS256"], options=options)  # type: ignore[arg-type]
        except jwt.ExpiredSignatureError:
            ended = jwt.decode(token, options={"verify_signature": False})["exp"]
            now = int(time.time())
            message = f"Token expired: current date/time {now} must be before the expiration date/time {ended}"
            raise AwsError(400, "ExpiredTokenException", message) from None
        except jwt.InvalidTokenError:
            raise AwsError(400, "InvalidIdentityToken", "The ID Token provided is not a valid JWT.") from None
        provider = self._iam.open_id_providers.get(provider_arn(self.account))
        if provider is None or claims["iss"] != f"https://{ISSUER}":
            message = f"No OpenIDConnect provider found in your account for {claims['iss']}"
            raise AwsError(400, "InvalidIdentityToken", message)
        if claims["aud"] not in provider.client_id_list:
            raise AwsError(400, "InvalidIdentityToken", "Incorrect token audience")
        return claims

    def _trusting_role(self, arn: str, claims: Mapping[str, Any]) -> Role:
        role = next((role for role in self._iam.get_roles() if role.arn == arn), None)
        if role is None:
            raise AwsError(403, "AccessDenied", _NOT_AUTHORIZED)
        try:
            document = policies.parse(role.assume_role_policy_document)
            trusted = policies.trusts(document, provider=provider_arn(self.account), issuer=ISSUER, claims=claims)
        except ValueError as error:
            raise AwsError(403, "AccessDenied", f"{_NOT_AUTHORIZED} ({error})") from None
        if not trusted:
            raise AwsError(403, "AccessDenied", _NOT_AUTHORIZED)
        return role


def provider_arn(account: str) -> str:
    """Return the ARN of GitHub's OIDC provider in an account."""
    return f"arn:aws:iam::{account}:oidc-provider/{ISSUER}"


def trust_policy(account: str, subjects: tuple[str, ...]) -> str:
    """Return the trust policy of GitHub's guide for AWS: AWS's audience, and one of these subjects."""
    conditions = {
        "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"},
        "StringLike": {f"{ISSUER}:sub": list(subjects)},
    }
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider_arn(account)},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": conditions,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _check_form(form: Mapping[str, str]) -> None:
    for name in _REQUIRED:
        if not form.get(name):
            field = name[0].lower() + name[1:]
            raise _invalid(f"Value null at '{field}'", "Member must not be null")
    if not _SESSION_NAME.fullmatch(form["RoleSessionName"]):
        value = f"Value '{form['RoleSessionName']}' at 'roleSessionName'"
        raise _invalid(value, "Member must satisfy regular expression pattern: [\\w+=,.@-]*")
    if policy := form.get("Policy"):
        _check_policy(policy)


def _check_policy(policy: str) -> None:
    if len(policy) > _POLICY_LIMIT:
        raise AwsError(400, "PackedPolicyTooLarge", "Packed policy consumes more than the allotted space")
    try:
        policies.decide(policies.parse(policy), action="sts:probe", resource="*")
    except ValueError as error:
        raise AwsError(400, "MalformedPolicyDocument", f"Syntax errors in policy. ({error})") from None


def _duration(form: Mapping[str, str], role: Role) -> int:
    longest = int(role.max_session_duration or 3600)
    requested = form.get("DurationSeconds", "3600")
    if not requested.isascii() or not requested.isdigit() or int(requested) < _SHORTEST:
        value = f"Value '{requested}' at 'durationSeconds'"
        raise _invalid(value, f"Member must have value greater than or equal to {_SHORTEST}")
    if int(requested) > longest:
        message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise AwsError(400, "ValidationError", message)
    return int(requested)


def _invalid(value: str, constraint: str) -> AwsError:
    message = f"1 validation error detected: {value} failed to satisfy constraint: {constraint}"
    return AwsError(400, "ValidationError", message)


def _response(session: AssumedRole, claims: Mapping[str, Any]) -> str:
    fields = {
        "Credentials": {
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_access_key,
            "SessionToken": session.session_token,
            "Expiration": session.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        "SubjectFromWebIdentityToken": claims["sub"],
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
        "Provider": provider_arn(session.account_id),
        "Audience": claims["aud"],
    }
    operation = "AssumeRoleWithWebIdentity"
    return (
        f'<{operation}Response xmlns="{NAMESPACE}"><{operation}Result>{_xml(fields)}</{operation}Result>'
        f"<ResponseMetadata><RequestId>{request_id()}</RequestId></ResponseMetadata></{operation}Response>"
    )


def _xml(fields: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_xml(value) if isinstance(value, dict) else escape(str(value))}</{name}>"
        for name, value in fields.items()
    )
