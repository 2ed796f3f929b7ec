"""The receipt of a release: what every tag named before and after it."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from goldenpath.model.names import Commit, Digest, Tag

RECEIPT_SCHEMA = "goldenpath.receipt/1"


class State(StrEnum):
    """How far a release came. `staged`: no tag written yet; `undone`: every tag is what it was before."""

    STAGED = "staged"
    RELEASED = "released"
    UNCHANGED = "unchanged"
    UNDONE = "undone"
    BROKEN = "broken"


class TagMove(Struct, frozen=True):
    """One tag of a release; `before` is `None` where the tag was free, `after` where it is not written yet."""

    tag: Tag
    before: Digest | None
    after: Digest | None


class Receipt(Struct, frozen=True):
    """What a release did. `repository` is the address an image is pulled from, without tag."""

    state: State
    environment: str
    repository: str
    digest: Digest
    commit: Commit
    tags: tuple[TagMove, ...]
    uploaded_blobs: int = 0
    uploaded_bytes: int = 0
    schema: str = RECEIPT_SCHEMA

    @property
    def reference(self) -> str:
        """The image by digest, as `docker pull` takes it."""
        return f"{self.repository}@{self.digest}"
