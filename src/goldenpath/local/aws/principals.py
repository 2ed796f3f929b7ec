"""The callers of AWS: holders of access keys, and the registry logins issued to them."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import secrets
import threading
from dataclasses import dataclass

from goldenpath.local.aws import policies
from goldenpath.local.aws.policies import Document, PolicyDecision

# Amazon ECR API reference, GetAuthorizationToken: "The authorization token is valid for 12 hours."
LOGIN_LASTS = dt.timedelta(hours=12)


@dataclass(frozen=True)
class Principal:
    """A caller: its ARN, and the session policy that limits it (`None`: no limit).

    Identity policies are not evaluated: the holder of a key may do everything that its session policy allows.
    """

    arn: str
    session_policy: Document | None = None

    def refusal(self, action: str, resource: str) -> str | None:
        """Return why this principal may not do `action` on `resource`, in AWS's words; `None` when it may."""
        if self.session_policy is None:
            return None
        match policies.decide(self.session_policy, action=action, resource=resource):
            case PolicyDecision.ALLOWED:
                return None
            case PolicyDecision.NOT_ALLOWED:
                reason = f"because no session policy allows the {action} action"
            case PolicyDecision.DENIED:
                reason = "with an explicit deny in a session policy"
        return f"User: {self.arn} is not authorized to perform: {action} on resource: {resource} {reason}"


@dataclass(frozen=True)
class EcrLogin:
    """A registry login as ECR issues it: the `authorizationToken` (base64 of `AWS:<password>`) and its expiry."""

    token: str
    principal: Principal
    expires: dt.datetime

    @property
    def expired(self) -> bool:
        """Whether it has expired."""
        return dt.datetime.now(dt.UTC) >= self.expires


class Logins:
    """Every registry login issued since the start, in memory only."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._issued: dict[str, EcrLogin] = {}

    def issue(self, principal: Principal) -> EcrLogin:
        """Return a new login for `principal`."""
        token = base64.b64encode(f"AWS:{secrets.token_urlsafe(48)}".encode()).decode()
        login = EcrLogin(token, principal, dt.datetime.now(dt.UTC).replace(microsecond=0) + LOGIN_LASTS)
        with self._lock:
            self._issued[token] = login
        return login

    def find(self, authorization: str) -> EcrLogin | None:
        """Return the login in an `Authorization` header's value, expired or not; `None` when it was not issued here."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "basic":
            return None
        with self._lock:
            return self._issued.get(_canonical(token.strip()))

    def expire(self) -> None:
        """Let every login issued so far expire now."""
        now = dt.datetime.now(dt.UTC)
        with self._lock:
            self._issued = {t: EcrLogin(t, login.principal, now) for t, login in self._issued.items()}


def _canonical(token: str) -> str:
    """Return `token` in its canonical base64 form; empty when it is not base64."""
    try:
        return base64.b64encode(base64.b64decode(token, validate=True)).decode()
    except (binascii.Error, ValueError):
        return ""
