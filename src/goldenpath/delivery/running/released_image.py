"""Find the releases of an environment in its ECR repository, and fetch the image of one."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from goldenpath.delivery.registry import oci_pull
from goldenpath.delivery.release import access
from goldenpath.delivery.release.release_request import wanted_access
from goldenpath.shared.errors import BadInput

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from goldenpath.delivery.model.layout import Layout
    from goldenpath.delivery.registry.oci_registry import StoredManifest
    from goldenpath.delivery.release.access import EcrConnection
    from goldenpath.delivery.stage import Run
    from goldenpath.shared.names import Tag


def open_to_read(run: Run) -> AbstractContextManager[EcrConnection]:
    """Open the ECR repository of `run` with a session that can change nothing; it raises as `open_repository` does."""
    return access.open_repository(replace(wanted_access(run), read_only=True), run.runner)


def releases(run: Run, connection: EcrConnection) -> tuple[Tag, ...]:
    """Return a tag of each release to the environment, the newest first; none when there was none.

    Raises `ImageArchived` when ECR has archived all of them.
    """
    prefix = f"{run.environment.name}-"
    tags = connection.ecr.newest_tags(connection.info.name, prefix)
    if not tags:
        archive = connection.ecr.archive(connection.info.name)
        archive.require_active((tag for tag in archive.tags if tag.startswith(prefix)), connection.info.name)
    return tags


def named(connection: EcrConnection, tag: Tag) -> StoredManifest:
    """Return the manifest of `tag`. Raises `BadInput` when the tag does not exist, `ImageArchived` when it does."""
    stored = connection.registry.manifest(tag)
    if stored is None:
        connection.ecr.archive(connection.info.name).require_active([tag], connection.info.name)
        raise BadInput(
            f"{connection.info.name} has no tag {tag}",
            fix="Name an existing tag, or none for the newest release of the environment",
        )
    return stored


def pulled(run: Run, connection: EcrConnection, stored: StoredManifest) -> Layout:
    """Return the image `stored` as a layout in the work folder."""
    shutil.rmtree(run.work.layout, ignore_errors=True)
    return oci_pull.pull(connection.registry, stored, run.work.layout)
