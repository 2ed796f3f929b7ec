"""Debian packages and mirrors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from goldenpath.local.engine import debian
from goldenpath.shared import process
from goldenpath.shared.errors import LocalTrouble, ToolFailed, ToolMissing
from tests.unit.local.engine.engine_double import DONE, be

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from goldenpath.shared.process import Completed
from tests.unit.local.engine.test_engine import recording


def test_what_is_missing_is_announced_before_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, root_on_debian=True, programs=("iptables",))
    said: list[str] = []
    monkeypatch.setattr(process, "run", recording(said))
    debian.install({"dockerd": "docker.io", "iptables": "iptables"}, said.append, reason="to have a Docker Engine")
    assert said == [
        "installing docker.io with apt-get to have a Docker Engine",
        "apt-get install --yes --quiet --no-install-recommends docker.io",
    ]


def test_apt_fetches_its_lists_when_it_cannot_install_with_the_ones_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, root_on_debian=True)
    commands: list[str] = []
    monkeypatch.setattr(process, "run", failing_once(commands))
    debian.install({"debootstrap": "debootstrap"}, print, reason="to make a base image")
    assert [command.split()[1] for command in commands] == ["install", "update", "install"]


def failing_once(commands: list[str]) -> Callable[..., Completed]:
    def run(*command: str, **_options: object) -> Completed:
        commands.append(" ".join(command))
        if len(commands) == 1:
            raise ToolFailed("apt-get ended with exit status 100", fix="")
        return DONE

    return run


def test_nothing_is_installed_when_everything_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, root_on_debian=True, programs=("dockerd", "iptables"))
    debian.install({"dockerd": "docker.io", "iptables": "iptables"}, pytest.fail, reason="")


def test_a_missing_package_where_we_may_not_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, root_on_debian=False)
    with pytest.raises(ToolMissing) as caught:
        debian.install({"debootstrap": "debootstrap"}, pytest.fail, reason="to make a base image")
    assert caught.value.what == "debootstrap must be installed to make a base image"


ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://one.example/debian bookworm main contrib
deb-src http://source.example/debian bookworm main
deb http://tools.example/apt stable main
"""


DEB822 = """\
Types: deb
# a comment
URIs: http://two.example/debian
Suites: trixie trixie-updates
Components: main

Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main
Enabled: no
"""


@pytest.mark.parametrize(
    ("file", "text", "suite", "uri"),
    [
        ("sources.list", ONE_LINE, "bookworm", "http://one.example/debian"),
        ("sources.list.d/debian.sources", DEB822, "trixie", "http://two.example/debian"),
    ],
)
def test_the_mirror_is_the_one_this_machine_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str, suite: str, uri: str
) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)
    (tmp_path / "os-release").write_text(f'ID=debian\nVERSION_CODENAME="{suite}"\n')
    monkeypatch.setattr(debian, "APT", tmp_path)
    monkeypatch.setattr(debian, "OS_RELEASE", tmp_path / "os-release")
    assert debian.mirror() == (uri, suite)


def test_a_machine_without_a_mirror_for_its_own_release_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian, "APT", tmp_path)
    monkeypatch.setattr(debian, "OS_RELEASE", tmp_path / "os-release")
    with pytest.raises(LocalTrouble, match="No package mirror is known for a stand-in base image"):
        debian.mirror()
