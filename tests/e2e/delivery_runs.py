"""Workflow runs of one app, with the roles and secrets of its repository."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e import invariants
from tests.e2e.invariants import World
from tests.environments import ROLE_SECRETS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.local.server import Local
    from tests.e2e import act
    from tests.e2e.app_deliveries import Runner
    from tests.e2e.events import Event
    from tests.tools.apps import App

# Not the account of the emulators that other modules start in this process.
ACCOUNT = "345678901234"
CALLER = ".github/workflows/delivery.yml"

Asked = Callable[[], list[str]]


@dataclass(frozen=True)
class Roles:
    """The role of each environment, which only runs of one repository may assume; secrets name them."""

    emulator: Local
    slug: str

    def create(self) -> dict[str, str]:
        """Create them and return the secrets of the app's repository."""
        subjects = (f"repo:{self.slug}:*",)
        return {
            secret: self.emulator.create_role(f"deliver-{name}", subjects=subjects)
            for name, secret in ROLE_SECRETS.items()
        }


@dataclass(frozen=True)
class Deliver:
    """Runs workflows of `app`, with a new folder for each run below `folder`."""

    runner: Runner
    app: App
    folder: Path

    def __call__(
        self,
        event: Event,
        workflow: str = CALLER,
        *,
        renamed: Mapping[str, str] | None = None,
        more_secrets: Mapping[str, str] | None = None,
        database: Path | None = None,
        caches: Path | None = None,
        certificate: Path | None = None,
        checked: bool = True,
    ) -> act.Ended:
        """Run `workflow`, by default the thin caller, for `event`; what must hold of any run is asserted.

        `renamed` secrets have other names; `database` is the trivy database that is in force that day. An attack says
        itself what it gains: its run is not `checked`. `caches` is a folder that stands for GitHub's cache, and
        `certificate` the one of a server that a run speaks to.
        """
        named = {(renamed or {}).get(name, name): arn for name, arn in self._roles.items()}
        secrets = {**named, **(more_secrets or {})}
        more = {"GOLDENPATH_TRIVY_CACHE": database, "STAND_IN_CACHES": caches, "SSL_CERT_FILE": certificate}
        day = {name: str(path) for name, path in more.items() if path}
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=self.folder))
        before = World.look(self.runner.emulator)
        ended = self.runner.run(self.app, event, workflow, secrets, folder, **day)
        if checked:
            invariants.hold(ended, event, before, World.look(self.runner.emulator))
        return ended

    @functools.cached_property
    def _roles(self) -> Mapping[str, str]:
        return Roles(self.runner.emulator, self.app.slug).create()
