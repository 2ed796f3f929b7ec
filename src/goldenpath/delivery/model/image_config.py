"""The configuration of an image: the digests of its layers, the instructions that made them, its labels and its date.

Source: OCI Image Specification 1.1, "Image Configuration".
"""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct, field

from goldenpath.shared import oci

# Docker's first release. Reproducible builds write dates like 1970-01-01, which say nothing.
_FIRST_IMAGES = datetime(2013, 3, 1, tzinfo=UTC)


class _RootFiles(Struct, frozen=True):
    diff_ids: tuple[str, ...] | None = None


class _History(Struct, frozen=True):
    created_by: str = ""
    empty_layer: bool = False


class _Settings(Struct, frozen=True):
    labels: dict[str, str] | None = field(default=None, name="Labels")


class ImageConfig(Struct, frozen=True):
    """The fields that are read from an image's configuration. Old builders leave some of them out."""

    rootfs: _RootFiles = field(default_factory=_RootFiles)
    history: tuple[_History, ...] | None = None
    config: _Settings | None = None
    created: str | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        """The digests of the uncompressed layers, the lowest layer first."""
        return self.rootfs.diff_ids or ()

    @property
    def created_by(self) -> tuple[str, ...]:
        """The instruction that made every layer, as the builder wrote it."""
        return tuple(entry.created_by for entry in self.history or () if not entry.empty_layer)

    @property
    def labels(self) -> dict[str, str]:
        """The labels."""
        return (self.config.labels if self.config else None) or {}

    @property
    def made(self) -> datetime | None:
        """The time when the image was made, from its configuration or its label; `None` if neither has a real date."""
        dates = map(_date, (self.created or "", self.labels.get(oci.CREATED, "")))
        return next((date for date in dates if date and date >= _FIRST_IMAGES), None)


def _date(written: str) -> datetime | None:
    try:
        date = datetime.fromisoformat(written)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
