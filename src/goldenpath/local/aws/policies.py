"""Evaluate IAM policies, as far as delivery needs it: session policies and the trust policies of roles.

Evaluation logic and operators: AWS "IAM JSON policy reference", "Policy evaluation logic". An explicit Deny wins, and
an Allow is required. An unknown operator raises: an emulator must not guess whether AWS would allow a call.
"""

from __future__ import annotations

import enum
import json
import operator
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Document = dict[str, Any]
# The claims of a GitHub token that conditions can read in STS; it ignores all others. (AWS, "IAM and AWS STS condition
# context keys", "Available keys for AWS OIDC federation", since January 2026.)
CLAIMS = frozenset(
    {
        "actor", "actor_id", "aud", "enterprise_id", "environment", "job_workflow_ref", "ref", "repository",
        "repository_id", "sub", "workflow",
    }
)  # fmt: skip


class PolicyDecision(enum.Enum):
    """The decision of a policy about one call."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "no statement allows it"
    DENIED = "a statement denies it"


def parse(text: str) -> Document:
    """Return the policy document in `text`. Raises `ValueError` when it is not one."""
    document = json.loads(text)
    if not isinstance(document, dict) or not isinstance(document.get("Statement"), list | dict):
        raise ValueError("a policy is an object with a Statement")  # noqa: TRY004  it is about the text, not a type
    for statement in _listed(document["Statement"]):
        if not isinstance(statement, dict) or statement.get("Effect") not in {"Allow", "Deny"}:
            raise ValueError("a statement has an Effect, Allow or Deny")
    return document


def decide(
    document: Document, *, action: str, resource: str, context: Mapping[str, str] | None = None
) -> PolicyDecision:
    """Return the decision of `document` about `action` (like `ecr:PutImage`) on `resource` (an ARN or `*`).

    Raises `ValueError` for an unknown condition operator.
    """
    effects = {
        statement["Effect"]
        for statement in _listed(document["Statement"])
        if _covers(statement, "Action", action.lower(), fold=True)
        and _covers(statement, "Resource", resource)
        and _meets(statement.get("Condition", {}), context or {})
    }
    if "Deny" in effects:
        return PolicyDecision.DENIED
    return PolicyDecision.ALLOWED if "Allow" in effects else PolicyDecision.NOT_ALLOWED


def trusts(document: Document, *, provider: str, issuer: str, claims: Mapping[str, Any]) -> bool:
    """Return whether a role's trust policy accepts a token of `provider` (an ARN) with these claims.

    Conditions read the claims of `CLAIMS` as `<issuer>:<claim>`. Raises `ValueError` as `decide` does.
    """
    context = {f"{issuer}:{claim}".lower(): str(value) for claim, value in claims.items() if claim in CLAIMS}
    federated = [
        {**statement, "Resource": "*"}
        for statement in _listed(document["Statement"])
        if isinstance(principal := statement.get("Principal"), dict)
        and provider in _listed(principal.get("Federated", ()))
    ]
    action = "sts:AssumeRoleWithWebIdentity"
    return decide({"Statement": federated}, action=action, resource="*", context=context) is PolicyDecision.ALLOWED


def _covers(statement: Document, element: str, value: str, *, fold: bool = False) -> bool:
    if (negated := statement.get(f"Not{element}")) is not None:
        return not any(_like(value, pattern.lower() if fold else pattern) for pattern in _listed(negated))
    patterns = _listed(statement.get(element, ()))
    return any(_like(value, pattern.lower() if fold else pattern) for pattern in patterns)


def _meets(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    return all(
        _is_met(written, context.get(key.lower()), [str(value) for value in _listed(wanted)])
        for written, pairs in conditions.items()
        for key, wanted in pairs.items()
    )


def _is_met(written: str, actual: str | None, wanted: list[str]) -> bool:
    name = written.removeprefix("ForAnyValue:").removeprefix("ForAllValues:")
    bare = name.removesuffix("IfExists")
    negated, positive = "Not" in bare, bare.replace("Not", "", 1)
    if positive not in _OPERATORS:
        raise ValueError(f"the condition operator {written} is not known to the local emulator")
    if actual is None:
        return negated or bare != name
    return any(_OPERATORS[positive](actual, value) for value in wanted) is not negated


def _like(actual: str, pattern: str) -> bool:
    """Match `*` and `?`, and nothing else: `[` is an ordinary character in a policy."""
    expression = "".join({"*": ".*", "?": "."}.get(ch, re.escape(ch)) for ch in pattern)
    return re.fullmatch(expression, actual, re.DOTALL) is not None


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": operator.eq,
    "StringEqualsIgnoreCase": lambda actual, wanted: actual.casefold() == wanted.casefold(),
    "StringLike": _like,
}


def _listed(value: Any) -> list[Any]:  # noqa: ANN401  a policy's "one or several"
    return list(value) if isinstance(value, list | tuple) else [value]
