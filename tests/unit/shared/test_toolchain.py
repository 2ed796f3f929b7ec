"""What a cached program has to be, and the order of the sources."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from goldenpath import delivery
from goldenpath.shared import gitleaks_rules, go_build, process
from goldenpath.shared.download import Releases
from goldenpath.shared.errors import BadInput, DiskTrouble, ToolHashMismatch, ToolMissing
from goldenpath.shared.pins import Asset, GoSource, Group, Host, Rules, Tool
from goldenpath.shared.toolchain import Program, Toolchain

SHA = "ab" * 32
GO = GoSource(
    module="example.org/hello", package="example.org/hello/cmd", expected_seconds=90, ldflags="-X v={version}"
)
ASSETS = tuple(Asset(platform=host, name=f"hello_{{version}}_{host.name}", sha256=SHA) for host in Host)
HELLO = Tool(
    name="hello", version="1.2.3", group=Group.TESTS, repository="acme/hello", member="hello", assets=ASSETS, go=GO
)
RELEASED = b"from the release"
PINNED = replace(HELLO, assets=tuple(replace(asset, program=hashlib.sha256(RELEASED).hexdigest()) for asset in ASSETS))


@dataclass
class FakeReleases:
    """A release host that serves `content`, or raises `error`."""

    content: bytes = b"from the release"
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)
    is_silent: bool = False

    def fetch_pinned(self, path: str, _sha256: str, target: Path) -> None:
        self.asked.append(path)
        with tarfile.open(target, "w") as tar:
            entry = tarfile.TarInfo("hello")
            entry.size = len(self.content)
            tar.addfile(entry, io.BytesIO(self.content))
        if self.error:
            raise self.error


UNREACHABLE = ToolMissing("hello cannot be downloaded from github.com", why="no route to host", fix="mend it")


@pytest.fixture(autouse=True)
def _no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*command: object, **_: object) -> None:
        raise ToolMissing(f"{command[0]} cannot be started", why="this is a unit test", fix="fake it")

    monkeypatch.setattr(process, "run", refuse)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Make Go build anything at once; returns the names it was asked for."""
    names: list[str] = []

    def build(tool: Tool, target: Path, home: Path) -> None:
        names.append(tool.name)
        target.write_bytes(b"from Go")

    monkeypatch.setattr(go_build, "build", build)
    return names


def toolchain(
    cache: Path, releases: FakeReleases | None = None, tool: Tool = HELLO, said: list[str] | None = None
) -> Toolchain:
    say = (said if said is not None else []).append
    return Toolchain(cache / "tools", (tool,), releases or FakeReleases(), say)  # type: ignore[arg-type]


def test_the_pipeline_installs_the_programs_that_its_stages_start_and_no_others() -> None:
    modules = Path(delivery.__file__).parent.rglob("*.py")
    started = {name for file in modules for name in re.findall(r'run\.program\("([\w-]+)"\)', file.read_text())}
    assert started >= {"gitleaks", "trivy", "syft", "buildx"}
    assert {tool.name for tool in Toolchain.load().entries("pipeline")} == started


def test_the_table_in_the_package_has_every_program_in_its_group() -> None:
    tools = Toolchain.load()
    assert [tool.name for tool in tools.entries("local")] == ["registry", "buildkitd", "buildctl"]
    assert [tool.name for tool in tools.entries("registries")] == ["terraform"]
    assert [tool.name for tool in tools.entries("tests")] == ["act", "actionlint", "trivy-db", "crane", "git-lfs"]
    assert [tool.name for tool in tools.entries("bumps")] == ["cosign"]
    assert len(tools.entries()) == len(tools.entries("pipeline")) + 10


def test_a_program_that_is_not_here_is_none_and_nothing_is_written(tmp_path: Path) -> None:
    assert toolchain(tmp_path).installed("hello") is None
    assert list(tmp_path.iterdir()) == []


def test_a_release_is_downloaded_once_and_then_comes_from_the_cache(tmp_path: Path) -> None:
    releases = FakeReleases()
    tools = toolchain(tmp_path, releases)
    first = tools.provide("hello")
    path = tmp_path / "tools" / "hello-1.2.3" / "hello"
    assert first == Program("hello", "1.2.3", path, "release")
    assert path.read_bytes() == b"from the release"
    assert path.stat().st_mode & 0o777 == 0o755
    assert json.loads((path.parent / "record.json").read_bytes()) == {
        "version": "1.2.3",
        "origin": "release",
        "sha256": hashlib.sha256(b"from the release").hexdigest(),
        "pin": HELLO.pin(Host.here()),
    }
    assert tools.provide("hello") == tools.installed("hello") == first
    assert len(releases.asked) == 1


def test_a_changed_program_in_the_cache_stops_everything(tmp_path: Path, built: list[str]) -> None:
    tools = toolchain(tmp_path)
    path = tools.provide("hello").path
    path.write_bytes(b"changed")
    for use in (tools.provide, tools.installed):
        with pytest.raises(ToolHashMismatch) as caught:
            use("hello")
    assert caught.value.what == f"{path} changed since it was put in the cache; it was not executed"
    assert caught.value.fix.endswith(f"then remove the folder {path.parent} and run `goldenpath tools install`")
    assert built == []


def test_a_program_that_the_table_knows_is_checked_against_the_table(tmp_path: Path) -> None:
    tools = toolchain(tmp_path, tool=PINNED)
    program = tools.provide("hello")
    assert program.is_pinned
    program.path.write_bytes(b"planted")
    record = json.loads((program.path.parent / "record.json").read_bytes())
    record["sha256"] = hashlib.sha256(b"planted").hexdigest()
    (program.path.parent / "record.json").write_text(json.dumps(record))
    with pytest.raises(ToolHashMismatch, match="is not the program of the release; it was not executed"):
        tools.provide("hello")


def test_an_archive_that_holds_another_program_than_the_pinned_one_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ToolHashMismatch, match="is not the program of the release"):
        toolchain(tmp_path, FakeReleases(b"another"), PINNED).provide("hello")
    assert [path.name for path in (tmp_path / "tools").iterdir()] == [".hello.lock"]


def test_a_program_is_given_with_the_pinned_rules_in_it_and_never_with_others(tmp_path: Path) -> None:
    published = b"# rules\nfind = 1\n"
    sha256, given = hashlib.sha256(published).hexdigest(), gitleaks_rules.changed(published)
    rules = Rules("# rules", len(published), sha256, hashlib.sha256(given).hexdigest())
    tools = toolchain(tmp_path, FakeReleases(b"\0" + published), replace(HELLO, rules=rules))
    program = tools.provide("hello")
    assert program.rules == tools.provide("hello").rules == given
    planted = program.path.read_bytes().replace(b"1", b"0")
    program.path.write_bytes(planted)
    record = program.path.parent / "record.json"
    recorded = {**json.loads(record.read_bytes()), "sha256": hashlib.sha256(planted).hexdigest()}
    record.write_text(json.dumps(recorded))
    with pytest.raises(ToolHashMismatch, match=r"The rules in .*hello are not the pinned ones; they were not used"):
        tools.provide("hello")


def test_what_go_built_is_recorded_and_not_pinned(tmp_path: Path, built: list[str]) -> None:
    assert not toolchain(tmp_path, FakeReleases(error=UNREACHABLE), PINNED).provide("hello").is_pinned


def test_a_program_with_a_host_of_its_own_is_asked_for_there_unless_there_is_a_mirror() -> None:
    github, mirror = Releases("https://github.com"), Releases("https://mirror.example")
    assert github.at("https://releases.example").base == "https://releases.example"
    assert mirror.at("https://releases.example") is mirror
    assert github.at(None) is github


def test_a_record_that_cannot_be_read_stops_everything(tmp_path: Path) -> None:
    tools = toolchain(tmp_path)
    (tools.provide("hello").path.parent / "record.json").write_bytes(b"{")
    with pytest.raises(ToolHashMismatch, match="its record cannot be read"):
        tools.installed("hello")


def test_a_program_without_a_record_is_replaced(tmp_path: Path) -> None:
    planted = tmp_path / "tools" / "hello-1.2.3" / "hello"
    planted.parent.mkdir(parents=True)
    planted.write_bytes(b"planted")
    assert toolchain(tmp_path).installed("hello") is None
    assert toolchain(tmp_path).provide("hello").path.read_bytes() == b"from the release"


def test_a_program_of_another_pin_is_replaced(tmp_path: Path) -> None:
    toolchain(tmp_path).provide("hello")
    moved = replace(HELLO, go=replace(GO, ldflags="-X other=1"))
    tools = toolchain(tmp_path, FakeReleases(b"renewed"), moved)
    assert tools.installed("hello") is None
    assert tools.provide("hello").path.read_bytes() == b"renewed"
    assert toolchain(tmp_path).installed("hello") is None


def test_nothing_but_the_lock_and_the_program_is_left_in_the_cache(tmp_path: Path) -> None:
    toolchain(tmp_path).provide("hello")
    assert sorted(path.name for path in (tmp_path / "tools").iterdir()) == [".hello.lock", "hello-1.2.3"]
    assert sorted(path.name for path in (tmp_path / "tools" / "hello-1.2.3").iterdir()) == ["hello", "record.json"]


def test_a_cache_folder_that_cannot_be_made_is_disk_trouble(tmp_path: Path) -> None:
    (tmp_path / "tools").write_text("a file")
    with pytest.raises(DiskTrouble) as caught:
        toolchain(tmp_path).provide("hello")
    assert caught.value.fix == "Free some space, or name another folder in GOLDENPATH_CACHE, then run again"


def test_an_unknown_name_is_told_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'hullo' is not a tool of this project"):
        toolchain(tmp_path).provide("hullo")


def test_go_builds_what_cannot_be_downloaded_and_says_how_long(tmp_path: Path, built: list[str]) -> None:
    said: list[str] = []
    program = toolchain(tmp_path, FakeReleases(b"half a file", UNREACHABLE), said=said).provide("hello")
    assert (program.origin, program.path.read_bytes()) == ("go", b"from Go")
    assert said == ["downloading hello 1.2.3", "building hello 1.2.3 with Go, about 2 minutes"]
    assert sorted(path.name for path in program.path.parent.iterdir()) == ["hello", "record.json"]


def test_go_builds_where_no_hash_of_a_release_is_pinned(tmp_path: Path, built: list[str]) -> None:
    releases = FakeReleases()
    assert toolchain(tmp_path, releases, replace(HELLO, assets=())).provide("hello").origin == "go"
    assert releases.asked == []


def test_a_wrong_hash_is_never_answered_by_building_with_go(tmp_path: Path, built: list[str]) -> None:
    wrong = ToolHashMismatch("other bytes", fix="do not use them")
    with pytest.raises(ToolHashMismatch, match="other bytes"):
        toolchain(tmp_path, FakeReleases(error=wrong)).provide("hello")
    assert built == []
    assert [path.name for path in (tmp_path / "tools").iterdir()] == [".hello.lock"]


def test_without_any_source_the_error_says_why_for_each(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing) as caught:
        toolchain(tmp_path, FakeReleases(error=UNREACHABLE)).provide("hello")
    assert caught.value.what == "hello 1.2.3 is not on this machine and cannot be obtained"
    assert caught.value.why == (
        "hello cannot be downloaded from github.com (no route to host); go cannot be started (this is a unit test)"
    )
    assert "or install Go" in caught.value.fix


def test_a_silent_host_is_not_announced_again(tmp_path: Path, built: list[str]) -> None:
    said: list[str] = []
    toolchain(tmp_path, FakeReleases(error=UNREACHABLE, is_silent=True), said=said).provide("hello")
    assert said == ["building hello 1.2.3 with Go, about 2 minutes"]
