"""The Terraform configuration that an apply may run: that of the trusted checkout, with nothing of the merge but data.

An apply runs with a role that may change registries. A module, a provider's lock or a `main.tf` of the merged commit
would run with it too, some of it while planning, before any plan can be compared. So the merged commit gives one thing:
the entries of an `ecr.tf`, which are literals. Where it differs in anything else, nothing runs at all (ADR 0014).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from goldenpath.errors import BadInput, ConfigurationUntrusted
from goldenpath.model import codec
from goldenpath.registries import platform_git
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.config.hcl import HclUnexpected, read_map

_MODULES, _TEMPLATES = "modules", "docs/templates"
_SHOWN = 5


def require_apart(trusted: Path, checkout: Path) -> None:
    """Refuse with `BadInput` a checkout that is the trusted one too: then the merged commit's own code would run."""
    if trusted.resolve() == checkout.resolve():
        raise BadInput(
            "the trusted checkout and the one of what was merged are the same folder",
            why="the tool and the Terraform configuration come from the default branch, the merged commit is data only",
            fix="check out both side by side, and name the merged one with --checkout, the other with --trusted",
        )


def require_same(trusted: Path, checkout: Path, environment: str, commit: str) -> None:
    """Refuse with `ConfigurationUntrusted` a `commit` whose configuration of `environment` is not the trusted one.

    The entries of `ecr.tf` may differ; everything around them, the modules and all other files of the environment, its
    lock file among them, may not. Committed trees are compared, not folders: a checkout may rewrite what it writes.
    """
    folder = f"envs/{environment}"
    entries = f"{folder}/ecr.tf"
    ours, theirs = (
        platform_git.listed(each, at, (_MODULES, folder)) for each, at in ((trusted, "HEAD"), (checkout, commit))
    )
    differing = sorted(path for path in {*ours, *theirs} if path != entries and ours.get(path) != theirs.get(path))
    if _mode(ours, entries) != _mode(theirs, entries):
        differing.append(entries)
    elif _around(trusted, "HEAD", entries) != _around(checkout, commit, entries):
        differing.append(f"{entries} (outside of its entries)")
    if differing:
        raise _untrusted(differing)


def composed(trusted: Path, checkout: Path, environment: str, commit: str, folder: Path) -> Path:
    """Return `folder`, made anew of the trusted configuration of `environment` and the `ecr.tf` of `commit`.

    Call `require_same` first. Raises `DiskTrouble`.
    """
    try:
        shutil.rmtree(folder, ignore_errors=True)
        for each in (_MODULES, _TEMPLATES, f"envs/{environment}"):
            shutil.copytree(trusted / each, folder / each, symlinks=True)
    except OSError as error:
        raise codec.disk_trouble(error, folder) from error
    entries = f"envs/{environment}/ecr.tf"
    codec.write_bytes(folder / entries, platform_git.bytes_at(checkout, commit, entries))
    return folder


def _around(checkout: Path, commit: str, path: str) -> tuple[str, str]:
    """Return what stands before and behind the entries of `path`. Raises `RegistryConfigUnexpected`."""
    try:
        text = platform_git.bytes_at(checkout, commit, path).decode()
        found = read_map(text, ecr_tf.BLOCK, ecr_tf.MAP)
    except (UnicodeDecodeError, HclUnexpected) as error:
        raise ecr_tf.unexpected(Path(path), error) from None
    return text[: found.opening], text[found.closing :]


def _mode(listed: dict[str, str], path: str) -> str:
    return listed.get(path, "").rpartition(" ")[0]


def _untrusted(differing: list[str]) -> ConfigurationUntrusted:
    more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
    return ConfigurationUntrusted(
        f"what was merged has another Terraform configuration than the default branch: "
        f"{', '.join(differing[:_SHOWN])}{more}",
        why="it would run with the role that changes registries, and only what the default branch holds may do that",
        fix="nothing was applied; bring these files into the default branch, or take the change back, then run the "
        "wizard for the registry again",
    )
