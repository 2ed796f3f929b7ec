"""The registries as the repository describes them: `envs/<environment>/ecr.tf`, read and written in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from goldenpath.errors import RegistryConfigUnexpected, RegistryNameTaken, RegistryUnknown
from goldenpath.model import codec
from goldenpath.registries.config import hcl_edit
from goldenpath.registries.config.hcl import HclUnexpected, Literal, line_of, read_map
from goldenpath.registries.request import Risk, known_environment, known_environments

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.registries.config.hcl import HclEntry
    from goldenpath.registries.request import RegistryRequest

BLOCK, MAP = "locals", "ecr_repositories"
_DATES = ("deprecated_since", "remove_after")
_KNOWN = ("id", "owner", "risk", "requester", "domain", *_DATES)
_RARER, _RETENTION = ("kms_key", "retention", "immutability_exclusions"), ("keep", "untagged_days")


@dataclass(frozen=True)
class RegistryEntry:
    """One registry as its environment describes it; `more` are the rarer settings, as they stand there."""

    environment: str
    name: str
    id: str
    owner: str
    risk: Risk
    requester: str = ""
    domain: str = ""
    deprecated_since: str = ""
    remove_after: str = ""
    more: Mapping[str, Literal] = field(default_factory=dict)

    def keeps(self, by_risk: int) -> int:
        """Return how many images it keeps: what its own `retention` says, else what its risk does."""
        retention = self.more.get("retention")
        keep = retention.get("keep") if isinstance(retention, Mapping) else None
        return keep if isinstance(keep, int) else by_risk


def path_of(checkout: Path, environment: str) -> Path:
    """Return the file that lists the registries of `environment`. Raises `UnknownEnvironment`."""
    return checkout / "envs" / known_environment(environment) / "ecr.tf"


def load(checkout: Path, environment: str) -> tuple[RegistryEntry, ...]:
    """Return the registries of `environment`, in the order of the file.

    Raises `UnknownEnvironment`, and `RegistryConfigUnexpected` when the file cannot be understood.
    """
    path = path_of(checkout, environment)
    return parse(read_text(path), environment, path)


def load_all(checkout: Path) -> tuple[RegistryEntry, ...]:
    """Return the registries of every environment that this checkout describes; raises as `load` does."""
    present = [each for each in known_environments() if path_of(checkout, each).is_file()]
    return tuple(registry for each in present for registry in load(checkout, each))


def find(checkout: Path, environment: str, name: str) -> RegistryEntry:
    """Return the registry `name`. Raises `RegistryUnknown`: to Terraform an unknown target is merely "no changes"."""
    registries = load(checkout, environment)
    for registry in registries:
        if registry.name == name:
            return registry
    raise RegistryUnknown(
        f"there is no registry {name!a} in {environment}",
        why=f"envs/{environment}/ecr.tf knows {', '.join(each.name for each in registries) or 'none yet'}",
        fix="correct the name, or request it: `goldenpath registry request`",
    )


def parse(text: str, environment: str, path: Path) -> tuple[RegistryEntry, ...]:
    """Return the registries in `text`, the content of `path`. Raises `RegistryConfigUnexpected`, naming the entry."""
    try:
        return tuple(_placed(text, environment, each) for each in read_map(text, BLOCK, MAP).entries)
    except ValueError as error:
        raise unexpected(path, error) from None


def with_request(text: str, request: RegistryRequest, path: Path) -> str:
    """Return `text`, the content of `path`, with the registry that `request` asks for.

    An entry that is there keeps all that it has, and is given what it lacks. Raises `RegistryNameTaken` when its name
    or id belongs to another one, and `RegistryConfigUnexpected`.
    """
    present: RegistryEntry | None = None
    for registry in parse(text, request.environment, path):
        _refuse_clash(registry, request, path)
        present = registry if registry.name == request.name else present
    try:
        if present is None:
            return hcl_edit.with_entry(text, BLOCK, MAP, request.name, request.fields)
        lacking = {name: value for name, value in request.fields.items() if not getattr(present, name)}
        return hcl_edit.with_fields(text, BLOCK, MAP, request.name, lacking)
    except HclUnexpected as error:
        raise unexpected(path, error) from None


def add(checkout: Path, request: RegistryRequest) -> bool:
    """Write what `request` asks for into its environment's file; tell whether the file changed. Raises as above."""
    path = path_of(checkout, request.environment)
    before = read_text(path)
    after = with_request(before, request, path)
    if after != before:
        codec.write_bytes(path, after.encode())
    return after != before


def read_text(path: Path) -> str:
    """Return the text of `path`. Raises `RegistryConfigUnexpected` when it is missing or is no text."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        raise RegistryConfigUnexpected(
            f"{path} is missing",
            why="each environment's registries are described in its folder under envs/",
            fix="run this in a checkout of the platform's repository, or name it with --checkout",
        ) from None
    except UnicodeDecodeError as error:
        raise unexpected(path, error) from None
    except OSError as error:
        raise codec.disk_trouble(error, path) from error


def unexpected(path: Path, error: ValueError) -> RegistryConfigUnexpected:
    """Return the error to raise when `path` is not what we can read or edit."""
    return RegistryConfigUnexpected(
        f"{path} is not of the form that we can edit, and was left as it is",
        why=str(error),
        fix="mend that place by hand (`terraform fmt` helps), then run again; docs/registries.md shows the form",
    )


def _refuse_clash(registry: RegistryEntry, request: RegistryRequest, path: Path) -> None:
    asked = request.fields
    if registry.name == request.name:
        told = [f"{name} is {str(kept)!a}, not {wanted!a}" for name, wanted in asked.items()
                if (kept := getattr(registry, name)) and kept != wanted]  # fmt: skip
        if told:
            raise RegistryNameTaken(
                f"there is a registry {request.name!a} in {request.environment} already",
                why="its " + "; its ".join(told),
                fix=f"choose another name, or change its entry in {path} by a pull request of its own",
            )
    elif registry.id == asked["id"]:
        raise RegistryNameTaken(
            f"the id {registry.id} of {request.name!a} belongs to {registry.name!a} already",
            why="ids are derived from names, and every sign that is not a letter or digit becomes `_`",
            fix="choose a name that differs in more than its signs",
        )


def _placed(text: str, environment: str, entry: HclEntry) -> RegistryEntry:
    try:
        return _registry(environment, entry.key, entry.value)
    except HclUnexpected as error:
        raise HclUnexpected(f"line {line_of(text, entry.start)}: {error}") from None


def _registry(environment: str, name: str, value: Literal) -> RegistryEntry:
    if not isinstance(value, Mapping):
        raise HclUnexpected(f"the entry {name!a} is not a map of fields")
    if mistakes := list(_mistakes(value)):
        raise HclUnexpected(f"the entry {name!a}: {', '.join(mistakes)}")
    texts = {key: str(told) for key, told in value.items() if key in _KNOWN}
    risk = Risk(texts.pop("risk"))
    more = {key: told for key, told in value.items() if key not in _KNOWN}
    return RegistryEntry(environment, name, risk=risk, more=more, **texts)


def _mistakes(fields: Mapping[str, Literal]) -> Iterator[str]:
    """Yield what Terraform would pass over in silence, or what we could not tell about the registry."""
    yield from (f"`{key}` is not a string" for key in _KNOWN if not isinstance(fields.get(key, ""), str))
    yield from (f"`{key}` is missing" for key in ("id", "owner", "risk") if key not in fields)
    if fields.get("risk", Risk.LOW) not in list(Risk):
        yield f"`risk` is {fields['risk']!a}, not one of {', '.join(Risk)}"
    yield from (f"`{key}` is not a setting of a registry" for key in fields if key not in {*_KNOWN, *_RARER})
    retention = fields.get("retention", {})
    if not isinstance(retention, Mapping):
        yield "`retention` is not a map like `{ keep = 90 }`"
    else:
        yield from (f"`retention.{key}` is not a setting of a registry" for key in retention if key not in _RETENTION)
    lone = [key for key in _DATES if key not in fields]
    if len(lone) == 1:
        yield f"`{lone[0]}` is missing: a deprecation has both dates"


@dataclass(frozen=True)
class RiskControls:
    """The controls of one level of risk: ECR's own words, and how many images of each kind are kept."""

    mutability: str
    encryption: str
    keep: int


def load_controls(checkout: Path) -> Mapping[Risk, RiskControls]:
    """Return the controls of every risk. Raises `RegistryConfigUnexpected` when the module's table is not whole."""
    path = checkout / "modules" / "aws_ecr" / "risk.tf"
    try:
        entries = read_map(read_text(path), "locals", "risk_controls").entries
        return {Risk(each.key): msgspec.convert(each.value, RiskControls) for each in entries}
    except ValueError as error:
        raise unexpected(path, error) from None
