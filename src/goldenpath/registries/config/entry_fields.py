"""The fields of an entry in `ecr.tf`: which there are, and what each may hold, read as Terraform converts it.

Terraform drops a field that it does not know without a word, and converts a text that looks like a number or a truth
value where the module asks for one (Terraform language, "Type Conversion"). Anything else is refused with the rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from goldenpath.registries.policies import ACCOUNTS, LAMBDA, ORGANIZATIONS
from goldenpath.registries.request import Risk
from goldenpath.shared.names import AccountId, Name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.registries.config.hcl import Literal

DATES = ("deprecated_since", "remove_after")
TEXTS = ("id", "owner", "risk", "requester", "domain", *DATES)
ADOPTED = "adopted"
# The fields that a module call of an earlier version does not pass on: Terraform would ignore them.
RECENT = (ACCOUNTS, ORGANIZATIONS, LAMBDA, ADOPTED)
# The bounds of the module's own rules; `keep` may not be less than the risk keeps either, which only the module checks.
_RETENTION = {"keep": (1, 500), "untagged_days": (1, 7)}
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII)
_SWITCHES: Mapping[str, bool] = {"true": True, "false": False}


class OrganizationId(Name):
    """The id of an AWS organization."""

    pattern = re.compile(r"o-[a-z0-9]{10,32}")
    rule = "the id of an AWS organization (like `o-a1b2c3d4e5`)"


def read(fields: Mapping[str, Literal]) -> dict[str, Literal]:
    """Return `fields` with every value as the module gets it; a field that is `null` is left out.

    Raises `ValueError`, which lists every mistake.
    """
    values: dict[str, Literal] = {}
    mistakes = list(_mistakes(fields))
    for name, written in fields.items():
        try:
            value = _READERS[name](name, written) if name in _READERS else written
        except ValueError as error:
            mistakes.append(str(error))
        else:
            values |= {} if value is None else {name: value}
    if mistakes:
        raise ValueError(", ".join(mistakes))
    return values


def _mistakes(fields: Mapping[str, Literal]) -> Iterator[str]:
    """Yield the mistakes that Terraform would ignore, and those that hide what the registry is."""
    present = {name: value for name, value in fields.items() if value is not None}
    yield from (f"`{name}` is not a string" for name in TEXTS if not isinstance(present.get(name, ""), str))
    yield from (f"`{name}` is missing" for name in ("id", "owner", "risk") if name not in present)
    if present.get("risk", Risk.LOW) not in list(Risk):
        yield f"`risk` is {fields['risk']!a}, not one of {', '.join(Risk)}"
    # A misspelt optional attribute is dropped by Terraform's type conversion without a word.
    yield from (f"`{name}` is not a setting of a registry" for name in fields if name not in {*TEXTS, *_READERS})
    missing_dates = [name for name in DATES if name not in present]
    if len(missing_dates) == 1:
        yield f"`{missing_dates[0]}` is missing: a deprecation has both dates"


def whole_number(name: str, value: Literal, least: int, most: int) -> int:
    """Return the whole number that Terraform reads in `value`, the field `name`. Raises `ValueError`."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        number = Decimal(str(value))
        if least <= number <= most and number == number.to_integral_value():
            return int(number)
    raise ValueError(f"`{name}` is {value!a}, not a whole number from {least} to {most}")


def _retention(name: str, value: Literal) -> Literal:
    if not isinstance(value, Mapping):
        raise ValueError(f"`{name}` is not a map like `{{ keep = 90 }}`")  # noqa: TRY004  one kind for all mistakes
    if unknown := [key for key in value if key not in _RETENTION]:
        raise ValueError(", ".join(f"`{name}.{key}` is not a setting of a registry" for key in unknown))
    return {
        key: whole_number(f"{name}.{key}", written, *_RETENTION[key])
        for key, written in value.items() if written is not None
    }  # fmt: skip


def _text(name: str, value: Literal) -> Literal:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"`{name}` is not a string")
    return value


def _texts(name: str, value: Literal) -> Literal:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f'`{name}` is not a list of strings like `["…"]`')
    return value


def _list_of(kind: type[Name]) -> Callable[[str, Literal], Literal]:
    def read_list(name: str, value: Literal) -> Literal:
        # A number is refused, too: it would lose the zeros that it begins with.
        items = _texts(name, [] if value is None else value)
        try:
            return [str(kind(str(item))) for item in items] if isinstance(items, list) else []
        except ValueError as error:
            raise ValueError(f"`{name}`: {error}") from None

    return read_list


def _switch(name: str, value: Literal) -> Literal:
    read = _SWITCHES.get(value) if isinstance(value, str) else value
    if isinstance(read, bool) or value is None:
        return read
    raise ValueError(f"`{name}` is {value!a}, not true or false")


_READERS: dict[str, Callable[[str, Literal], Literal]] = {
    "kms_key": _text,
    "retention": _retention,
    "immutability_exclusions": _texts,
    ACCOUNTS: _list_of(AccountId),
    ORGANIZATIONS: _list_of(OrganizationId),
    LAMBDA: _list_of(AccountId),
    ADOPTED: _switch,
}
