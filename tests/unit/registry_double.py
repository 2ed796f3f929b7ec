"""A double of one ECR repository: data plane and control plane over one memory, and no network at all.

It stands for `OciRegistry` and `Ecr` where a test needs to fail the n-th call, which no real registry does on demand;
`tests/tools` runs the same code against a real one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from goldenpath.errors import GoldenPathError, TagTaken
from goldenpath.model.layout import Descriptor
from goldenpath.model.names import Digest, EcrRepository, Tag
from goldenpath.services.aws import RepositoryInfo
from goldenpath.services.oci_registry import StoredManifest

NAME = EcrRepository("my-app")
Fault = Callable[[str], None]


def info(*, immutable: bool = False) -> RepositoryInfo:
    return RepositoryInfo(NAME, "registry.example/my-app", "123456789012", immutable)


@dataclass
class RegistryDouble:
    """The repository `my-app`. `before_call` and `after_call` are told each call's name and may raise for it.

    A fault before a call leaves it undone; one after it is an answer that was lost: done, and nobody knows.
    """

    immutable: bool = False
    manifests: dict[Digest, StoredManifest] = field(default_factory=dict)
    tags: dict[Tag, Digest] = field(default_factory=dict)
    blobs: set[Digest] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    before_call: Fault = field(default=lambda _: None)
    after_call: Fault = field(default=lambda _: None)

    def hold(self, content: bytes, media_type: str, *tags: Tag) -> Digest:
        """Put an image into the repository as an earlier release left it."""
        stored = StoredManifest(Digest.of(content), media_type, content)
        self.manifests[stored.digest] = stored
        self.tags |= dict.fromkeys(tags, stored.digest)
        return stored.digest

    def manifest(self, reference: Tag | Digest) -> StoredManifest | None:
        with self._call(f"manifest {reference}"):
            digest = reference if isinstance(reference, Digest) else self.tags.get(reference)
            return self.manifests.get(digest) if digest else None

    def has_blob(self, digest: Digest) -> bool:
        with self._call(f"has_blob {digest}"):
            return digest in self.blobs

    def upload_blob(self, upload: Upload) -> None:
        blob = upload.blob
        with self._call(f"upload_blob {blob.digest}"):
            assert Digest.of(path.read_bytes()) == blob.digest
            self.blobs.add(blob.digest)

    def put_manifest(self, reference: Tag | Digest, media_type: str, content: bytes) -> Digest:
        with self._call(f"put_manifest {reference}"):
            if isinstance(reference, Tag) and reference in self.tags and self.immutable:
                raise TagTaken(f"the tag {reference} is taken", fix="f")
            digest = self.hold(content, media_type)
            if isinstance(reference, Tag):
                self.tags[reference] = digest
            else:
                assert reference == digest
            return digest

    def delete_images(self, name: EcrRepository, images: Sequence[Tag | Digest]) -> None:
        with self._call(f"delete_images {' '.join(images)}"):
            assert name == NAME
            for image in images:
                if isinstance(image, Tag):
                    self.tags.pop(image, None)
                elif self.manifests.pop(image, None):
                    self.tags = {tag: digest for tag, digest in self.tags.items() if digest != image}

    def _call(self, name: str) -> _Call:
        return _Call(self, name)


class _Call:
    def __init__(self, registry: RegistryDouble, name: str) -> None:
        self._registry, self._name = registry, name

    def __enter__(self) -> None:
        self._registry.calls.append(self._name)
        self._registry.before_call(self._name)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._registry.after_call(self._name)


@dataclass
class FaultAt:
    """Fails the calls whose number (from 0) is in `numbers`, with a fresh `error`."""

    numbers: frozenset[int]
    error: Callable[[], BaseException]
    seen: int = 0

    def __call__(self, _name: str) -> None:
        number, self.seen = self.seen, self.seen + 1
        if number in self.numbers:
            raise self.error()


def trouble() -> GoldenPathError:
    return GoldenPathError("the registry is down", fix="f")
