"""How Go is asked to build a program, and how its answers are taken."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from goldenpath.shared import go_build, process, runner
from goldenpath.shared.errors import ToolFailed, ToolHashMismatch, ToolMissing
from goldenpath.shared.pins import Asset, GoSource, Group, Host, Tool

if TYPE_CHECKING:
    from pathlib import Path

GO = GoSource(
    module="example.org/hello", package="example.org/hello/cmd", expected_seconds=90, ldflags="-X v={version}"
)
HELLO = Tool(name="hello", version="1.2.3", group=Group.TESTS, go=GO)


@dataclass
class FakeGo:
    """Stands for `process.run`: answers `go env`, and builds unless told to fail."""

    settings: dict[str, str]
    failure: str = ""
    calls: list[tuple[tuple[str, ...], dict[str, str]]] = field(default_factory=list)
    module: str = ""

    def run(
        self, *command: str, environment: dict[str, str], cwd: Path | None = None, **_: object
    ) -> process.Completed:
        self.calls.append((command, environment))
        if command[1] == "env":
            answer = json.dumps({name: self.settings.get(name, "") for name in command[3:]})
            return process.Completed("go", 0, answer.encode(), b"", 0.1)
        assert cwd
        self.module = (cwd / "go.mod").read_text()
        if self.failure:
            raise ToolFailed("go ended with exit status 1", why=self.failure, fix="mend it")
        return process.Completed("go", 0, b"", b"", 0.1)


def fake_go(monkeypatch: pytest.MonkeyPatch, failure: str = "", **settings: str) -> FakeGo:
    go = FakeGo({"GOPROXY": "https://modules.example", "GOSUMDB": "sums.example", **settings}, failure)
    monkeypatch.setattr(process, "run", go.run)
    monkeypatch.setattr(runner, "variables", dict)
    return go


def test_go_builds_exactly_the_pinned_version_with_its_checks_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    go = fake_go(monkeypatch)
    go_build.build(replace(HELLO, go=replace(GO, experiment="jsonv2")), tmp_path / "hello", tmp_path / "go")
    command, environment = go.calls[-1]
    assert command == (
        "go", "build", "-mod=mod", "-trimpath", "-ldflags", "-s -w -X v=1.2.3", "-o", str(tmp_path / "hello"),
        GO.package,
    )  # fmt: skip
    assert environment == {
        "GOENV": "off",
        "GOFLAGS": "-modcacherw -buildvcs=false",
        "GOPATH": str(tmp_path / "go"),
        "GOCACHE": str(tmp_path / "go" / "build"),
        "GOWORK": "off",
        "CGO_ENABLED": "0",
        "GOPROXY": "https://modules.example",
        "GOEXPERIMENT": "jsonv2",
    }
    assert go.module == "module goldenpath.tool/hello\n\ngo 1.26\n\nrequire example.org/hello v1.2.3\n"


@pytest.mark.parametrize("setting", [{"GOSUMDB": "off"}, {"GOSUMDB": ""}, {"GONOSUMDB": "*"}, {"GOPRIVATE": "x.org"}])
def test_a_go_that_does_not_check_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, setting: dict[str, str]
) -> None:
    go = fake_go(monkeypatch, **setting)
    with pytest.raises(ToolMissing, match="This Go does not check what it downloads"):
        go_build.build(HELLO, tmp_path / "hello", tmp_path / "go")
    assert all(command[1] == "env" for command, _ in go.calls)


def test_source_with_another_checksum_stops_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_go(monkeypatch, failure="verifying example.org/hello@v1.2.3: checksum mismatch\nSECURITY ERROR")
    with pytest.raises(ToolHashMismatch) as caught:
        go_build.build(HELLO, tmp_path / "hello", tmp_path / "go")
    assert caught.value.what == ("The source of hello 1.2.3 is not what Go's checksum database knows; it was not built")


def test_a_build_that_fails_is_a_missing_tool_in_gos_own_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_go(monkeypatch, failure="dial tcp: no such host")
    with pytest.raises(ToolMissing) as caught:
        go_build.build(HELLO, tmp_path / "hello", tmp_path / "go")
    assert (caught.value.what, caught.value.why) == ("hello 1.2.3 could not be built with Go", "dial tcp: no such host")


def test_a_tool_without_go_source_is_not_built(tmp_path: Path) -> None:
    asset = Asset(platform=Host.LINUX_AMD64, name="hello", sha256="ab" * 32)
    released = replace(HELLO, go=None, repository="acme/hello", assets=(asset,))
    with pytest.raises(ToolMissing, match="hello has no Go source in the table"):
        go_build.build(released, tmp_path / "hello", tmp_path / "go")
