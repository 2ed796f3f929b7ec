"""Repository policies: their statements in one form and in words, and the fields of `ecr.tf` that describe them.

Sources: IAM user guide, "Policy grammar" and "Global condition keys"; AWS Lambda developer guide, "Amazon ECR
permissions" (the statement that Lambda's console adds by itself).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from goldenpath.shared import codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ACCOUNTS, ORGANIZATIONS, LAMBDA = "pull_accounts", "pull_organizations", "pull_lambda_accounts"
EVERYBODY = {"AWS": ["*"]}
# The keys of a policy whose value may be one text or a list of them.
_LISTS = frozenset({"Action", "NotAction", "Resource", "NotResource", "AWS", "Federated", "Service", "CanonicalUser"})
_PULL = frozenset({"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"})
# With these Lambda's console keeps its own statement; no function needs them to start.
_KEPT_BY_LAMBDA = frozenset({"ecr:DeleteRepositoryPolicy", "ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy"})
_ACCOUNT = re.compile(r"(?:arn:aws[a-z-]*:iam::)?(?P<id>\d{12})(?::root)?", re.ASCII)
_FUNCTIONS = re.compile(r"arn:[^:]*:lambda:[^:]*:(?P<id>\d{12}):function:.+", re.ASCII)
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")


@dataclass(frozen=True)
class Undescribed:
    """A statement at ECR that no field describes, in words; `fields` would describe it, empty where none can."""

    statement: str
    fields: Mapping[str, tuple[str, ...]]


def merged_setting(items: Iterable[Undescribed]) -> str:
    """Return the settings for an entry in `ecr.tf` that describe `items`, as far as fields can."""
    fields = _as_fields((name, value) for item in items for name, values in item.fields.items() for value in values)
    quoted = {name: ", ".join(f'"{value}"' for value in values) for name, values in fields.items()}
    return " and ".join(f"`{name} = [{values}]`" for name, values in quoted.items())


def setting_for(statement: Mapping[str, Any], account: str) -> str:
    """Return the setting for an entry in `ecr.tf` that describes a statement; empty where no field can."""
    return merged_setting([Undescribed(summary(statement), _as_fields(_grants(statement, account)))])


def undescribed(actual: str, planned: str, account: str, known: str = "") -> tuple[Undescribed, ...]:
    """Return the statements of the policy `actual` that would be lost if `planned` took its place.

    `known` is the policy that was described before, which may go. `account` owns the repository. All are JSON
    documents, empty where there is none. A statement whose permissions `planned` gives too is not lost. Raises
    `ValueError` for a document that is no policy.
    """
    present, wanted, before = (_required(document) for document in (actual, planned, known))
    given = {grant for statement in wanted.values() for grant in _grants(statement, account)}
    lost = [statement for key, statement in present.items() if key not in {*wanted, *before}]
    granted = [(statement, _grants(statement, account)) for statement in lost]
    return tuple(
        Undescribed(summary(statement), _as_fields(grants))
        for statement, grants in granted
        if not grants or not grants <= given
    )


def fields_for(actual: str, account: str) -> dict[str, tuple[str, ...]]:
    """Return the fields of `ecr.tf` that describe the policy `actual`, as far as fields can. Raises `ValueError`."""
    return _as_fields(grant for statement in _required(actual).values() for grant in _grants(statement, account))


def replaced(actual: str, planned: str) -> tuple[str, ...]:
    """Return, in words, the statements of `actual` that are not in `planned` as they are. Raises `ValueError`."""
    wanted = _required(planned)
    return tuple(summary(statement) for key, statement in _required(actual).items() if key not in wanted)


def statements(document: str) -> dict[bytes, dict[str, Any]] | None:
    """Return the statements of `document`, keyed by their normal form; `None` when it is not a policy."""
    if not document:
        return {}
    try:
        raw = codec.decode(document, dict[str, Any]).get("Statement", [])
        # AWS takes a single statement without a list, too.
        listed = codec.convert([raw] if isinstance(raw, dict) else raw, list[dict[str, Any]])
        return {msgspec.json.encode(_normalized(item), order="sorted"): item for item in listed}
    except (ValueError, RecursionError):
        return None


def as_tuple(value: Any) -> tuple[str, ...]:  # noqa: ANN401  a policy's "one or several"
    """Return one or several texts of a policy as a tuple."""
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def is_open_to_everybody(statement: Mapping[str, Any]) -> bool:
    """Return whether a statement allows something to anybody at all, without a condition."""
    principal = _normalized(statement.get("Principal"), "Principal")
    is_everybody = isinstance(principal, dict) and "*" in principal.get("AWS", [])
    return statement.get("Effect") == "Allow" and is_everybody and not statement.get("Condition")


def summary(statement: Mapping[str, Any]) -> str:
    """Return a statement in words."""
    words = [str(statement.get(key, "")) for key in ("Sid", "Effect")]
    actions = statement.get("Action", statement.get("NotAction", ""))
    principal = msgspec.json.encode(statement.get("Principal", statement.get("NotPrincipal", ""))).decode()
    condition = statement.get("Condition")
    words += [", ".join(map(str, actions)) if isinstance(actions, list) else str(actions), "to", principal]
    words += ["if", msgspec.json.encode(condition).decode()] if condition else []
    return " ".join(filter(None, words))


def _required(document: str) -> dict[bytes, dict[str, Any]]:
    parsed = statements(document)
    if parsed is None:
        raise ValueError("the repository policy cannot be read")
    return parsed


def _as_fields(grants: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Return `grants`, pairs of a field and a value, as lists by field."""
    fields: dict[str, set[str]] = defaultdict(set)
    for name, value in grants:
        fields[name].add(value)
    return {name: tuple(sorted(values)) for name, values in sorted(fields.items())}


def _grants(statement: Mapping[str, Any], account: str) -> frozenset[tuple[str, str]]:
    """Return who may pull by a statement, as pairs of a field and a value; empty if no field describes it whole."""
    # A field that describes only a part would let an apply take the rest away, so every key has to be a known one.
    normal = _normalized(statement)
    if set(normal) - {"Effect", "Principal", "Action", "Condition"} or normal.get("Effect") != "Allow":
        return frozenset()
    actions, principal = frozenset(normal.get("Action", ())), normal.get("Principal")
    conditions = _conditions(normal.get("Condition") or {})
    if principal == {"Service": ["lambda.amazonaws.com"]} and actions - _KEPT_BY_LAMBDA <= _PULL:
        return _all(LAMBDA, _lambda_accounts(conditions, account))
    if not actions or not actions <= _PULL or not isinstance(principal, dict) or set(principal) != {"AWS"}:
        return frozenset()
    # Everybody is only meant with the condition that names an organization: `_organizations` refuses all others.
    if principal == EVERYBODY:
        return _all(ORGANIZATIONS, _organizations(conditions))
    return _all(ACCOUNTS, [] if conditions else [_matched(_ACCOUNT, value) for value in principal["AWS"]])


def _all(field: str, values: list[str]) -> frozenset[tuple[str, str]]:
    """Return a grant for every value; none where one of them is unknown, and so not described whole."""
    return frozenset((field, value) for value in values) if all(values) else frozenset()


def _lambda_accounts(conditions: Mapping[tuple[str, str], list[str]], account: str) -> list[str]:
    match list(conditions.items()):
        # Without a condition AWS documents the statement for functions of the repository's own account.
        case []:
            return [account]
        case [(("stringequals" | "stringlike", "aws:sourceaccount"), values)]:
            return [_matched(_ACCOUNT, value) for value in values]
        case [(("stringlike" | "arnlike" | "arnequals" | "stringequals", "aws:sourcearn"), values)]:
            return [_matched(_FUNCTIONS, value) for value in values]
        case _:
            return [""]


def _organizations(conditions: Mapping[tuple[str, str], list[str]]) -> list[str]:
    match list(conditions.items()):
        case [(("stringequals" | "stringlike", "aws:principalorgid"), values)]:
            return [value if _ORGANIZATION.fullmatch(value) else "" for value in values]
        case _:
            return [""]


def _conditions(raw: Any) -> dict[tuple[str, str], list[str]]:  # noqa: ANN401  any value of JSON
    """Return conditions as (operator, key) → values; IAM reads operators and keys without regard to case."""
    if not isinstance(raw, dict) or not all(isinstance(keys, dict) for keys in raw.values()):
        return {("", ""): []}
    return {
        (str(operator).lower(), str(key).lower()): [str(item) for item in value] if isinstance(value, list)
        else [str(value)] for operator, keys in raw.items() for key, value in keys.items()
    }  # fmt: skip


def _matched(pattern: re.Pattern[str], value: str) -> str:
    match = pattern.fullmatch(value)
    return match["id"] if match else ""


def _normalized(value: Any, key: str = "") -> Any:  # noqa: ANN401  any value of JSON
    """Return `value` in one form for what IAM reads alike: single values as lists, principals under their kind."""
    if key == "Principal" and value == "*":
        return EVERYBODY
    if isinstance(value, dict):
        # The name of a statement (`Sid`) permits nothing.
        return {name: _normalized(item, name) for name, item in value.items() if (key, name) != ("", "Sid")}
    if key in _LISTS:
        listed = sorted(map(str, value)) if isinstance(value, list) else [str(value)]
        # ECR may return the ARN of an account's root where its number was written.
        return sorted(_matched(_ACCOUNT, item) or item for item in listed) if key == "AWS" else listed
    return value
