"""Ask a public registry about a base image: which digest its tag names, and when an image was made.

Nobody logs in, and nothing depends on the response: a registry that is private, or does not respond soon, is `None`.

Source: OCI Distribution Specification 1.1, "Pull".
"""

from __future__ import annotations

import re
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.model.image_config import ImageConfig
from goldenpath.delivery.model.layout import Index, Manifest, require_blob
from goldenpath.delivery.registry.oci_registry import OciRegistry
from goldenpath.delivery.registry.registry_token import Login, address, bearer_token
from goldenpath.shared import codec
from goldenpath.shared.errors import (
    AccessDenied,
    CandidateChanged,
    LoginRefused,
    RegistryRefused,
    RegistryThrottled,
    RegistryUnreachable,
    RepositoryMissing,
)
from goldenpath.shared.http import Http
from goldenpath.shared.names import Digest, EcrRepository, Tag
from goldenpath.shared.oci import INDEXES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from goldenpath.delivery.model.base_image import BaseImage
    from goldenpath.shared.names import Platform

CONNECT_TIMEOUT, READ_TIMEOUT = 3.0, 5.0
_LARGEST_CONFIG = 4_000_000
_UNAUTHORIZED = 401
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_UNKNOWN = (
    AccessDenied, CandidateChanged, LoginRefused, RegistryRefused, RegistryThrottled, RegistryUnreachable,
    RepositoryMissing, ValueError,
)  # fmt: skip


def newest(image: BaseImage) -> Digest | None:
    """Return the digest that the tag of `image` names today; `None` where its registry does not say."""
    try:
        with _opened(image) as registry:
            return registry.digest(Tag(image.tag))
    except _UNKNOWN:
        return None


def created(image: BaseImage, platforms: Collection[Platform]) -> datetime | None:
    """Return when `image` was made; `None` where its registry, or the image itself, does not say.

    Of one for several platforms, the image of the first of `platforms` counts, else the first that it has.
    """
    try:
        with _opened(image) as registry, tempfile.TemporaryDirectory(prefix="goldenpath-base-") as folder:
            manifest = _manifest(registry, image.digest, platforms)
            if manifest.config.size > _LARGEST_CONFIG:
                return None
            config = Path(folder) / "config.json"
            registry.fetch_blob(manifest.config.digest, config)
            require_blob(config, manifest.config)
            return codec.decode(config.read_bytes(), ImageConfig).made
    except _UNKNOWN:
        return None


def _manifest(registry: OciRegistry, digest: Digest, platforms: Collection[Platform]) -> Manifest:
    stored = registry.manifest(digest)
    if stored is not None and stored.media_type in INDEXES:
        listed = codec.decode(stored.content, Index).manifests
        wanted = [manifest for manifest in listed if manifest.platform and manifest.platform.name in platforms]
        stored = registry.manifest((wanted or listed)[0].digest) if listed else None
    if stored is None:
        raise ValueError("there is no such image")
    return codec.decode(stored.content, Manifest)


@contextmanager
def _opened(image: BaseImage) -> Iterator[OciRegistry]:
    """Give the repository of `image`, as anybody may read it. Raises `ValueError` for what no registry can have."""
    host, _, path = image.repository.partition("/")
    repository = EcrRepository(path)
    if not _HOST.fullmatch(host):
        raise ValueError(f"{host!a} is no registry")
    endpoint = address(host)
    with closing(Http(attempts=1, connect_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT)) as http:
        asked = http.send("GET", f"{endpoint}/v2/", {})
        challenge = asked.headers.get("www-authenticate", "") if asked.status == _UNAUTHORIZED else ""
        token = bearer_token(http, challenge, repository)
        if challenge and not token:
            raise ValueError("the registry wants a login")
        yield OciRegistry(Login(endpoint, f"Bearer {token}" if token else "", ()), repository, http=http)
