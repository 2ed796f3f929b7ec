"""A base image: an image that a build starts from or copies files from."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from goldenpath.shared.names import Digest

IN_A_FOLDER = "oci-layout://"


class BaseImage(Struct, frozen=True):
    """An image that a build used: its `name` as BuildKit completes it, and the `digest` that was used.

    If a named build context took it from an image layout in a folder, the name begins with `oci-layout://`. `created`
    is the time when it was made; `newest` is the digest that its tag named during the build. `None` means unknown.
    """

    name: str
    digest: Digest
    created: Annotated[datetime, Meta(tz=True)] | None = None
    newest: Digest | None = None

    @property
    def repository(self) -> str:
        """The name without its tag: registry, then path."""
        head, slash, last = self.name.rpartition("/")
        return f"{head}{slash}{last.partition(':')[0]}"

    @property
    def tag(self) -> str:
        """The tag in its name; empty if it has none."""
        return self.name.rpartition("/")[2].partition(":")[2]

    @property
    def is_in_a_folder(self) -> bool:
        """Whether it comes from an image layout in a folder, and not from a registry."""
        return self.name.startswith(IN_A_FOLDER)

    @property
    def is_outdated(self) -> bool:
        """Whether its tag named a newer image during the build."""
        return self.newest not in {None, self.digest}

    @property
    def reference(self) -> str:
        """The name with the digest, as in a request to the registry."""
        return f"{self.name}@{self.digest}"

    def is_from(self, registries: tuple[str, ...]) -> bool:
        """Whether it comes from one of `registries`: names of registries, with a path for a part of a registry."""
        return any(self.repository == registry or self.repository.startswith(f"{registry}/") for registry in registries)
