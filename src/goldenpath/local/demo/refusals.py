"""The third act of the demo: commits that must not reach prod, and the check that the registry did not change."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.delivery.model.finding import Gate
from goldenpath.registries.aws import ecr
from goldenpath.shared.errors import GateBlocked, LocalTrouble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from goldenpath.local.state import LocalState
    from goldenpath.shared.console import Progress

_PINNED = r"^{name}==(?:.*\\\n)*.*$"
# CVE-2024-34069, of severity HIGH.
_OLD_PACKAGE = (
    "werkzeug",
    "werkzeug==2.2.2 --hash=sha256:f979ab81f58d7318e064e99c4506445d60135ac5cd2e177a2de0089bfd4c9bd5",
)


@dataclass(frozen=True)
class Attempt:
    """A commit that `change` makes in a checkout, its name in the output, and the gate that must stop it."""

    name: str
    message: str
    change: Callable[[Path], None]
    gate: Gate

    @property
    def work(self) -> str:
        """The name of the work folder of its delivery."""
        return f"stopped-by-{self.gate}"


def _plant_secret(source: Path) -> None:
    # Nobody issued this token. It is made here so that this file holds none.
    token = "ghp_" + hashlib.sha256(b"a token that nobody issued").hexdigest()[:36]
    (source / "hello_web" / "settings.py").write_text(f'TOKEN = "{token}"\n', encoding="utf-8")


def _pin_old_package(source: Path) -> None:
    name, pin = _OLD_PACKAGE
    requirements = source / "requirements.txt"
    before = requirements.read_text(encoding="utf-8")
    requirements.write_text(re.sub(_PINNED.format(name=name), pin, before, flags=re.MULTILINE), encoding="utf-8")


ATTEMPTS = (
    Attempt("a commit with a secret in it", "Configure a token", _plant_secret, Gate.GITLEAKS),
    Attempt("a commit with a vulnerable package", "Go back to Werkzeug 2.2.2", _pin_old_package, Gate.TRIVY),
)


@dataclass(frozen=True)
class Registry:
    """The ECR repository `name` of the emulator `running`, read with the key of the emulator's administrator."""

    name: str
    running: LocalState

    def images(self) -> Mapping[str, tuple[str, ...]]:
        """Return the tags of every digest in the ECR repository."""
        key = {
            "AWS_ACCESS_KEY_ID": self.running.admin_key_id,
            "AWS_SECRET_ACCESS_KEY": self.running.admin_key_secret,
            "AWS_REGION": self.running.region,
        }
        reader = ecr.PlatformEcr({**self.running.environment, **key})
        return {image.digest: image.tags for image in reader.images(self.name)}


def require_refusal(attempt: Attempt, deliver: Callable[[], object], registry: Registry, progress: Progress) -> object:
    """Run `deliver` and show how the gate stops it; the content of `registry` must not change.

    Returns the result that the error of the gate has, which `--json` reports.

    Raises `LocalTrouble` when the commit is released or the registry has changed, and other errors of `deliver`.
    """
    before = registry.images()
    try:
        deliver()
    except GateBlocked as blocked:
        progress.error(blocked)
        result = blocked.result
    else:
        raise _wrong(attempt, "Every stage succeeded")
    if (after := registry.images()) != before:
        raise _wrong(attempt, f"The registry held {before} and now holds {after}")
    return result


def _wrong(attempt: Attempt, why: str) -> LocalTrouble:
    return LocalTrouble(
        f"No gate stopped {attempt.name} before prod",
        why=why,
        fix="Report this with the whole output: the gate failed to work",
    )
