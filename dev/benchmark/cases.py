"""The apps that are delivered, made here: always the same, and shaped as real ones are."""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dev import histories
from dev.benchmark.model import State

from goldenpath.local.demo import sample
from goldenpath.local.images import base_images
from goldenpath.shared import runner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OS_RELEASE = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
_PACKAGE = "Package: base-files\nStatus: install ok installed\nArchitecture: all\nVersion: 12.4+deb12u12\n"
_BASE = "python:3-slim"
# Some 200 MB when installed. Fixed, so that a figure of today can be held against one of last year.
_REQUIREMENTS = "numpy==2.2.6\npandas==2.2.3\nscipy==1.15.3\n"
_LAYERS, _SERVICES = 60, 12
_EVERY = tuple(State)


@dataclass(frozen=True)
class Image:
    """An image of an app: its name, and its folder in the repository, which is the build context."""

    name: str
    folder: str = "."


@dataclass(frozen=True)
class Case:
    """An app: what it is, its images, the `states` that are measured, and who writes its files and its history.

    `changed` is the file of which one line changes. A case that is many deliveries has `rounds` of its own, at most.
    """

    name: str
    about: str
    write: Callable[[Path], None]
    changed: str
    images: tuple[Image, ...] = (Image("app"),)
    states: tuple[State, ...] = _EVERY
    history: str = "small"
    rounds: int = 100
    needs_base: bool = False
    needs_wheels: bool = False

    def build_contexts(self) -> Mapping[str, str]:
        """Return the named build contexts, made first where they are missing."""
        base = {_BASE: base_images.python_base(print).build_context} if self.needs_base else {}
        return {**base, **({"wheels": str(_wheels())} if self.needs_wheels else {})}

    def repository(self, kept: Path) -> Path:
        """Return the repository of the app in the folder `kept`, made first where it is missing."""

        def make(folder: Path) -> None:
            histories.make(self.history, folder)
            self.write(folder)
            sample.commit(folder, "Deliver it")

        made_by = "".join(Path(str(module.__file__)).read_text() for module in (histories, sys.modules[__name__]))
        return _made(kept, f"repository-{self.name}", made_by, make)


def _made(kept: Path, name: str, made_by: str, make: Callable[[Path], None]) -> Path:
    """Return the folder `name` in `kept`, which `make` makes where it is missing or was made by something else."""
    folder = kept / f"{name}-{hashlib.sha256(made_by.encode()).hexdigest()[:8]}"
    if not folder.is_dir():
        for old in kept.glob(f"{name}-*"):
            shutil.rmtree(old)
        part = kept / f".{name}.part"
        shutil.rmtree(part, ignore_errors=True)
        make(part)
        part.rename(folder)
    return folder


def _put(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def _system(folder: Path) -> None:
    """Write what a scanner recognises a Debian image by."""
    _put(folder / "rootfs", {"etc/os-release": _OS_RELEASE, "var/lib/dpkg/status": _PACKAGE})


def _static(folder: Path) -> None:
    chance = random.Random("static")  # noqa: S311
    _system(folder)
    pages = {f"site/page-{number}.html": "<p>Hello.</p>\n" * 400 for number in range(40)}
    pictures = {f"site/picture-{number}.png": chance.randbytes(80_000) for number in range(25)}
    dockerfile = "FROM scratch\nCOPY rootfs /\nCOPY site /srv/site\n"
    _put(folder, {**pages, **pictures, "Dockerfile": dockerfile})


def _python(folder: Path) -> None:
    dockerfile = f"""\
FROM {_BASE}
WORKDIR /app
COPY requirements.txt .
RUN --mount=type=bind,from=wheels,target=/wheels \\
    pip install --no-index --find-links=/wheels --no-compile --break-system-packages -r requirements.txt
COPY service service
CMD ["python", "-m", "service"]
"""
    source = "".join(f"def number_{number}():\n    return {number}\n\n\n" for number in range(2_000))
    _put(folder, {"Dockerfile": dockerfile, "requirements.txt": _REQUIREMENTS, "service/__main__.py": source})


def _layers(folder: Path) -> None:
    chance = random.Random("layers")  # noqa: S311
    _system(folder)
    parts = {f"parts/{number:02}.bin": chance.randbytes(150_000) for number in range(_LAYERS)}
    copies = "".join(f"COPY {name} /app/{name}\n" for name in parts)
    _put(
        folder, {**parts, "app.txt": "Hello.\n", "Dockerfile": f"FROM scratch\nCOPY rootfs /\n{copies}COPY app.txt /\n"}
    )


def _monorepo(folder: Path) -> None:
    for image in MONOREPO:
        dockerfile = f'FROM {_BASE}\nCOPY service.py /\nCMD ["python", "/service.py"]\n'
        source = f'NAME = "{image.name}"\n' + "print(NAME)\n" * 500
        _put(folder / image.folder, {"Dockerfile": dockerfile, "service.py": source})


MONOREPO = tuple(Image(f"service-{number:02}", f"services/service-{number:02}") for number in range(1, _SERVICES + 1))
CASES = (
    Case("static", "a small static app of 2 MB", _static, "site/page-1.html"),
    Case("history", "the static app in a repository of 3,000 commits", _static, "site/page-1.html", history="churn"),
    Case(
        "python", "a Python app with 200 MB of packages on a Debian base", _python, "service/__main__.py",
        needs_base=True, needs_wheels=True,
    ),
    Case("layers", f"an app of {_LAYERS} small layers", _layers, "app.txt"),
    Case(
        "monorepo", f"{_SERVICES} images from one repository, delivered one after another, whole", _monorepo,
        "services/service-01/service.py", images=MONOREPO, states=(State.COLD, State.UNCHANGED), rounds=1,
        needs_base=True,
    ),
)  # fmt: skip


def _wheels() -> Path:
    """Return the folder with the Python app's packages, downloaded first where they are missing."""
    # The base image has the Python of this machine's own packages.
    asked = ["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    version = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()

    def download(folder: Path) -> None:
        print(f"downloading the packages of the Python app for Python {version}")
        folder.mkdir()
        (folder / "requirements.txt").write_text(_REQUIREMENTS)
        words = ["download", "--quiet", "--only-binary=:all:", f"--python-version={version}", "--dest", str(folder)]
        requirements = ["--requirement", str(folder / "requirements.txt")]
        # Not that of an environment, which need not have pip.
        subprocess.run([str(Path(sys.executable).resolve()), "-m", "pip", *words, *requirements], check=True)

    return _made(runner.cache_dir() / "bench", "wheels", _REQUIREMENTS + version, download)
