"""Small app repositories: real git repositories whose image builds in a second, from nothing but a few files."""

from __future__ import annotations

import json
import secrets
import string
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from goldenpath.local.demo import sample
from goldenpath.shared import codec, git

if TYPE_CHECKING:
    from goldenpath.delivery.model.work_folder import WorkFolder
    from goldenpath.shared.names import Commit

DOCKERFILE = "FROM scratch\nCOPY rootfs /\n"
OS_RELEASE = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
DPKG_STATUS = """Package: base-files
Status: install ok installed
Architecture: all
Version: 12.4+deb12u12
Maintainer: Santiago Vila <sanvila@debian.org>
Description: Debian base system miscellaneous files
"""
_IN_NO_STOP_WORD = "bdfgjkqvwxzBDFGJKQVWXZ" + string.digits
PLANTED_PACKAGE = "usr/lib/python3/site-packages/PyYAML-5.3.dist-info/METADATA"
PLANTED_METADATA = "Metadata-Version: 2.1\nName: PyYAML\nVersion: 5.3\n"
PLANTED_CVE = "CVE-2020-14343"
PLANTED_CVES = (PLANTED_CVE, "CVE-2020-1747")


@dataclass(frozen=True)
class App:
    """An app's repository in `folder`, known on GitHub as `slug` (`owner/name`)."""

    folder: Path
    slug: str
    default_branch: str = "main"

    @property
    def name(self) -> str:
        """The name of the repository, without its owner."""
        return self.slug.rpartition("/")[2]

    @property
    def commit(self) -> Commit:
        """The commit that is checked out."""
        return git.head(self.folder)

    def write(self, path: str, content: str | bytes) -> App:
        """Write one file of the working tree."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def save(self, message: str = "A change") -> Commit:
        """Commit the working tree and return the new commit."""
        sample.commit(self.folder, message)
        return self.commit

    def git(self, *words: str) -> None:
        """Run git in the repository."""
        sample.git(self.folder, *words)

    def plant_package(self, rootfs: str = "rootfs") -> App:
        """Put the metadata of an old PyYAML into the image (CVE-2020-14343), and commit it."""
        self.write(f"{rootfs}/{PLANTED_PACKAGE}", PLANTED_METADATA).save("Use YAML")
        return self

    def plant_secret(self, path: str = "config.py") -> str:
        """Commit a file that holds a secret and return the secret."""
        token = secret()
        self.write(path, f'TOKEN = "{token}"\n').save("Configure it")
        return token


def make(folder: Path, **files: str | bytes) -> App:
    """Return a clean app in the new folder `folder`; `files` are more files of its first commit."""
    app = uncommitted(folder)
    for path, content in files.items():
        app.write(path, content)
    app.save("The app")
    return app


def uncommitted(folder: Path) -> App:
    """Return an app whose repository has no commit yet."""
    folder.mkdir(parents=True)
    app = App(folder, f"team-{secrets.token_hex(4)}/my-app")
    app.write("Dockerfile", DOCKERFILE)
    plant_system(app, "rootfs")
    app.git("init", "--quiet", "--initial-branch=main")
    app.git("remote", "add", "origin", f"https://github.com/{app.slug}.git")
    return app


def plant_system(app: App, rootfs: str) -> None:
    """Write what a scanner recognises a Debian image by, with one package installed."""
    app.write(f"{rootfs}/etc/os-release", OS_RELEASE).write(f"{rootfs}/etc/debian_version", "12.12\n")
    app.write(f"{rootfs}/var/lib/dpkg/status", DPKG_STATUS)


def accepted(*ids: str) -> str:
    """Return a `.goldenpath.yml` that lets the planted package's vulnerabilities `ids` through for a month."""
    until = datetime.now(UTC).date() + timedelta(days=30)
    lines = (
        f"  - {{gate: trivy, id: {each}, scope: {{package: PyYAML}}, reason: only files of our own are read, "
        f"owner: team-web, expires: {until}}}\n"
        for each in ids
    )
    return "version: 1\nexceptions:\n" + "".join(lines)


def secret() -> str:
    """Return what scanners take for a GitHub token. It is made anew each time: this repository holds none."""
    return "ghp_" + random_text(36)


def random_text(length: int) -> str:
    """Return random text without a word in it: gitleaks takes a key with one of its 1,446 stop words for no key."""
    return "".join(secrets.choice(_IN_NO_STOP_WORD) for _ in range(length))


def event(
    folder: Path,
    app: App,
    name: str = "push",
    *,
    ref: str = "refs/heads/main",
    default_branch: str = "main",
    protected: bool = False,
    **payload: object,
) -> dict[str, str]:
    """Return the variables of a workflow run for an event; GitHub: "Variables reference".

    Every branch of the app is then under `refs/remotes/origin` too, as `fetch-depth: 0` of actions/checkout leaves it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    repository = {"full_name": app.slug, "default_branch": default_branch}
    about = {} if name == "schedule" else {"repository": repository}
    (folder / "event.json").write_text(json.dumps({**about, **payload}))
    app.git("fetch", "--quiet", "--no-tags", "--update-shallow", ".", "+refs/heads/*:refs/remotes/origin/*")
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_REPOSITORY": app.slug,
        "GITHUB_SHA": app.commit,
        "GITHUB_REF": ref,
        "GITHUB_REF_PROTECTED": str(protected).lower(),
        "GITHUB_RUN_ID": "1",
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "RUNNER_TEMP": str(folder),
    }


def for_any_repository(work: WorkFolder) -> None:
    """Let the candidate be released to any ECR repository: each test has one of its own, and few build for it."""
    codec.write(work.candidate, replace(work.read_candidate(), ecr_repository=""))
