"""Search an image for secrets: in its configuration and in every layer, including files that a later layer hides."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass, field
from itertools import chain
from typing import IO, TYPE_CHECKING

from goldenpath.delivery.image import image_files
from goldenpath.delivery.model.secret_forms import LINE_ENDS
from goldenpath.delivery.secrets import archive_members, embedded_streams
from goldenpath.delivery.secrets.scan_limits import FileBudget, LimitReached, ScanBudget
from goldenpath.shared.errors import ScannerFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.delivery.model.layout import Descriptor, Layout
    from goldenpath.delivery.model.secret_forms import Form

CONFIGURATION = "the image configuration"
# Bytes. A larger compressed file is searched without being unpacked.
_UNPACKED_UP_TO = 256 << 20
_COMPRESSED = (b"\x1f\x8b", b"PK\x03\x04", b"\xfd7zXZ\x00", b"BZh")


@dataclass(frozen=True)
class SecretPlace:
    """A place in the image with a form of a secret: the `file` in the image's `blob`. It never contains the secret."""

    form: Form
    blob: str
    file: str

    def __str__(self) -> str:
        """Return the place as text for a message."""
        return f"{self.file} in layer {self.blob}" if self.file else self.blob


@dataclass
class SecretSearch:
    """A search for `forms`: the places that have one; `unread` has a sentence for every file that was not searched."""

    forms: tuple[Form, ...]
    places: list[SecretPlace] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    _budget: ScanBudget = field(default_factory=ScanBudget)

    def __post_init__(self) -> None:
        self._overlap = max((len(form.content) for form in self.forms), default=1)

    def search(self, layout: Layout) -> None:
        """Search every blob of `layout` once. Raises `ScannerFailed` for a layer that cannot be read."""
        images = layout.images()
        layers = {layer.digest: layer for image in images for layer in image.manifest.layers}
        for layer in layers.values():
            self._search_layer(layout, layer)
        for descriptor in layout.descriptors():
            if descriptor.digest not in layers:
                content = layout.blob(descriptor.digest).read_bytes()
                self._note(CONFIGURATION, "", self._forms_in([content]))

    def _search_layer(self, layout: Layout, layer: Descriptor) -> None:
        if layer.media_type.endswith("zstd"):
            # Our builds use gzip, so this layer belongs to the base image, which is older than the build's secrets.
            self.unread.append(f"the layer {layer.digest} of the base image is compressed with zstd: not searched")
            return
        try:
            with (
                image_files.open_layer(layout.blob(layer.digest), layer) as content,
                tarfile.open(fileobj=content, mode="r|", errors="surrogateescape") as archive,
            ):
                for member in archive:
                    # `tarfile` keeps every member it has read.
                    archive.members.clear()  # type: ignore[attr-defined]
                    self._search_member(archive, member, str(layer.digest))
        except image_files.UNREADABLE_LAYER as error:
            raise ScannerFailed(
                f"The layer {layer.digest} could not be searched for the build's secrets",
                why=str(error),
                fix="Build again; nothing was released",
            ) from error

    def _search_member(self, archive: tarfile.TarFile, member: tarfile.TarInfo, layer: str) -> None:
        words = (member.name, member.linkname, *chain.from_iterable(member.pax_headers.items()), "")
        header = "\0".join(words).encode("utf-8", "surrogateescape")
        # Programs that unpack a tar treat a member of an unknown type as a file.
        is_file = member.isfile() or member.type not in tarfile.SUPPORTED_TYPES
        file = archive.extractfile(member) if is_file else None
        self._note(layer, member.name, self._forms_in_file(header, file, member) if file else self._forms_in([header]))

    def _forms_in_file(self, header: bytes, file: IO[bytes], member: tarfile.TarInfo) -> dict[Form, None]:
        """Return the forms in the `header` of a file, and in its content."""
        first = file.read(archive_members.CHUNK)
        if not first.startswith(_COMPRESSED):
            return self._forms_in(chain([header + first], archive_members.chunks(file)))
        if member.size > _UNPACKED_UP_TO:
            self.unread.append(f"{member.name} is compressed and too large to be unpacked: searched as it is")
            return self._forms_in(chain([header + first], archive_members.chunks(file)))
        content = first + file.read()
        forms = self._forms_in([header + content])
        budget = FileBudget(self._budget, len(content))
        try:
            for _, stream in embedded_streams.streams(content, budget):
                forms |= self._forms_in(_counted(stream, budget))
        except LimitReached as limit:
            self.unread.append(f"{member.name} {limit}")
        return forms

    def _forms_in(self, chunks: Iterable[bytes]) -> dict[Form, None]:
        """Return the forms in `chunks`, including one that crosses two chunks or is broken into lines."""
        forms: dict[Form, None] = {}
        kept = b""
        for chunk in chunks:
            text = kept + chunk.translate(None, LINE_ENDS)
            forms |= dict.fromkeys(form for form in self.forms if form.content in text)
            kept = text[-self._overlap :]
        return forms

    def _note(self, blob: str, file: str, forms: Iterable[Form]) -> None:
        """Note one place per secret, with the first of its forms there."""
        first: dict[str, Form] = {}
        for form in forms:
            first.setdefault(form.secret, form)
        self.places += [SecretPlace(form, blob, file) for form in first.values()]


def _counted(chunks: Iterable[bytes], budget: FileBudget) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        budget.take(len(chunk))
