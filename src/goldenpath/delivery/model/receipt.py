"""The receipt of a release: the digest that every tag named before and after it."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from goldenpath.shared.names import Commit, Digest, EcrRepository, EnvironmentName, ImageRepository, SigningProfile, Tag
from goldenpath.shared.workflow_run import WorkflowRun

RECEIPT_SCHEMA = "goldenpath.receipt/1"


class State(StrEnum):
    """The progress of a release. `undone`: every tag is as it was before; `broken`: some tags are not.

    `staged`: the blobs are uploaded, and no later state was recorded; the run may have been killed.
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


class SigningState(StrEnum):
    """What became of the signature of an image with one profile; the values are ECR's."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"


class ImageSignature(Struct, frozen=True):
    """What became of ECR's signature of the image with one profile, when the release ended."""

    profile: SigningProfile
    state: SigningState


class Receipt(Struct, frozen=True):
    """The record of a release. `repository` is the address an image is pulled from, without tag.

    `staged` lists every manifest that this release adds to the repository, an index after its manifests. It is written
    before the first of them is sent: `release repair` needs only this list to find the manifests of a killed run.
    `unbound` is a warning if nothing binds the repository to the environment. `signatures` are those of ECR's managed
    signing, where the environment names its profiles. `policy` is the digest of the platform's rules of the release, of
    the file `environments.yaml`; `run` is the workflow run that wrote this, `None` on a command line.
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
    signatures: tuple[ImageSignature, ...] = ()
    policy: Digest | None = None
    run: WorkflowRun | None = None
    schema: str = RECEIPT_SCHEMA

    @property
    def name(self) -> EcrRepository:
        """The name of the repository in its registry."""
        return self.repository.name

    @property
    def reference(self) -> str:
        """The image by digest, as `docker pull` takes it."""
        return f"{self.repository}@{self.digest}"
