"""A base image: what an image was built from, besides the files of its own repository."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from goldenpath.shared.names import Digest

IN_A_FOLDER = "oci-layout://"


class BaseImage(Struct, frozen=True):
    """An image that a build used: its `name` as BuildKit completes it, and the `digest` that was used.

    The name of one that a named build context took from an image layout in a folder begins with `oci-layout://`.
    `created` is when it was made, and `newest` the digest that its tag named when it was used; `None` where unknown.
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
        """The tag in its name; empty where it has none."""
        return self.name.rpartition("/")[2].partition(":")[2]

    @property
    def is_in_a_folder(self) -> bool:
        """Whether no registry knows it."""
        return self.name.startswith(IN_A_FOLDER)

    @property
    def is_outdated(self) -> bool:
        """Whether its tag is known to name another image."""
        return self.newest not in {None, self.digest}

    @property
    def reference(self) -> str:
        """The name with the digest, as a registry is asked for it."""
        return f"{self.name}@{self.digest}"

    def is_from(self, registries: tuple[str, ...]) -> bool:
        """Whether it comes from one of `registries`; each is a registry, with a path where only that part is meant."""
        return any(self.repository == registry or self.repository.startswith(f"{registry}/") for registry in registries)
