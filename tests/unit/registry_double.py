"""A double of one ECR repository: data plane and control plane over one memory, and no network at all.

It stands for `OciRegistry` and `Ecr` where a test needs to fail the n-th call, which no real registry does on demand;
`tests/tools` runs the same code against a real one.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from goldenpath.delivery.registry.archive import ImageArchive
from goldenpath.delivery.registry.ecr_client import RepositoryInfo
from goldenpath.delivery.registry.oci_registry import StoredManifest, Upload
from goldenpath.delivery.registry.pushed_image import PushedImage
from goldenpath.shared.errors import GoldenPathError, RegistryRefused, TagTaken
from goldenpath.shared.names import Digest, EcrRepository, Tag

if TYPE_CHECKING:
    from datetime import datetime

    from goldenpath.delivery.registry.signing_status import SigningStatus

NAME = EcrRepository("my-app")
Fault = Callable[[str], None]


def info(*, immutable: bool = False, excluded: tuple[str, ...] = ()) -> RepositoryInfo:
    return RepositoryInfo(NAME, "registry.example/my-app", "123456789012", immutable, excluded=excluded)


@dataclass
class RegistryDouble:
    """The repository `my-app`. `before_call` and `after_call` are told each call's name and may raise for it.

    A fault before a call leaves it undone; one after it is an answer that was lost: done, and nobody knows.
    """

    immutable: bool = False
    excluded: tuple[str, ...] = ()
    manifests: dict[Digest, StoredManifest] = field(default_factory=dict)
    tags: dict[Tag, Digest] = field(default_factory=dict)
    blobs: set[Digest] = field(default_factory=set)
    archived: dict[Tag, Digest] = field(default_factory=dict)
    signed: dict[Digest, tuple[Digest, ...]] = field(default_factory=dict)
    statuses: list[tuple[SigningStatus, ...]] = field(default_factory=lambda: [()])
    pushed_at: datetime | None = None
    calls: list[str] = field(default_factory=list)
    before_call: Fault = field(default=lambda _: None)
    after_call: Fault = field(default=lambda _: None)

    def hold(self, content: bytes, media_type: str, *tags: Tag) -> Digest:
        """Put an image into the repository as an earlier release left it."""
        stored = StoredManifest(Digest.of(content), media_type, content)
        self.manifests[stored.digest] = stored
        self.tags |= dict.fromkeys(tags, stored.digest)
        return stored.digest

    @property
    def info(self) -> RepositoryInfo:
        return info(immutable=self.immutable, excluded=self.excluded)

    def manifest(self, reference: Tag | Digest) -> StoredManifest | None:
        with self._call(f"manifest {reference}"):
            digest = reference if isinstance(reference, Digest) else self.tags.get(reference)
            return self.manifests.get(digest) if digest else None

    def has_blob(self, digest: Digest) -> bool:
        with self._call(f"has_blob {digest}"):
            return digest in self.blobs

    def upload_blob(self, upload: Upload) -> None:
        with self._call(f"upload_blob {upload.blob.digest}"):
            with closing(upload.open()) as file:
                assert Digest.of(file.read()) == upload.blob.digest
            self.blobs.add(upload.blob.digest)

    def put_manifest(self, reference: Tag | Digest, media_type: str, content: bytes) -> Digest:
        with self._call(f"put_manifest {reference}"):
            if isinstance(reference, Tag) and reference in self.tags and self.info.keeps(reference):
                raise TagTaken(f"the tag {reference} is taken", fix="f")
            digest = self.hold(content, media_type)
            if isinstance(reference, Tag):
                self.tags[reference] = digest
            else:
                assert reference == digest
            return digest

    def delete_images(self, name: EcrRepository, images: Sequence[Tag | Digest]) -> tuple[Digest, ...]:
        with self._call(f"delete_images {' '.join(images)}"):
            assert name == NAME
            listed = [self._delete(image) for image in images]
            return tuple(each for each in listed if each is not None)

    def tags_of(self, name: EcrRepository, digest: Digest) -> tuple[Tag, ...]:
        with self._call(f"tags_of {digest}"):
            assert name == NAME
            return tuple(tag for tag, named in self.tags.items() if named == digest)

    def signatures(self, name: EcrRepository, digest: Digest) -> tuple[Digest, ...]:
        with self._call(f"signatures {digest}"):
            assert name == NAME
            return self.signed.get(digest, ())

    def signing_statuses(self, name: EcrRepository, digest: Digest) -> tuple[SigningStatus, ...]:
        with self._call(f"signing_statuses {digest}"):
            assert name == NAME
            return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    def newest_tags(self, name: EcrRepository, prefix: str) -> tuple[Tag, ...]:
        with self._call(f"newest_tags {prefix}"):
            assert name == NAME
            return tuple(tag for tag in self.tags if tag.startswith(prefix))

    def pushed_image(self, name: EcrRepository, digest: Digest) -> PushedImage:
        with self._call(f"pushed_image {digest}"):
            assert name == NAME
            return PushedImage(tuple(tag for tag, named in self.tags.items() if named == digest), self.pushed_at)

    def archive(self, name: EcrRepository) -> ImageArchive:
        with self._call("archive"):
            assert name == NAME
            return ImageArchive(dict(self.archived), frozenset(self.archived.values()))

    def _delete(self, image: Tag | Digest) -> Digest | None:
        """Remove a tag or a manifest as ECR does: with its last tag goes the image, and what an index lists stays."""
        if isinstance(image, Tag):
            self._untag(image)
        elif self._is_listed(image):
            return image
        elif self.manifests.pop(image, None):
            self.tags = {tag: digest for tag, digest in self.tags.items() if digest != image}
        return None

    def _untag(self, tag: Tag) -> None:
        digest = self.tags.get(tag)
        last = digest is not None and list(self.tags.values()).count(digest) == 1
        if digest and last and self._is_listed(digest):
            raise RegistryRefused("ECR did not remove 1 of 1 images", why="referenced by manifest list", fix="f")
        self.tags.pop(tag, None)
        if digest and last:
            del self.manifests[digest]

    def _is_listed(self, digest: Digest) -> bool:
        return any(digest in each.content.decode("utf-8", "replace") for each in self.manifests.values())

    @contextmanager
    def _call(self, name: str) -> Iterator[None]:
        self.calls.append(name)
        self.before_call(name)
        yield
        self.after_call(name)


def fault(numbers: Container[int], error: Callable[[], BaseException]) -> Fault:
    """Return a fault of the calls whose number (from 0) is in `numbers`."""
    calls = count()

    def act(_name: str) -> None:
        if next(calls) in numbers:
            raise error()

    return act


def trouble() -> GoldenPathError:
    return GoldenPathError("the registry is down", fix="f")
