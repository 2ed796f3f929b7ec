"""No credential of a run is in a log, a file, a command line or another process, during it and after it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
from tests.tools import apps, command
from tests.tools.command import Ended, texts_below

from goldenpath.local.aws.data_plane import Call, DataPlane, RefusedError
from goldenpath.local.aws.principals import Logins
from goldenpath.local.aws.sts import Sts
from goldenpath.local.github.oidc import TokenIssuer

if TYPE_CHECKING:
    from tests.tools.apps import App
    from tests.tools.command import Command

    from goldenpath.delivery.model.work_folder import WorkFolder
    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools


@pytest.fixture
def issued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every secret that is handed out from now on: OIDC tokens, STS secrets and session tokens, ECR passwords."""
    seen: list[str] = []
    issue, assume, issue_login = TokenIssuer.issue, Sts.assume_role, Logins.issue

    def issuing(self: TokenIssuer, *given: object, **more: object) -> str:
        seen.append(issue(self, *given, **more))  # type: ignore[arg-type]
        return seen[-1]

    def assuming(self: Sts, form: dict[str, str]) -> str:
        answer = assume(self, form)
        seen.extend(answer.partition(f"<{name}>")[2].partition("<")[0] for name in ("SecretAccessKey", "SessionToken"))
        return answer

    def issuing_login(self: Logins, *given: object) -> object:
        login = issue_login(self, *given)  # type: ignore[arg-type]
        seen.append(login.token)
        return login

    monkeypatch.setattr(TokenIssuer, "issue", issuing)
    monkeypatch.setattr(Sts, "assume_role", assuming)
    monkeypatch.setattr(Logins, "issue", issuing_login)
    return seen


class Watch:
    """Looks at every process of the machine, again and again, until it is left."""

    def __init__(self, issued: list[str]) -> None:
        self.found: set[str] = set()
        self.looks = 0
        self._issued = issued
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self.looks += 1
            secrets = [secret.encode() for secret in self._issued]
            for path in _of_processes():
                try:
                    content = path.read_bytes()
                except OSError:  # it ended
                    continue
                self.found |= {str(path) for secret in secrets if secret in content}


def _of_processes() -> Iterator[Path]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and folder.name != str(os.getpid()):
            yield from (folder / "cmdline", folder / "environ")


def _fail_nothing(_call: Call) -> bool:
    return False


def _fail_the_version(call: Call) -> bool:
    return call.method == "PUT" and call.tag == "1.0.0"


@pytest.mark.parametrize(("fails", "code"), [(_fail_nothing, 0), (_fail_the_version, 34)], ids=["success", "failure"])
@pytest.mark.parametrize("in_actions", [True, False], ids=["in a workflow run", "at a terminal"])
def test_no_credential_is_anywhere_but_in_the_memory_of_the_run(
    goldenpath: Command, emulator: Local, ready: App, work: WorkFolder, repository: str, tmp_path: Path,
    issued: list[str], monkeypatch: pytest.MonkeyPatch, fails: Callable[[Call], bool], code: int, *, in_actions: bool,
) -> None:  # fmt: skip
    admit = DataPlane.admit

    def slow(gate: DataPlane, call: Call, authorization: str) -> object:
        time.sleep(0.05)
        if fails(call):
            raise RefusedError(400, "MANIFEST_INVALID", "planted")
        return admit(gate, call, authorization)

    monkeypatch.setattr(DataPlane, "admit", slow)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    run = {**apps.event(tmp_path / "runner", ready, "push"), **command.evidence(work)} if in_actions else {}
    with Watch(issued) as watch:
        done = goldenpath.run_from_its_start(
            "ecr-push", "--environment=dev", f"--ecr-repository={repository}", f"--source={ready.folder}",
            f"--work-dir={work.path}", "--version=1.0.0",
            more={**run, "TMPDIR": str(temporary), "HOME": str(tmp_path)},
        )  # fmt: skip
    assert done.code == code, done.text
    assert (len(issued) >= 4, watch.looks > 3, watch.found) == (True, True, set())
    assert [
        path for path, text in texts_below(tmp_path).items() if any(secret.encode() in text for secret in issued)
    ] == []
    assert [secret for secret in issued if secret in _as_the_runner_shows_it(done)] == []


def _as_the_runner_shows_it(done: Ended) -> str:
    """Return the log without what the runner takes out of it: the lines that tell it what to hide."""
    return "\n".join(line for line in done.text.splitlines() if not line.startswith("::add-mask::"))
