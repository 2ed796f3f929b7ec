"""A delivery at a real terminal (a pseudo-terminal of this machine): what is drawn, and how it is left."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.tools import apps
from tests.tools.command import PATIENCE

from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.local.images import base_images
from goldenpath.shared.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.tools.command import Command

    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools

ROWS, COLUMNS = 40, 100
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
CTRL_C = b"\x03"
# For the end of the child, which writes nothing.
_LOOKS_AGAIN_AFTER = 0.05
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class AtTerminal:
    """A command that ran at a terminal: its exit `code`, the text it wrote there, and whether that is as before.

    `document` is what it wrote to stdout, where that was a pipe.
    """

    code: int
    written: str
    is_as_before: bool
    document: str

    @property
    def left_sane(self) -> bool:
        """Whether the cursor is back and the terminal is set as before."""
        return self.is_as_before and self.written.rfind(HIDE_CURSOR) < self.written.rfind(SHOW_CURSOR)

    @property
    def lines(self) -> list[str]:
        """Every line that it drew, frame after frame, without colours and movements."""
        return [line.rstrip() for line in re.split(r"[\r\n]+", _ESCAPES.sub("", self.written)) if line.strip()]


def run(
    goldenpath: Command, *words: str, more: Mapping[str, str] | None = None, ctrl_c_at: str = "", piped: bool = False
) -> AtTerminal:
    """Run the command at a terminal, where it is `piped` without its stdout; press Ctrl-C once it wrote `ctrl_c_at`."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    before = termios.tcgetattr(follower)
    variables = {name: value for name, value in goldenpath.variables.items() if name not in {"CI", "COLUMNS"}}
    child = subprocess.Popen(
        [*goldenpath.words, *words], stdin=follower, stderr=follower, start_new_session=True,
        stdout=subprocess.PIPE if piped else follower,
        env={**variables, "TERM": "xterm-256color", **(more or {})},
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  no thread of a test holds a lock here
    )  # fmt: skip
    try:
        written = _read(leader, child, ctrl_c_at)
        code = child.wait(timeout=PATIENCE)
        document = child.stdout.read().decode() if child.stdout else ""
        return AtTerminal(code, written, termios.tcgetattr(follower) == before, document)
    finally:
        child.kill()
        child.wait()
        if child.stdout:
            child.stdout.close()
        os.close(leader)
        os.close(follower)


def _read(leader: int, child: subprocess.Popen[Any], ctrl_c_at: str) -> str:
    written, pressed = b"", False
    while True:
        ended = child.poll() is not None
        if select.select([leader], [], [], _LOOKS_AGAIN_AFTER)[0]:
            written += os.read(leader, 65536)
        elif ended:
            return written.decode()
        if ctrl_c_at and not pressed and ctrl_c_at in written.decode(errors="replace"):
            os.write(leader, CTRL_C)
            pressed = True


def test_a_delivery_of_two_platforms_shows_its_stages_and_ends_with_its_verdict(
    goldenpath: Command, emulator: Local, tmp_path: Path
) -> None:
    app, work = apps.make(tmp_path / "app"), WorkFolder(tmp_path / "work")
    app.write("Dockerfile", "FROM scratch\nARG TARGETARCH\nCOPY rootfs-$TARGETARCH /\n")
    for architecture in ("amd64", "arm64"):
        apps.plant_system(app, f"rootfs-{architecture}")
    app.plant_package("rootfs-arm64")
    emulator.create_repository("team/at-a-terminal")
    ended = run(
        goldenpath, "deliver", f"--source={app.folder}", f"--work-dir={work.path}", "--environment=dev",
        "--ecr-repository=team/at-a-terminal", "--platforms=linux/amd64,linux/arm64",
    )  # fmt: skip
    assert ended.code == 0, ended.written
    digest = work.read_receipt().digest
    states = {line.split()[1]: line.split()[2] for line in ended.lines if line[0] in "✓!✗●·"}
    assert states == dict.fromkeys(
        ("gitleaks-gate", "build", "sbom", "ecr-push", "sarif-upload", "summary"), "passed"
    ) | {"trivy-gate": "advised"}
    end = ended.lines[-[*reversed(ended.lines)].index("─" * COLUMNS, 1) :]
    assert end[0] == f"✅ {app.commit.short} for dev: released"
    assert f"image       {emulator.registry_host}/team/at-a-terminal@{digest}" in end
    assert ended.left_sane


def test_ctrl_c_in_a_build_leaves_a_terminal_to_work_in_and_says_how_it_ended(
    goldenpath: Command, tmp_path: Path
) -> None:
    app, work = apps.make(tmp_path / "app"), WorkFolder(tmp_path / "work")
    base = base_images.python_base(print).build_context
    app.write("Dockerfile", "FROM base\nRUN sleep 60\n").save()
    ended = run(
        goldenpath, "deliver", f"--source={app.folder}", f"--work-dir={work.path}", "--environment=dev",
        "--ecr-repository=my-app", f"--build-contexts=base={base}", ctrl_c_at="base image",
    )  # fmt: skip
    assert ended.code == Cancelled.exit_code
    assert f"❌ {app.commit.short} for dev: failed in build; nothing was released" in ended.lines
    assert "error       The run was stopped by SIGINT" in ended.lines
    assert ended.left_sane
    assert not work.receipt.exists()


def test_a_document_in_a_pipe_leaves_the_view_to_the_person(goldenpath: Command, tmp_path: Path) -> None:
    app = apps.make(tmp_path / "app")
    ended = run(
        goldenpath, "deliver", f"--source={app.folder}", f"--work-dir={tmp_path}/work", "--environment=dev",
        "--ecr-repository=my-app", "--dockerfile-path=none", "--json", piped=True,
    )  # fmt: skip
    document = json.loads(ended.document)
    assert (document["error"]["code"], document["result"]["ending"]) == ("build-failed", "failed")
    assert [stage["end"] for stage in document["result"]["stages"]] == ["done", "failed"]
    assert document["result"]["headline"] in ended.lines
    assert ended.left_sane


@pytest.mark.parametrize("more", [{"CI": "true"}, {"TERM": "dumb"}])
def test_where_no_line_may_be_drawn_again_none_is(goldenpath: Command, tmp_path: Path, more: dict[str, str]) -> None:
    app = apps.make(tmp_path / "app")
    ended = run(
        goldenpath, "deliver", f"--source={app.folder}", f"--work-dir={tmp_path}/work", "--environment=dev",
        "--ecr-repository=my-app", "--dockerfile-path=none", more=more,
    )  # fmt: skip
    assert ended.lines[0] == "· gitleaks-gate"
    assert "\x1b" not in ended.written
