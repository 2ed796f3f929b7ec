"""The receipt of a release: what every tag named before and after it."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from goldenpath.shared.names import Commit, Digest, EcrRepository, EnvironmentName, ImageRepository, Tag

RECEIPT_SCHEMA = "goldenpath.receipt/1"


class State(StrEnum):
    """How far a release came. `undone`: every tag is what it was before; `broken`: not all of them are.

    `staged`: the blobs are there, and nobody wrote down what happened then; the run may have been killed.
    """

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
    """What a release did. `repository` is the address an image is pulled from, without tag.

    `staged` is every manifest that the repository lacked and this release brings, an index after what it lists. It is
    written down before the first of them is sent: from this alone `release repair` finds what a killed run left.
    `unbound` is a warning where nothing says that the repository belongs to the environment.
    """

    state: State
    environment: EnvironmentName
    repository: ImageRepository
    digest: Digest
    commit: Commit
    tags: tuple[TagMove, ...]
    uploaded_blobs: int = 0
    uploaded_bytes: int = 0
    staged: tuple[Digest, ...] = ()
    unbound: str = ""
    schema: str = RECEIPT_SCHEMA

    @property
    def name(self) -> EcrRepository:
        """The name of the repository in its registry."""
        return self.repository.name

    @property
    def reference(self) -> str:
        """The image by digest, as `docker pull` takes it."""
        return f"{self.repository}@{self.digest}"
