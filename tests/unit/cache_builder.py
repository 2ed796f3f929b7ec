"""Build caches for tests, as `actions/cache/restore` leaves them: whole and true, unless a test breaks them."""

# A test changes any field of a record.
# ruff: noqa: ANN401

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from goldenpath.delivery.builds import builder
from goldenpath.delivery.builds.builder import Builder
from goldenpath.delivery.builds.cache_folder import CacheFolder
from goldenpath.delivery.model.build_cache import BuildCache
from goldenpath.shared.names import Commit
from tests.unit import layout_builder
from tests.unit.builders import COMMIT
from tests.unit.program_double import program

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "goldenpath-build-1-dev-my-app-"


def pinned() -> Builder:
    """Return the platform's own BuildKit."""
    return Builder(program("buildx"), "b1", "docker-container", builder.pinned_version(), {})


def saved(path: Path, **changed: Any) -> str:
    """Write a cache of `main` into `path` and return its key; `changed` replaces fields of its record.

    `content` is in its layer; in another `folder` there is the record alone.
    """
    content, folder = changed.pop("content", b"layer"), changed.pop("folder", path)
    manifest = layout_builder.layout(path / "layout", content=content).root().digest
    fields = {
        "manifest": manifest, "repository": "o/app", "ref": "refs/heads/main", "commit": Commit(COMMIT),
        "environment": "dev", "ecr_repository": "my-app", "builder": builder.pinned_version(),
        "created": datetime.now(UTC),
    }  # fmt: skip
    return PREFIX + CacheFolder(folder).write(BuildCache(**{**fields, **changed})).hex
