"""Who can help: the platform team's contact in `environments.yaml`, shown wherever a delivery is blocked or fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from goldenpath.policy import environments
from goldenpath.shared.errors import PolicyInvalid
from goldenpath.shared.shown_text import as_markdown

if TYPE_CHECKING:
    from collections.abc import Mapping


class Contact(Struct, frozen=True):
    """The people who can help: their `name`, and an `https` page or the name of a `chat` channel, each may be empty."""

    name: str
    url: str = ""
    chat: str = ""

    @property
    def line(self) -> str:
        """The contact in one line of plain text."""
        return ", ".join(filter(None, (self.name, self.chat, self.url)))

    @property
    def markdown(self) -> str:
        """The contact in one line of Markdown: the page is a link, and nothing else in it is markup or a mention."""
        # The schema allows a URL no character that could end the link.
        name = f"[{as_markdown(self.name)}]({self.url})" if self.url else as_markdown(self.name)
        return ", ".join(filter(None, (name, as_markdown(self.chat))))


def of_policy(tree: Mapping[str, Any]) -> Contact | None:
    """Return the contact in the rules `tree`; `None` where it names none."""
    return Contact(**tree["contact"]) if "contact" in tree else None


def of_platform() -> Contact | None:
    """Return the platform's contact; `None` where its rules name none, or cannot be read.

    Raises nothing: an error is shown with it, and must not be hidden by another one.
    """
    try:
        return of_policy(environments.read())
    except (PolicyInvalid, ImportError, OSError):
        return None
