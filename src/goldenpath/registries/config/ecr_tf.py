"""The files that describe registries: `envs/<environment>/ecr.tf`, and the controls of every risk in `risk.tf`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldenpath.registries.config import entry_fields, hcl_edit
from goldenpath.registries.config.hcl import HclUnexpected, Literal, line_of, read_map
from goldenpath.registries.request import Risk, known_environment, known_environments
from goldenpath.shared import codec
from goldenpath.shared.errors import RegistryConfigUnexpected, RegistryNameTaken, RegistryUnknown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.registries.config.hcl import HclEntry
    from goldenpath.registries.request import RegistryRequest

BLOCK, MAP = "locals", "ecr_repositories"
_NOTHING: Mapping[str, Literal] = {}


@dataclass(frozen=True)
class RegistryEntry:
    """One entry of an `ecr.tf`; `more` holds the optional settings as the module gets them."""

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

    def keeps(self, controls: RiskControls) -> int:
        """Return how many images it keeps: its own `retention`, or what `controls` say."""
        retention = self.more.get("retention")
        keep = retention.get("keep") if isinstance(retention, Mapping) else None
        return keep if isinstance(keep, int) else controls.keep

    def mutability(self, controls: RiskControls) -> str:
        """Return the tag mutability that ECR must have for it, in ECR's own words."""
        return controls.mutability + ("_WITH_EXCLUSION" if self.exclusions else "")

    @property
    def exclusions(self) -> tuple[str, ...]:
        """The tags that may still move in an immutable registry, as wildcards."""
        listed = self.more.get("immutability_exclusions")
        return tuple(map(str, listed)) if isinstance(listed, list) else ()

    @property
    def kms_key(self) -> str:
        """The ARN of its own KMS key; empty where it has none."""
        return str(self.more.get("kms_key", ""))

    @property
    def is_adopted(self) -> bool:
        """Whether the repository was there before its entry, and Terraform imports it."""
        return self.more.get(entry_fields.ADOPTED) is True


@dataclass(frozen=True)
class RiskControls:
    """The controls of one level of risk: ECR's own words, and how many images are kept per environment."""

    mutability: str
    encryption: str
    keep: int


def load_controls(checkout: Path) -> Mapping[Risk, RiskControls]:
    """Return the controls of every risk. Raises `RegistryConfigUnexpected` when the module's table is incomplete.

    The Terraform module's own table is read, so that the two cannot differ.
    """
    path = checkout / "modules" / "aws_ecr" / "risk.tf"
    with explained(path):
        entries = read_map(read_text(path), "locals", "risk_controls").entries
        return {Risk(entry.key): codec.convert(entry.value, RiskControls) for entry in entries}


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
    """Return the registries of every environment in this checkout; raises as `load` does."""
    present = [environment for environment in known_environments() if path_of(checkout, environment).is_file()]
    return tuple(entry for environment in present for entry in load(checkout, environment))


def find(checkout: Path, environment: str, name: str) -> RegistryEntry:
    """Return the registry `name`. Raises `RegistryUnknown`."""
    entries = load(checkout, environment)
    for entry in entries:
        if entry.name == name:
            return entry
    # Terraform accepts a target that does not exist and plans "no changes": a typo would look like success.
    raise RegistryUnknown(
        f"There is no registry {name!a} in {environment}",
        why=f"envs/{environment}/ecr.tf knows {', '.join(entry.name for entry in entries) or 'none yet'}",
        fix="Correct the name, or request it: `goldenpath registry request`",
    )


def parse(text: str, environment: str, path: Path) -> tuple[RegistryEntry, ...]:
    """Return the registries in `text`, the content of `path`. Raises `RegistryConfigUnexpected`, naming the entry."""
    with explained(path):
        registries = read_map(text, BLOCK, MAP)
        code = text[: registries.opening] + text[registries.closing :]
        return tuple(_entry_at(text, code, environment, entry) for entry in registries.entries)


def with_request(text: str, request: RegistryRequest, path: Path, more: Mapping[str, Literal] = _NOTHING) -> str:
    """Return `text`, the content of `path`, with the registry that `request` asks for; `more` are optional settings.

    An existing entry keeps all of its fields, and gets those that it lacks. Raises `RegistryNameTaken` when the name or
    the id belongs to another registry, and `RegistryConfigUnexpected`.
    """
    present: RegistryEntry | None = None
    for entry in parse(text, request.environment, path):
        _refuse_clash(entry, request, path)
        present = entry if entry.name == request.name else present
    with explained(path):
        if present is None:
            return hcl_edit.with_entry(text, BLOCK, MAP, request.name, {**request.fields, **more})
        lacking: dict[str, Literal] = {
            name: value for name, value in request.fields.items() if not getattr(present, name)
        }
        lacking |= {name: value for name, value in more.items() if name not in present.more}
        return hcl_edit.with_fields(text, BLOCK, MAP, request.name, lacking)


def with_fields(text: str, name: str, fields: Mapping[str, str], path: Path) -> str:
    """Return `text`, the content of `path`, with `fields` added to the entry `name`."""
    with explained(path):
        return hcl_edit.with_fields(text, BLOCK, MAP, name, fields)


def without_entry(text: str, name: str, path: Path) -> str:
    """Return `text`, the content of `path`, without the entry `name`."""
    with explained(path):
        return hcl_edit.without_entry(text, BLOCK, MAP, name)


def add(checkout: Path, request: RegistryRequest, more: Mapping[str, Literal] = _NOTHING) -> bool:
    """Write the registry of `request` into its environment's file; tell whether the file changed. Raises as above."""
    path = path_of(checkout, request.environment)
    before = read_text(path)
    after = with_request(before, request, path, more)
    if after != before:
        # A setting that this file's module call does not pass on must not be written.
        parse(after, request.environment, path)
        codec.write_bytes(path, after.encode())
    return after != before


def read_text(path: Path) -> str:
    """Return the text of `path`. Raises `RegistryConfigUnexpected` when it is missing or not UTF-8."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        raise RegistryConfigUnexpected(
            f"{path} is missing",
            why="Each environment's registries are described in its folder under envs/",
            fix="Run this in a checkout of the platform's repository, or name it with --checkout",
        ) from None
    except UnicodeDecodeError:
        raise unexpected(path, ValueError("it is no UTF-8 text, so save it as UTF-8")) from None
    except OSError as error:
        raise codec.disk_trouble(error, path) from error


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn a `ValueError` about the content of `path` into `RegistryConfigUnexpected`."""
    try:
        yield
    except ValueError as error:
        raise unexpected(path, error) from None


def unexpected(path: Path, error: ValueError) -> RegistryConfigUnexpected:
    """Return the error for a `path` that we cannot read or edit."""
    return RegistryConfigUnexpected(
        f"{path} is not of the form that we can edit, and was left as it is",
        why=str(error),
        fix="Fix that place by hand (`terraform fmt` helps), then run again; docs/registries.md shows the form",
    )


def _refuse_clash(entry: RegistryEntry, request: RegistryRequest, path: Path) -> None:
    fields = request.fields
    if entry.name == request.name:
        differing = [f"{name} is {str(kept)!a}, not {wanted!a}" for name, wanted in fields.items()
                     if (kept := getattr(entry, name)) and kept != wanted]  # fmt: skip
        if differing:
            raise RegistryNameTaken(
                f"There is a registry {request.name!a} in {request.environment} already",
                why="its " + "; its ".join(differing),
                fix=f"Choose another name, or change its entry in {path} by a pull request of its own",
            )
    elif entry.id == fields["id"]:
        raise RegistryNameTaken(
            f"The id {entry.id} of {request.name!a} belongs to {entry.name!a} already",
            why="Ids are derived from names, and every sign that is not a letter or digit becomes `_`",
            fix="Choose a name that differs in more than its signs",
        )


def _entry_at(text: str, code: str, environment: str, entry: HclEntry) -> RegistryEntry:
    """Return the registry of `entry`; `code` is the text of the file without its entries."""
    try:
        return _registry_entry(environment, entry.key, entry.value, code)
    except ValueError as error:
        raise HclUnexpected(f"line {line_of(text, entry.start)}: the entry {entry.key!a}{error}") from None


def _registry_entry(environment: str, name: str, written: Literal, code: str) -> RegistryEntry:
    if not isinstance(written, Mapping):
        raise HclUnexpected(" is not a map of fields")
    try:
        values = entry_fields.read(written)
    except ValueError as error:
        raise HclUnexpected(f": {error}") from None
    # Terraform would ignore such a setting without a word.
    if unused := [key for key in entry_fields.RECENT if key in values and f".{key}" not in code]:
        raise HclUnexpected(
            f": the module call of this file does not pass on {', '.join(f'`{key}`' for key in unused)}; take the call "
            "from the platform's newest envs/<environment>/ecr.tf"
        )
    texts = {key: str(values.pop(key)) for key in entry_fields.TEXTS if key in values}
    risk = Risk(texts.pop("risk"))
    return RegistryEntry(environment, name, risk=risk, more=values, **texts)
