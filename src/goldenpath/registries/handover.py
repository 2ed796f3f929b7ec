"""The hand-over of a registry that has come to be: a note where it was asked for, and an issue where it is used."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from goldenpath.errors import GithubRefused
from goldenpath.model.names import role_secret
from goldenpath.registries import config, controls

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from goldenpath.registries.config import Registry
    from goldenpath.services.ecr_describe import Described
    from goldenpath.services.github_platform import Repository

TEMPLATE = "docs/templates/handover.md"
LABEL = "goldenpath"


def note(checkout: Path, registry: Registry, found: Described, platform: str) -> str:
    """Return the hand-over note of `registry`; `platform` is the repository to ask at (`owner/name`)."""
    brought = controls.load(checkout)[registry.risk]
    text = string.Template(config.read_text(checkout / TEMPLATE))
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


def farewell(registry: Registry, found: Described, platform: str) -> str:
    """Return the note to the owner of a registry that is deprecated."""
    return (
        f"Pushes to `{found.uri}` are refused from now on; pulls go on until {registry.remove_after}, when it may be "
        f"removed with its images. Owner: {registry.owner}. If it is needed, say so in {platform} before that day."
    )


def tell_team(open_repository: Callable[[str], Repository | None], registry: Registry, text: str, owner: str) -> str:
    """Open or renew an issue with `text` in the app's repository, and return one sentence that says what was done.

    The app's repository is `owner` with the registry's name, or its last part. `open_repository` gives `None` when no
    token leads there. Nothing that fails here undoes an apply: it is told instead.
    """
    slug = f"{owner}/{registry.name.rpartition('/')[2]}"
    repository = open_repository(slug)
    if repository is None:
        return f"The team was not told in {slug}: the secret GOLDENPATH_APPS_TOKEN is not set. Please pass this on."
    try:
        if not repository.exists():
            return f"There is no repository {slug} to tell the team in. Please pass this on."
        news = "is deprecated" if registry.deprecated_since else "is ready"
        marker = f"{news} {registry.environment}/{registry.name}"
        title = f"Your registry {registry.name} in {registry.environment} {news}"
        thread = repository.issue(marker, title, text, LABEL)
    except GithubRefused as error:
        return f"The team could not be told in {slug} ({error.why}). Please pass this on."
    return f"The team was told in {slug}#{thread.number}."
