"""The hand-over of a new registry: a note in its pull request, and an issue in the repository of the app."""

from __future__ import annotations

import base64
import string
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import yaml

from goldenpath.registries.config import ecr_tf
from goldenpath.shared.errors import GithubRefused
from goldenpath.shared.expressions import with_own_repository
from goldenpath.shared.names import role_secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from goldenpath.registries.aws.ecr import EcrDescription
    from goldenpath.registries.config.ecr_tf import RegistryEntry
    from goldenpath.registries.github.repository import GithubRepository

TEMPLATE = "docs/templates/handover.md"
LABEL = "goldenpath"
_WORKFLOWS = ".github/workflows"
# Limits on what is read from a repository that we do not control.
_MOST_FILES, _LONGEST_FILE = 50, 1 << 18


def handover_note(checkout: Path, registry: RegistryEntry, repository: EcrDescription, platform: str) -> str:
    """Return the hand-over note of `registry`; `platform` is the repository for questions (`owner/name`)."""
    controls = ecr_tf.load_controls(checkout)[registry.risk]
    text = string.Template(ecr_tf.read_text(checkout / TEMPLATE))
    return text.substitute(
        name=registry.name,
        environment=registry.environment,
        role_secret=role_secret(registry.environment),
        owner=registry.owner,
        risk=registry.risk.value,
        id=registry.id,
        uri=repository.uri,
        mutability=repository.mutability.lower(),
        encryption=repository.encryption,
        keep=str(registry.keeps(controls)),
        platform=platform,
    )


def deprecation_note(registry: RegistryEntry, repository: EcrDescription, platform: str) -> str:
    """Return the note to the owner of a deprecated registry."""
    return (
        f"Pushes to `{repository.uri}` are refused from now on; pulls go on until {registry.remove_after}, when it may "
        f"be removed with its images. Owner: {registry.owner}. If it is needed, say so in {platform} before that day."
    )


def notify_team(
    open_repository: Callable[[str], GithubRepository | None], registry: RegistryEntry, text: str, platform: str
) -> str:
    """Open or update an issue with `text` in the app's repository; return a sentence that says what was done.

    `open_repository` returns `None` when there is no token for app repositories. An error of GitHub is reported in the
    sentence, because the apply is done and stays.
    """
    # The repository is guessed from the last part of the registry's name, and a requester may name a registry after a
    # stranger's repository. So only one whose default branch delivers to this registry gets the issue (ADR 0015).
    slug = f"{platform.partition('/')[0]}/{registry.name.rpartition('/')[2]}"
    repository = open_repository(slug)
    if repository is None:
        return f"The team was not notified in {slug}: the secret GOLDENPATH_APPS_TOKEN is not set. Please pass this on."
    try:
        if not repository.exists():
            return f"There is no repository {slug} to notify the team in. Please pass this on."
        if not delivers_to(repository, slug, registry.name, platform):
            return (
                f"The team was not notified in {slug}: no workflow on its default branch delivers to "
                f"`{registry.name}`. Please pass this on."
            )
        news = "is deprecated" if registry.deprecated_since else "is ready"
        marker = f"{news} {registry.environment}/{registry.name}"
        title = f"Your registry {registry.name} in {registry.environment} {news}"
        thread = repository.issue(marker, title, text, LABEL)
    except GithubRefused as error:
        return f"The team could not be notified in {slug} ({error.why}). Please pass this on."
    return f"The team was notified in {slug}#{thread.number}."


def delivers_to(repository: GithubRepository, slug: str, name: str, platform: str) -> bool:
    """Return whether a workflow on the default branch of `slug` uses the `platform` for the registry `name`.

    Raises `GithubRefused`.
    """
    wish = "read the workflows"
    folder = repository.get(f"contents/{_WORKFLOWS}", wish)
    paths = [entry["path"] for entry in folder if _is_workflow(entry)] if isinstance(folder, list) else []
    files = (repository.get(f"contents/{quote(path)}", wish) for path in paths[:_MOST_FILES])
    delivered = (_registries_of(base64.b64decode(file["content"]), platform) for file in files if file)
    return any(name == with_own_repository(registry, slug) for registries in delivered for registry in registries)


def _is_workflow(entry: dict[str, Any]) -> bool:
    is_yaml = str(entry["path"]).endswith((".yml", ".yaml"))
    return is_yaml and entry["type"] == "file" and entry["size"] <= _LONGEST_FILE


def _registries_of(workflow: bytes, platform: str) -> set[str]:
    """Return the registries that a workflow passes to workflows or actions of the `platform`; none if unreadable."""
    # The file is somebody else's: whatever YAML or types it has, at worst it does not match.
    try:
        jobs = list(yaml.safe_load(workflow)["jobs"].values())
        callers = [*jobs, *(step for job in jobs for step in job.get("steps") or ())]
        ours = [caller for caller in callers if _repository_of(str(caller.get("uses", ""))) == platform.casefold()]
        return {str((caller.get("with") or {}).get("ecr_repository", "")) for caller in ours}
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return set()


def _repository_of(uses: str) -> str:
    """Return `owner/name` of a `uses`, in lower case: GitHub ignores case there."""
    return "/".join(uses.partition("@")[0].casefold().split("/")[:2])
