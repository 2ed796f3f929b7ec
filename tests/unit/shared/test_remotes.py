from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.shared import process, remotes
from goldenpath.shared.errors import ToolMissing
from tests.unit.program_double import ended

if TYPE_CHECKING:
    from goldenpath.shared.process import Completed

# What a user has in ~/.ssh/config.
ALIASES = {
    "work": "github.com",
    "github.com-work": "github.com",
    "github.com": "ssh.github.com",
    "intranet": "git-server",
    "dev.azure": "ssh.dev.azure.com",
}


@pytest.fixture
def _ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(program: str, option: str, host: str, **_: object) -> Completed:
        assert (program, option) == ("ssh", "-G")
        return ended(f"user me\nhostname {ALIASES.get(host, host)}\nport 22\n")

    monkeypatch.setattr(process, "run", run)


@pytest.fixture
def _no_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object, **__: object) -> None:
        raise ToolMissing("ssh cannot be started", fix="f")

    monkeypatch.setattr(process, "run", run)


@pytest.mark.usefixtures("_ssh")
@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/o/app.git", "https://github.com/o/app"),
        ("https://github.com/o/app", "https://github.com/o/app"),
        ("https://github.com/o/app/", "https://github.com/o/app"),
        ("https://user:ghp_secret@github.com/o/app.git", "https://github.com/o/app"),
        ("https://x-access-token:tok@en@github.com/o/app", "https://github.com/o/app"),
        ("https://ghe.example:8443/o/app", "https://ghe.example:8443/o/app"),
        ("ssh://git@gitlab.com:22/o/group/app.git", "https://gitlab.com/o/group/app"),
        ("git@gitlab.com:o/app.git", "https://gitlab.com/o/app"),
        ("git@github.com:o/app.git", "https://github.com/o/app"),
        ("org-123456@github.com:o/app.git", "https://github.com/o/app"),
        ("git@work:o/app.git", "https://github.com/o/app"),
        ("git@github.com-work:o/app.git", "https://github.com/o/app"),
        ("ssh://git@ssh.github.com:443/o/app.git", "https://github.com/o/app"),
        ("git@intranet:o/app.git", ""),
        ("git@unknown:o/app.git", ""),
        ("git@gitlab.com-work:o/app.git", ""),
        ("git@ssh.dev.azure.com:v3/o/project/app", ""),
        ("git@gitlab.com:/srv/git/app.git", ""),
        ("git@gitlab.com:~me/app.git", ""),
        ("git@-oProxyCommand=x:o/app", ""),
        ("git@-x:o/app", ""),
        ("codecommit::eu-west-1://app", ""),
        ("gh:o/app", ""),
        ("git@github.com", ""),
        ("https://github.com", ""),
        ("/srv/git/app.git", ""),
        ("file:///srv/git/app.git", ""),
        ("http://github.com/o/app", ""),
        ("", ""),
    ],
)
def test_a_remote_is_shown_by_its_web_address_without_credentials(remote: str, address: str) -> None:
    assert remotes.web_address(remote) == address


@pytest.mark.usefixtures("_no_ssh")
@pytest.mark.parametrize(
    ("remote", "address"),
    [("git@github.com:o/app", "https://github.com/o/app"), ("git@github.com-work:o/app", ""), ("git@work:o/app", "")],
)
def test_without_ssh_only_names_of_the_internet_are_certain(remote: str, address: str) -> None:
    assert remotes.web_address(remote) == address


@pytest.mark.usefixtures("_no_ssh")
@given(st.text(), st.sampled_from(["https://", "ssh://", "git@", ""]))
def test_no_remote_shows_what_stands_before_the_at_sign(secret: str, scheme: str) -> None:
    if "/" not in secret and ":" not in secret:
        assert remotes.web_address(f"{scheme}{secret}hunter2@host.example/o/app") in {
            "https://host.example/o/app",
            "",
        }
