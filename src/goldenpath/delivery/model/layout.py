"""An OCI image layout on disk: reads it, and verifies its blobs against their digests.

Source: OCI Image Specification 1.1, "Image Layout", "Image Manifest", "Image Index".
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from goldenpath.delivery.model import verified_blobs
from goldenpath.delivery.model.image_config import ImageConfig
from goldenpath.shared import codec
from goldenpath.shared.errors import CandidateChanged
from goldenpath.shared.names import Digest, Platform
from goldenpath.shared.oci import INDEX, INDEXES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

NOTHING: Mapping[Digest, Path] = MappingProxyType({})

T = TypeVar("T")


class PlatformFields(Struct, frozen=True, omit_defaults=True):
    """The `platform` of a descriptor or of an image's config."""

    architecture: str
    os: str
    variant: str = ""

    @property
    def name(self) -> Platform:
        """The platform in one word, like `linux/arm/v7`."""
        return Platform("/".join(filter(None, (self.os, self.architecture, self.variant))))


class Descriptor(Struct, frozen=True, rename="camel", omit_defaults=True):
    """A reference to a blob: its media type, digest, and `size` in bytes."""

    media_type: str
    digest: Digest
    size: int
    platform: PlatformFields | None = None
    annotations: dict[str, str] = field(default_factory=dict)


class Manifest(Struct, frozen=True, rename="camel"):
    """The manifest of one image. BuildKit writes `null` for the layers of an image that has none."""

    schema_version: int
    media_type: str
    config: Descriptor
    listed: list[Descriptor] | None = field(name="layers")

    @property
    def layers(self) -> tuple[Descriptor, ...]:
        """The layers, the lowest first."""
        return tuple(self.listed or ())


class Index(Struct, frozen=True, rename="camel"):
    """A list of manifests: the `index.json` of a layout, or an image of several platforms."""

    schema_version: int
    manifests: list[Descriptor]
    media_type: str = INDEX


class AnnotatedIndex(Index, frozen=True, rename="camel"):
    """An image of several platforms that says where it comes from."""

    annotations: dict[str, str] = field(default_factory=dict)


class LayoutVersion(Struct, frozen=True, rename="camel"):
    """The `oci-layout` file."""

    image_layout_version: str = "1.0.0"


@dataclass(frozen=True)
class LayoutImage:
    """One image in a layout: its manifest with the descriptor that leads to it."""

    descriptor: Descriptor
    manifest: Manifest

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """The config and the layers."""
        return (self.manifest.config, *self.manifest.layers)


@dataclass(frozen=True)
class Layout:
    """The OCI image layout in the folder `path`. Reading raises `CandidateChanged` if a file is damaged or missing."""

    path: Path

    @property
    def blobs(self) -> Path:
        """The folder of all blobs."""
        return self.path / "blobs" / "sha256"

    def blob(self, digest: Digest) -> Path:
        """Return where the bytes of `digest` are."""
        return self.blobs / digest.hex

    def store(self, media_type: str, value: object) -> Descriptor:
        """Write `value` as a blob in JSON and return its descriptor."""
        content = codec.encode(value)
        stored = Descriptor(media_type, Digest.of(content), len(content))
        codec.write_bytes(self.blob(stored.digest), content)
        return stored

    def root(self) -> Descriptor:
        """Return the layout's only entry: the manifest, or the index of several platforms."""
        index = self._decode(self.path / "index.json", Index)
        if len(index.manifests) != 1:
            raise changed(f"{self.path} holds {len(index.manifests)} images", "A candidate is exactly one")
        return index.manifests[0]

    def require(self, digest: Digest) -> None:
        """Raise `CandidateChanged` unless the layout says that it holds the image `digest`."""
        if (actual := self.root().digest) != digest:
            raise changed(f"The candidate folder holds {actual}", f"candidate.json names {digest}")

    def require_whole(self, digest: Digest) -> None:
        """Raise `CandidateChanged` unless the layout holds the image `digest`, byte for byte."""
        self.require(digest)
        self.verify()

    def listed(self) -> tuple[Descriptor, ...]:
        """Return the manifest of every platform."""
        root = self.root()
        if root.media_type not in INDEXES:
            return (root,)
        return tuple(self._decode(self.blob(root.digest), Index).manifests)

    def images(self) -> tuple[LayoutImage, ...]:
        """Return the image of every platform."""
        return tuple(LayoutImage(one, self._decode(self.blob(one.digest), Manifest)) for one in self.listed())

    def by_platform(self) -> dict[str, LayoutImage]:
        """Return every image once, by its platform, with a part of its digest where another image has that name."""
        # BuildKit makes one image for a platform. A foreign frontend or builder may make two that name the same one.
        named: dict[str, LayoutImage] = {}
        for image in self.images():
            name, digest = str(self.platform(image)), image.descriptor.digest
            is_taken = name in named and named[name].descriptor.digest != digest
            named[f"{name}-{digest.hex[:12]}" if is_taken else name] = image
        return named

    def platform(self, image: LayoutImage) -> Platform:
        """Return the platform that the image's config names."""
        try:
            return self.fields(image).name
        except ValueError as error:
            config = self.blob(image.manifest.config.digest)
            raise changed(f"{config} names no platform", str(error)) from None

    def fields(self, image: LayoutImage) -> PlatformFields:
        """Return the platform of the image's config in the form of a descriptor."""
        return self._decode(self.blob(image.manifest.config.digest), PlatformFields)

    def config(self, image: LayoutImage) -> ImageConfig:
        """Return the image's configuration; an empty one if it has another form, because no check depends on it."""
        path = self.blob(image.manifest.config.digest)
        try:
            return codec.decode(path.read_bytes(), ImageConfig)
        except OSError as error:
            raise changed(f"{path} cannot be read", str(error)) from error
        except ValueError:
            return ImageConfig()

    def manifest_bytes(self, manifest: Descriptor) -> bytes:
        """Return the bytes of a manifest or index, verified against its digest."""
        require_blob(self.blob(manifest.digest), manifest)
        return self.blob(manifest.digest).read_bytes()

    def verify(self) -> None:
        """Raise `CandidateChanged` unless every blob that the layout leads to has its digest and size.

        A blob that this process has verified before is read again only if it may have changed since.
        """
        verified_blobs.require_all(((self.blob(blob.digest), blob) for blob in self.descriptors()), require_blob)

    def descriptors(self) -> Iterator[Descriptor]:
        """Yield every blob once, an image's blobs before its manifest, the index last: the order to upload in."""
        seen: set[Digest] = set()
        root = self.root()
        for image in self.images():
            for blob in (*image.blobs, image.descriptor):
                if blob.digest not in seen:
                    seen.add(blob.digest)
                    yield blob
        if root.digest not in seen:
            yield root

    def _decode(self, path: Path, kind: type[T]) -> T:
        try:
            return codec.decode(path.read_bytes(), kind)
        except (OSError, ValueError) as error:
            raise changed(f"{path} cannot be read as {kind.__name__}", str(error)) from error


def require_blob(path: Path, expected: Descriptor) -> None:
    """Raise `CandidateChanged` unless the file `path` has the size and the digest of `expected`."""
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
    except OSError as error:
        raise changed(f"{path} cannot be read", str(error)) from error
    if sha256 != expected.digest.hex or size != expected.size:
        raise changed(f"{path} is not what its digest says", f"{size} bytes, sha256:{sha256}")


def narrowed(layout: Layout, image: LayoutImage, folder: Path, instead: Mapping[Digest, Path] = NOTHING) -> Layout:
    """Return a layout in the empty `folder` whose only entry is `image`, over the same blobs.

    Scanners that choose a platform in an index by themselves may choose a wrong one. `instead` has files that replace
    blobs.
    """
    result = Layout(folder)
    if instead:
        # Scanners refuse a blob that is a symbolic link.
        for digest in (blob.digest for blob in (image.descriptor, *image.blobs)):
            _take_over(instead.get(digest) or layout.blob(digest), result.blob(digest))
    else:
        (folder / "blobs").symlink_to(layout.path.resolve() / "blobs")
    write_index(folder, image.descriptor)
    return result


def joined(layouts: Sequence[Layout], folder: Path, annotations: Mapping[str, str]) -> Layout:
    """Return a layout in the empty `folder` whose only entry is an index of every image of `layouts`, in their order.

    Raises `CandidateChanged` when a blob of one of them does not match its digest.
    """
    result, listed = Layout(folder), []
    for layout in layouts:
        layout.verify()
        for image in layout.images():
            for blob in (*image.blobs, image.descriptor):
                _take_over(layout.blob(blob.digest), result.blob(blob.digest))
            listed.append(replace(image.descriptor, platform=layout.fields(image), annotations={}))
    write_index(folder, result.store(INDEX, AnnotatedIndex(2, listed, annotations=dict(annotations))))
    return result


def copied(layout: Layout, folder: Path) -> Layout:
    """Return a copy of `layout` in the empty `folder`."""
    result = Layout(folder)
    result.blobs.mkdir(parents=True)
    for blob in layout.descriptors():
        shutil.copyfile(layout.blob(blob.digest), result.blob(blob.digest))
    write_index(folder, layout.root())
    return result


def _take_over(source: Path, target: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:  # a disk without such links
        shutil.copyfile(source, target)


def write_index(path: Path, image: Descriptor) -> None:
    """Make the folder `path` a layout whose only entry is `image`. Its blobs must be there already."""
    codec.write(path / "oci-layout", LayoutVersion())
    codec.write(path / "index.json", Index(2, [image]))


def changed(what: str, why: str) -> CandidateChanged:
    """Return the error to raise when the candidate on disk is not the one that was built and scanned."""
    return CandidateChanged(what, why=why, fix="Run `goldenpath build` again, then every stage after it")
