"""Make stand-in base images from this machine's package mirror, for machines that cannot reach Docker Hub.

A stand-in has the conventions of the original image (programs, entrypoint, user) and a real package database. It is
not the original, and its label says so. It is made once and kept as an OCI image layout in the cache folder.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.model import private_base
from goldenpath.local import reach
from goldenpath.local.engine import debian
from goldenpath.local.file_lock import locked
from goldenpath.local.images import root_layout
from goldenpath.local.images.stand_in_recipes import PYTHON, RECIPES, Recipe
from goldenpath.shared import codec, process, runner
from goldenpath.shared.errors import LocalTrouble, ToolFailed
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ASK_SECONDS = 10.0
MAKE_SECONDS = 900.0
# Names of dpkg for architectures that have another name in the OCI Image Specification (and in Go).
_ARCHITECTURES = {"armhf": "arm", "i386": "386", "ppc64el": "ppc64le"}
# SOURCE_DATE_EPOCH for the account tools: without it, the day of the build becomes the day of a password's change.
_FIXED_TIME = "1700000000"
# Left out as in the "slim" images of Docker Hub, or because it belongs to the build and not to the system.
_LEFT_OUT = re.compile(
    r"(dev|proc|sys|run|tmp|var/cache|var/log|var/tmp|var/lib/apt/lists)/.+"
    r"|usr/share/(man|info|locale|lintian|doc/(?!.*/copyright$)[^/]+/.+).*"
    r"|(.*/)?__pycache__|etc/(machine-id|hostname|resolv\.conf)|.*/EXTERNALLY-MANAGED"
)


@dataclass(frozen=True)
class Packages:
    """The source of packages: the `mirror`, the `suite` of the release, and the `architecture` by its OCI name."""

    mirror: str
    suite: str
    architecture: str


@dataclass(frozen=True)
class StandInImage:
    """An image layout in `folder`, whose one manifest has this `digest`."""

    folder: Path
    digest: Digest

    @property
    def build_context(self) -> str:
        """The value of `--build-context <name as in FROM>=...` that makes a build start from this image."""
        # Tag and digest: buildx 0.33 refuses only a digest, 0.35 only a tag.
        return f"oci-layout://{self.folder}:{root_layout.TAG}@{self.digest}"


def python_base(say: Callable[[str], None]) -> StandInImage:
    """Return the stand-in for docker.io/library/python. Raises as `make` does."""
    return make(PYTHON, say)


def stand_ins(names: Iterable[str], say: Callable[[str], None]) -> dict[str, str]:
    """Return build contexts (name as in FROM: value) for those of `names` that have a recipe."""
    known = {name: _recipe(name) for name in names}
    return {name: make(recipe, say).build_context for name, recipe in known.items() if recipe}


def _recipe(name: str) -> Recipe | None:
    try:
        image = private_base.parse(name)
    except ValueError:
        return None
    return RECIPES.get(f"{image.registry}/{image.repository}")


def hub_reachable() -> bool:
    """Return whether Docker Hub responds within seconds."""
    return reach.reachable(reach.DOCKER_HUB)


def make(recipe: Recipe, say: Callable[[str], None]) -> StandInImage:
    """Return the image of `recipe`, made first when it is not cached. Waits for another process that makes it.

    Needs root on Debian or Ubuntu and some 40 seconds. Raises `LocalTrouble` when it fails, `ToolMissing`
    when debootstrap cannot be installed.
    """
    source = Packages(*debian.mirror(), _architecture())
    seed = repr((recipe, source.suite, source.architecture, _LEFT_OUT.pattern)).encode()
    home = runner.cache_dir() / "base-images" / f"{recipe.name}-{source.suite}-{hashlib.sha256(seed).hexdigest()[:12]}"
    with locked(home.with_name(f".{home.name}.lock")):
        if not (home / "digest").exists():
            say(f"making a stand-in for {recipe.stands_for} from the packages of {source.suite}, about 40 seconds")
            _make(recipe, home, source, say)
    return StandInImage(home / "layout", Digest((home / "digest").read_text(encoding="ascii")))


def _make(recipe: Recipe, home: Path, source: Packages, say: Callable[[str], None]) -> None:
    if not debian.may_install():
        raise LocalTrouble(
            f"No stand-in for {recipe.stands_for} can be made here",
            why="Only root on Debian or Ubuntu can make one",
            fix="Make Docker Hub reachable, or run this as root on Debian or Ubuntu",
        )
    debian.install({"debootstrap": "debootstrap"}, say, reason="to make a base image")
    shutil.rmtree(home, ignore_errors=True)
    (home / "layout").mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=home, prefix="root-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        root.chmod(0o755)
        _debootstrap(recipe, root, source)
        newest = _release_time(root)
        _finish(recipe, root)
        config = recipe.config(source.architecture)
        digest = root_layout.write(root, home / "layout", config, newest=newest, keep=_belongs)
    codec.write_bytes(home / "digest", digest.encode())


def _debootstrap(recipe: Recipe, root: Path, source: Packages) -> None:
    # In a mount namespace of its own: its mounts end with it, even when it is killed.
    command = ("unshare", "--mount", "debootstrap", "--variant=minbase", f"--include={','.join(recipe.packages)}")
    components = "--components=main,universe" if debian.about("ID") == "ubuntu" else "--components=main"
    fixed = {**debian.search_path(), "SOURCE_DATE_EPOCH": _FIXED_TIME}
    try:
        process.run(*command, components, source.suite, root, source.mirror, timeout=MAKE_SECONDS, environment=fixed)
    except ToolFailed as error:
        raise LocalTrouble(
            f"The stand-in for {recipe.stands_for} could not be made from the packages of {source.mirror}",
            why=error.why,
            fix="Fix the cause that debootstrap reports above, or make Docker Hub reachable; then run this again",
        ) from error


def _finish(recipe: Recipe, root: Path) -> None:
    for name, text in recipe.files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
        (root / name).chmod(0o755)
    for name, target in recipe.links.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).unlink(missing_ok=True)
        (root / name).symlink_to(target)


def _release_time(root: Path) -> int:
    """Return the time of the packages' release, in seconds since 1970; no file in the image is newer."""
    for path in sorted((root / "var/lib/apt/lists").glob("*Release")):
        if date := re.search(r"^Date: (.+)$", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE):
            return int(parsedate_to_datetime(date[1]).timestamp())
    return int(_FIXED_TIME)


def _belongs(path: str) -> bool:
    return not _LEFT_OUT.fullmatch(path)


def _architecture() -> str:
    machine = process.run("dpkg", "--print-architecture", timeout=ASK_SECONDS).stdout.decode().strip()
    return _ARCHITECTURES.get(machine, machine)
