"""The toolchain against a real web server of releases, and with a real Go."""

from __future__ import annotations

import hashlib
import io
import shutil
import socket
import tarfile
import threading
import time
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from goldenpath.registries.terraform.program import find_program
from goldenpath.shared import pins, process, runner
from goldenpath.shared.download import Releases
from goldenpath.shared.errors import ToolHashMismatch, ToolMissing
from goldenpath.shared.pins import Asset, Group, Host, Tool
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.tools

PATH = "/acme/hello/releases/download/v1.2.3/hello.tar.gz"
SCRIPT = b"#!/bin/sh\necho hello 1.2.3\n"


def packed(content: bytes) -> bytes:
    """Return a release archive whose program is `content`."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        entry = tarfile.TarInfo("hello")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return file.getvalue()


ARCHIVE = packed(SCRIPT)


def hello(name: str = "hello", sha256: str = hashlib.sha256(ARCHIVE).hexdigest()) -> Tool:
    """Return an entry whose release is `ARCHIVE`."""
    asset = Asset(platform=Host.here() or Host.LINUX_AMD64, name="hello.tar.gz", sha256=sha256)
    return Tool(
        name=name, version="1.2.3", group=Group.TESTS, repository="acme/hello", member="hello", assets=(asset,)
    )  # fmt: skip


@dataclass
class ReleaseServer:
    """A real web server on loopback; `answers` are served one after another, the last one again and again."""

    answers: list[tuple[int, bytes]]
    port: int = 0
    asked: list[str] = field(default_factory=list)
    delay: float = 0.0
    cut: int = 0

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(handler.path)
        time.sleep(self.delay)
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        handler.send_response(status)
        if status == 302:
            handler.send_header("Location", body.decode())
            body = b""
        cut, self.cut = self.cut, 0
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) - cut])


@contextmanager
def serving(*answers: tuple[int, bytes], **how: float) -> Iterator[ReleaseServer]:
    releases = ReleaseServer(list(answers), **how)  # type: ignore[arg-type]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            releases.answer(self)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", releases.port), Handler) as server:
        releases.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield releases
        server.shutdown()
        thread.join()


def toolchain(tmp_path: Path, base: str, *tools: Tool, said: list[str] | None = None) -> Toolchain:
    say = (said if said is not None else []).append
    return Toolchain(tmp_path / "tools", tools or (hello(),), Releases(base), say)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_release_is_downloaded_checked_unpacked_and_runs(tmp_path: Path) -> None:
    with serving((200, ARCHIVE)) as server:
        program = toolchain(tmp_path, server.base).provide("hello")
    assert server.asked == [PATH]
    assert program.origin == "release"
    assert process.run(program.path, timeout=10).stdout == b"hello 1.2.3\n"


def test_a_workflow_run_starts_the_terraform_of_the_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("LICENSE.txt", b"")
        packed.writestr("terraform", SCRIPT)
    asset = Asset(
        platform=Host.here() or Host.LINUX_AMD64, name="terraform_{version}.zip",
        sha256=hashlib.sha256(file.getvalue()).hexdigest(), program=hashlib.sha256(SCRIPT).hexdigest(),
    )  # fmt: skip
    pinned = Tool(
        name="terraform", version="1.2.3", group=Group.REGISTRIES, host="https://releases.example",
        folder="terraform/{version}", member="terraform", assets=(asset,),
    )  # fmt: skip
    with serving((200, file.getvalue())) as server:
        tools = toolchain(tmp_path, server.base, pinned)
        monkeypatch.setattr(Toolchain, "load", lambda: tools)
        assert find_program() == "terraform"
        monkeypatch.setattr(runner, "trusts_machine", lambda: False)
        found = find_program()
    assert server.asked == ["/terraform/1.2.3/terraform_1.2.3.zip"]
    assert found == str(tmp_path / "tools" / "terraform-1.2.3" / "terraform")
    assert tools.provide("terraform").is_pinned


def test_a_redirect_to_the_storage_of_releases_is_followed(tmp_path: Path) -> None:
    with serving((302, b"/storage/1"), (200, ARCHIVE)) as server:
        toolchain(tmp_path, server.base).provide("hello")
    assert server.asked == [PATH, "/storage/1"]


def test_other_bytes_than_the_pinned_ones_are_neither_unpacked_nor_kept(tmp_path: Path) -> None:
    evil = packed(b"#!/bin/sh\necho evil\n")
    with serving((200, evil)) as server, pytest.raises(ToolHashMismatch) as caught:
        toolchain(tmp_path, server.base).provide("hello")
    assert caught.value.what == (
        f"127.0.0.1 served {PATH[1:]} with other bytes than the pinned ones; they were not used"
    )
    assert caught.value.why == (
        f"SHA-256 is {hashlib.sha256(evil).hexdigest()}, pinned is {hashlib.sha256(ARCHIVE).hexdigest()}"
    )
    assert [path.name for path in (tmp_path / "tools").iterdir()] == [".hello.lock"]


def test_a_download_that_breaks_half_way_is_tried_once_more(tmp_path: Path) -> None:
    with serving((200, ARCHIVE), cut=20) as server:
        assert toolchain(tmp_path, server.base).provide("hello").origin == "release"
    assert server.asked == [PATH, PATH]


def test_a_release_that_is_not_there_is_told_with_the_answer(tmp_path: Path) -> None:
    with serving((404, b"")) as server, pytest.raises(ToolMissing) as caught:
        toolchain(tmp_path, server.base).provide("hello")
    assert "hello.tar.gz cannot be downloaded from 127.0.0.1 (it responded with 404)" in caught.value.why


def test_a_host_that_does_not_answer_is_asked_once_per_process(tmp_path: Path) -> None:
    port = free_port()
    tools = toolchain(tmp_path, f"http://127.0.0.1:{port}", hello(), hello("second"))
    with pytest.raises(ToolMissing, match="Connection refused"):
        tools.provide("hello")
    with serving((200, ARCHIVE), port=port) as server, pytest.raises(ToolMissing, match="Connection refused"):
        tools.provide("second")
    assert server.asked == []


def test_two_at_once_download_once(tmp_path: Path) -> None:
    said: list[str] = []
    with serving((200, ARCHIVE), delay=0.3) as server:
        users = [
            threading.Thread(target=toolchain(tmp_path, server.base, said=said).provide, args=("hello",))
            for _ in range(2)
        ]
        for user in users:
            user.start()
        for user in users:
            user.join()
    assert server.asked == [PATH]
    assert sorted(said) == ["downloading hello 1.2.3", "waiting for another process that is getting hello 1.2.3"]


def test_what_a_killed_process_left_half_done_is_not_used(tmp_path: Path) -> None:
    left = tmp_path / "tools" / ".part-hello" / "ready"
    left.mkdir(parents=True)
    (left / "leftover").write_bytes(b"half")
    with serving((200, ARCHIVE)) as server:
        program = toolchain(tmp_path, server.base).provide("hello")
    assert sorted(path.name for path in program.path.parent.iterdir()) == ["hello", "record.json"]


# --- Go --------------------------------------------------------------------------------------------------------------

needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="Go is not on this machine")


@pytest.fixture
def unreachable(tmp_path: Path) -> Toolchain:
    """Give the real table, a host of releases that refuses to connect, and the project's own warm caches of Go."""
    (runner.cache_dir() / "go").mkdir(parents=True, exist_ok=True)
    (tmp_path / "go").symlink_to(runner.cache_dir() / "go")
    return toolchain(tmp_path, f"http://127.0.0.1:{free_port()}", *pins.load())


@needs_go
def test_go_builds_the_pinned_version_where_no_release_can_be_reached(unreachable: Toolchain) -> None:
    program = unreachable.provide("actionlint")
    assert program.origin == "go"
    assert process.run(program.path, "-version", timeout=30).stdout.split()[0].decode() == program.version
    assert unreachable.provide("actionlint") == program


@needs_go
def test_settings_that_switch_gos_checks_off_do_not_reach_a_build(
    unreachable: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / ".config" / "go" / "env"
    settings.parent.mkdir(parents=True)
    asked = process.run("go", "env", "GOPROXY", timeout=30).stdout.decode().strip()
    settings.write_text(f"GOSUMDB=off\nGONOSUMDB=*\nGOFLAGS=-no-such-flag\nGOPROXY={asked}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GOSUMDB", "off")
    assert process.run("go", "env", "GOSUMDB", timeout=30).stdout == b"off\n"
    assert unreachable.provide("actionlint").origin == "go"


@needs_go
def test_source_that_was_tampered_with_is_refused_by_the_checksum_database(
    unreachable: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = unreachable.provide("actionlint").version
    real = runner.cache_dir() / "go/pkg/mod/cache/download/github.com/rhysd/actionlint/@v" / f"v{version}.zip"
    mirror = tmp_path / "mirror/github.com/rhysd/actionlint/@v"
    mirror.mkdir(parents=True)
    for suffix in (".info", ".mod"):
        shutil.copy(real.with_name(real.stem + suffix), mirror)
    with zipfile.ZipFile(real) as old, zipfile.ZipFile(mirror / real.name, "w") as new:
        for entry in old.infolist():
            extra = b"\n// one more line\n" if entry.filename.endswith("/cmd/actionlint/main.go") else b""
            new.writestr(entry.filename, old.read(entry) + extra)
    usual = process.run("go", "env", "GOPROXY", timeout=30).stdout.decode().strip()
    monkeypatch.setenv("GOPROXY", f"file://{tmp_path}/mirror,{usual}")
    with pytest.raises(ToolHashMismatch, match="is not what Go's checksum database knows; it was not built"):
        toolchain(tmp_path / "cold", unreachable.releases.base, *pins.load()).provide("actionlint")


# --- the programs themselves -----------------------------------------------------------------------------------------

ASKED = {
    "gitleaks": ("version",),
    "trivy": ("--version",),
    "syft": ("version",),
    "buildx": ("version",),
    "registry": ("--version",),
    "buildkitd": ("--version",),
    "buildctl": ("--version",),
    "act": ("--version",),
    "actionlint": ("-version",),
    "crane": ("version",),
}


@pytest.mark.parametrize("name", sorted(ASKED))
def test_a_provided_program_reports_the_version_of_the_table(name: str, tmp_path: Path) -> None:
    program = Toolchain.load().provide(name)
    told = process.run(program.path, *ASKED[name], timeout=60, cwd=tmp_path).stdout.decode()
    assert program.version in told


def test_a_program_in_the_cache_is_checked_and_given_at_once() -> None:
    Toolchain.load().provide("trivy")
    # Of the processor, not of the clock: how busy the machine is does not matter.
    began = time.process_time()
    Toolchain.load().provide("trivy")
    assert time.process_time() - began < 0.5
