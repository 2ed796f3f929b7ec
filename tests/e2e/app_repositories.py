"""What a row of the table of apps is: a small git repository, and what must be true of its release."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.adoption.scaffold import CALLER
from tests.e2e import events, platform_copy
from tests.tools.apps import App

if TYPE_CHECKING:
    from goldenpath.delivery.model.layout import Layout
    from goldenpath.local.server import Local

OWNER = "team"
# What a Dockerfile of the table calls the registry of its base images.
BASES = "{bases}"
_ENVIRONMENT = re.compile(r"environment: >-.*?(?=\n +ecr_repository:)", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """Where a repository is made: a new `folder` for all that it needs, and the registry that has its base images.

    `base` is the image that this registry has under every name; `emulator` has the private ones.
    """

    folder: Path
    registry: str
    base: Layout
    emulator: Local

    @property
    def server(self) -> Path:
        """The folder that stands for GitHub: the repositories of submodules are in it, as `owner/name.git`."""
        return self.folder / "server"


@dataclass(frozen=True)
class Way:
    """What a delivery of an arranged repository is given.

    The command delivers the checkout `source`, with more `words`, after the commands `before`. `variables` are its own,
    and the secrets of the workflow.
    """

    source: Path
    words: tuple[str, ...] = ()
    before: tuple[tuple[str, ...], ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


Arrange = Callable[[App, Place], Way]


def as_it_is(app: App, _: Place) -> Way:
    """Deliver what is checked out."""
    return Way(app.folder)


@dataclass(frozen=True)
class Row:
    """A repository of these `files`, after `arrange` as many more commits, tags or remotes as it wants.

    `holds` are packages of its inventory, `finding` what trivy must see, and `has` and `lacks` files of its image.
    Beside the tags of its commit the release has `tags`. `inputs` are given on both ways, `checkout` to the workflow
    alone; its caller is the thin one, or another `caller`. Beside the image, `unreleased` are ECR repositories that get
    nothing. `git` are words for `git init`; `job` is a job that runs for this row and for no other.
    """

    files: Mapping[str, str | bytes]
    holds: tuple[str, ...] = ()
    finding: str = ""
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    environment: str = "dev"
    inputs: Mapping[str, str] = field(default_factory=dict)
    checkout: Mapping[str, str] = field(default_factory=dict)
    arrange: Arrange = as_it_is
    event: Callable[[App], events.Event] | None = None
    tags: tuple[str, ...] = ()
    branch: str = "main"
    git: tuple[str, ...] = ()
    caller: str = ""
    unreleased: tuple[str, ...] = ()
    job: str = ""

    def make(self, name: str, place: Place) -> App:
        """Make the repository `name`, with its first commit."""
        app = App(place.folder / name, f"{OWNER}/{name}", self.branch)
        app.folder.mkdir(parents=True)
        app.git("init", "--quiet", f"--initial-branch={self.branch}", *self.git)
        app.git("remote", "add", "origin", f"https://github.com/{app.slug}.git")
        for path, content in self.files.items():
            app.write(path, content.replace(BASES, place.registry) if isinstance(content, str) else content)
        app.write(CALLER, self.caller or self._thin_caller())
        app.save("The app")
        return app

    def happens(self, app: App) -> events.Event:
        """Return the event that releases it under the runner: a push to the branch of its environment."""
        branches = {"dev": "development", "prod": "main", "test": self.branch}
        return self.event(app) if self.event else events.push(app, branches[self.environment])

    def tags_of(self, app: App) -> set[str]:
        """Return every tag of its release."""
        latest = {"latest"} if self.environment == "dev" else set()
        return {app.commit.short, f"{self.environment}-{app.commit.short}", *latest, *self.tags}

    def _thin_caller(self) -> str:
        """Return the caller of the documents, with the inputs of this row."""
        given = {**self.inputs, **self.checkout}
        more = "".join(f"\n      {name}: '{value}'" for name, value in given.items())
        text = platform_copy.CALLER.read_text().replace(platform_copy.OWN_NAME, platform_copy.OWN_NAME + more)
        if self.branch == "main":
            return text
        text = text.replace("branches: [development, main]", f"branches: [{self.branch}]")
        return _ENVIRONMENT.sub(f"environment: {self.environment}", text)
