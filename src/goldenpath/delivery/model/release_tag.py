"""Git tags that release something: `v1.4.2` the repository, `my-web-v1.4.2` or `my-web@1.4.2` one component of it.

Sources of the forms: release-please ("component" and "tag-separator"), changesets and Lerna (`name@version`), Go
modules in a subfolder (`name/v1.4.2`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.shared.names import Tag, Version

if TYPE_CHECKING:
    from goldenpath.shared.names import EcrRepository

_WHOLE = re.compile(r"v[0-9]")
_COMPONENT = re.compile(
    r"(?:@?[\w.-]+/)*?(?P<component>[A-Za-z0-9][\w.-]*?)(?:[-/]v|@v?)(?P<version>[0-9][\w.-]*)", re.ASCII
)
# Teams write these words before the version of the whole repository.
_NO_COMPONENT = frozenset({"release", "releases", "rel", "version"})


@dataclass(frozen=True)
class ReleaseTag:
    """A git tag `name` that releases `version`; of one `component`, or of the whole repository where that is empty."""

    name: str
    version: Version
    component: str = ""

    def is_for(self, repository: EcrRepository | None) -> bool:
        """Tell whether it releases what goes to the ECR repository, whose name ends with the component's."""
        if not self.component or repository is None:
            return True
        return self.component in {repository, repository.rpartition("/")[2], repository.replace("/", "-")}

    @property
    def as_image_tag(self) -> Tag | None:
        """The same as a tag of an image; `None` where no image can have it."""
        return Tag(self.name) if Tag.pattern.fullmatch(self.name) else None


def parse(name: str) -> ReleaseTag | None:
    """Return the release that the git tag `name` stands for; `None` when it stands for none.

    Raises `ValueError` for a tag that only looks like one: the tag `very-nice` is no release of `ery-nice`.
    """
    if not _WHOLE.match(name) and (match := _COMPONENT.fullmatch(name)):
        component = "" if match["component"].lower() in _NO_COMPONENT else match["component"]
        return ReleaseTag(name, Version(match["version"]), component)
    if not name.startswith("v"):
        return None
    version = Version(name.removeprefix("v"))
    if not version[0].isdecimal():
        raise ValueError(f"the text after its `v` is {version}, and does not begin with a number")
    return ReleaseTag(name, version)
