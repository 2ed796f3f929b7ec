"""The token for git, as actions/checkout gives it: in a file below RUNNER_TEMP that git's configuration includes."""

from __future__ import annotations

import base64
import json
import re
import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from checkout_git import Failed, Git

if TYPE_CHECKING:
    from collections.abc import Iterator

_CREDENTIALS = re.compile(r"git-credentials-[0-9a-f-]+\.config")


class Auth:
    """The token of one checkout.

    Repositories are at the server's address, as on GitHub, or where STAND_IN_SERVER says: `file://<folder>/`.
    """

    def __init__(self, git: Git, token: str) -> None:
        address = urlsplit(git.env.get("GITHUB_SERVER_URL", "https://github.com"))
        self._address = f"{address.scheme}://{address.netloc}/"
        self._server = git.env.get("STAND_IN_SERVER", self._address)
        self._ssh = [f"git@{address.hostname}:", *_of_owner(git)]
        self._git = git
        self._temp = Path(git.env["RUNNER_TEMP"])
        self._file = self._temp / f"git-credentials-{secrets.token_hex(16)}.config"
        self._basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()

    def configure(self) -> None:
        """Give the token to git in this repository, in the place of one from before."""
        self.remove()
        header = f"AUTHORIZATION: basic {self._basic}"
        self._file.write_text(f'[http "{self._address}"]\n\textraheader = {header}\n', encoding="utf-8")
        for each in ("", "/worktrees/*"):
            self._git("config", "--local", f"includeIf.gitdir:{self._git.folder}/.git{each}.path", str(self._file))

    @contextmanager
    def in_submodules(self) -> Iterator[Git]:
        """Give it to every git below a home of its own, and have addresses for SSH asked over HTTPS."""
        home = self._temp / secrets.token_hex(16)
        home.mkdir()
        usual = Path(self._git.env.get("HOME", "~")).expanduser() / ".gitconfig"
        (home / ".gitconfig").write_bytes(usual.read_bytes() if usual.is_file() else b"")
        git = self._git.having(HOME=str(home))
        try:
            git("config", "--global", "include.path", str(self._file))
            for each in self._ssh:
                git("config", "--global", "--add", f"url.{self._server}.insteadOf", each)
            if self._server != self._address:
                git("config", "--global", "--add", f"url.{self._server}.insteadOf", self._address)
                git("config", "--global", "protocol.file.allow", "always")
            yield git
        finally:
            shutil.rmtree(home)

    def keep_in_submodules(self, *, nested: bool) -> None:
        """Leave it to later steps in the submodules too."""
        key = f"url.{self._address}.insteadOf"
        _foreach(self._git, f"git config --local --unset-all '{key}' || :", nested=True)
        for config in _configurations(self._git, nested=nested):
            self._git("config", "--file", str(config), f"includeIf.gitdir:{config.parent}.path", str(self._file))
        for each in self._ssh:
            _foreach(self._git, f"git config --local --add '{key}' '{each}'", nested=nested)

    def remove(self) -> None:
        """Take away what a checkout gave to git. Raises `Failed` where a submodule has no address, as the real one."""
        submodules = _configurations(self._git, nested=True) if self._git.has_submodules() else []
        for config in (self._git.folder / ".git" / "config", *submodules):
            for key, file in _included(self._git, config):
                self._git("config", "--file", str(config), "--unset-all", key)
                if file.is_relative_to(self._temp):
                    file.unlink(missing_ok=True)


def _of_owner(git: Git) -> list[str]:
    """Return the address for SSH that the repositories of an organization have beside the usual one."""
    event = json.loads(Path(git.env["GITHUB_EVENT_PATH"]).read_bytes())
    number = ((event.get("repository") or {}).get("owner") or {}).get("id")
    return [f"org-{number}@github.com:"] if isinstance(number, int) and number else []


def _included(git: Git, config: Path) -> list[tuple[str, Path]]:
    """Return the key and the value of each inclusion of a file with a token."""
    try:
        found = git("config", "--file", str(config), "--null", "--get-regexp", r"^includeif\.gitdir:")
    except Failed:
        return []
    pairs = [each.partition("\n") for each in found.split("\0") if each]
    return [(key, Path(value)) for key, _, value in pairs if _CREDENTIALS.fullmatch(Path(value).name)]


def _configurations(git: Git, *, nested: bool) -> list[Path]:
    folders = _foreach(git, "git rev-parse --absolute-git-dir", nested=nested).splitlines()
    return [Path(folder) / "config" for folder in folders]


def _foreach(git: Git, command: str, *, nested: bool) -> str:
    return git("submodule", "--quiet", "foreach", *(("--recursive",) if nested else ()), command)
