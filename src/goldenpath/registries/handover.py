"""The hand-over of a registry that has come to be: a note where it was asked for, and an issue where it is used."""

from __future__ import annotations

import base64
import string
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import yaml

from goldenpath.errors import GithubRefused
from goldenpath.model.expressions import with_own_repository
from goldenpath.model.names import role_secret
from goldenpath.registries.config import ecr_tf

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from goldenpath.registries.aws.ecr import EcrDescription
    from goldenpath.registries.config.ecr_tf import RegistryEntry
    from goldenpath.registries.github.repository import GithubRepository

TEMPLATE = "docs/templates/handover.md"
LABEL = "goldenpath"
_WORKFLOWS = ".github/workflows"
# A repository with more workflows, or a longer one, is not looked through.
_MOST_FILES, _LONGEST_FILE = 50, 1 << 18


def handover_note(checkout: Path, registry: RegistryEntry, found: EcrDescription, platform: str) -> str:
    """Return the hand-over note of `registry`; `platform` is the repository to ask at (`owner/name`)."""
    brought = ecr_tf.load_controls(checkout)[registry.risk]
    text = string.Template(ecr_tf.read_text(checkout / TEMPLATE))
    return text.substitute(
        name=registry.name,
        environment=registry.environment,
        role_secret=role_secret(registry.environment),
        owner=registry.owner,
        risk=registry.risk.value,
        id=registry.id,
        uri=found.uri,
        mutability=found.mutability.lower(),
        encryption=found.encryption,
        keep=str(registry.keeps(brought.keep)),
        platform=platform,
    )


def deprecation_note(registry: RegistryEntry, found: EcrDescription, platform: str) -> str:
    """Return the note to the owner of a registry that is deprecated."""
    return (
        f"Pushes to `{found.uri}` are refused from now on; pulls go on until {registry.remove_after}, when it may be "
        f"removed with its images. Owner: {registry.owner}. If it is needed, say so in {platform} before that day."
    )


def notify_team(
    open_repository: Callable[[str], GithubRepository | None], registry: RegistryEntry, text: str, platform: str
) -> str:
    """Open or renew an issue with `text` in the app's repository, and return one sentence that says what was done.

    The app's repository has the registry's name, or its last part, and the owner of `platform`. That is a guess, which
    anybody can make a registry's name say; so its default branch has to deliver to the registry. `open_repository`
    returns `None` when no token leads there. Nothing that fails here undoes an apply: it is reported instead.
    """
    slug = f"{platform.partition('/')[0]}/{registry.name.rpartition('/')[2]}"
    repository = open_repository(slug)
    if repository is None:
        return f"The team was not told in {slug}: the secret GOLDENPATH_APPS_TOKEN is not set. Please pass this on."
    try:
        if not repository.exists():
            return f"There is no repository {slug} to tell the team in. Please pass this on."
        if not delivers_to(repository, slug, registry.name, platform):
            return (
                f"The team was not told in {slug}: no workflow on its default branch delivers to `{registry.name}`. "
                "Please pass this on."
            )
        news = "is deprecated" if registry.deprecated_since else "is ready"
        marker = f"{news} {registry.environment}/{registry.name}"
        title = f"Your registry {registry.name} in {registry.environment} {news}"
        thread = repository.issue(marker, title, text, LABEL)
    except GithubRefused as error:
        return f"The team could not be told in {slug} ({error.why}). Please pass this on."
    return f"The team was told in {slug}#{thread.number}."


def delivers_to(repository: GithubRepository, slug: str, name: str, platform: str) -> bool:
    """Return whether a workflow on the default branch of `slug` uses the `platform` for the registry `name`.

    Raises `GithubRefused`.
    """
    wish = "read the workflows"
    listed = repository.get(f"contents/{_WORKFLOWS}", wish)
    paths = [each["path"] for each in listed or () if _is_workflow(each)] if isinstance(listed, list) else []
    files = (repository.get(f"contents/{quote(path)}", wish) for path in paths[:_MOST_FILES])
    named = (_registries_of(base64.b64decode(file["content"]), platform) for file in files if file)
    return any(name == with_own_repository(each, slug) for names in named for each in names)


def _is_workflow(entry: dict[str, Any]) -> bool:
    is_yaml = str(entry["path"]).endswith((".yml", ".yaml"))
    return is_yaml and entry["type"] == "file" and entry["size"] <= _LONGEST_FILE


def _registries_of(workflow: bytes, platform: str) -> set[str]:
    """Return the registries that a workflow gives to what it uses of the `platform`; none if it is unreadable."""
    try:
        jobs = list(yaml.safe_load(workflow)["jobs"].values())
        users = [*jobs, *(step for job in jobs for step in job.get("steps") or ())]
        ours = [each for each in users if _repository_of(str(each.get("uses", ""))) == platform.casefold()]
        return {str((each.get("with") or {}).get("ecr_repository", "")) for each in ours}
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return set()


def _repository_of(uses: str) -> str:
    """Return `owner/name` of what a workflow `uses`, in lower case: GitHub does not tell cases apart."""
    return "/".join(uses.partition("@")[0].casefold().split("/")[:2])
