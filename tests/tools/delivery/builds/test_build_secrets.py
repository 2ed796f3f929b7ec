"""Real builds with secrets: a RUN step reads them, nothing else does, and an image that holds one is stopped."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.tools.command import texts_below

from goldenpath.local.engine import debian
from goldenpath.local.images import base_images
from goldenpath.shared.errors import BuildFailed, SecretInImage

if TYPE_CHECKING:
    from tests.tools.apps import App
    from tests.tools.command import Command, Ended

    from goldenpath.delivery.model.work_folder import WorkFolder

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(not debian.may_install(), reason="a stand-in base image needs root on Debian or Ubuntu"),
]

MOUNTS = "--mount=type=secret,id=npm,required=true --mount=type=secret,id=rc,target=/rc,required=true"


def build(goldenpath: Command, app: App, work: WorkFolder, *words: str, **more: str) -> Ended:
    base = base_images.python_base(print).build_context
    where = (f"--source={app.folder}", f"--work-dir={work.path}", "--environment=dev", f"--build-contexts=base={base}")
    return goldenpath.run("build", *where, *words, more=more)


def test_a_run_step_reads_secrets_and_nothing_keeps_them(
    goldenpath: Command, app: App, work: WorkFolder, tmp_path: Path
) -> None:
    token, content = secrets.token_hex(16), f"line one\n{secrets.token_hex(16)}\n"
    (tmp_path / "a, b").write_text(content)
    # Compared in halves: the Dockerfile is no place for the whole.
    halves = f'"{token[:16]}""{token[16:]}"'
    compared = f'test "$(cat /run/secrets/npm)" = {halves} && test $(wc -l < /rc) = 2 && echo > /made'
    app.write("Dockerfile", f"FROM base\nRUN {MOUNTS} {compared}\n").save()
    file = f'--secret=id=rc,"src={tmp_path / "a, b"}"'
    ended = build(goldenpath, app, work, file, "--secret=id=npm,env=NPM", NPM=token).ok()
    assert token not in ended.text
    held = texts_below(work.path)
    assert held
    assert not [path for path, text in held.items() if token.encode() in text or content.encode() in text]


def test_an_image_that_keeps_a_secret_in_a_hidden_layer_is_deleted(
    goldenpath: Command, app: App, work: WorkFolder
) -> None:
    token = secrets.token_hex(16)
    # A step of its own for each run: the cache of this builder outlives it, and does not depend on the secret.
    step = f"RUN --mount=type=secret,id=npm echo {secrets.token_hex(4)} && base64 /run/secrets/npm > /root/.npmrc"
    app.write("Dockerfile", f"FROM base\n{step}\nRUN rm /root/.npmrc\n").save()
    ended = build(goldenpath, app, work, BUILD_SECRETS=f"npm={token}")
    assert ended.code == SecretInImage.exit_code
    assert "npm: root/.npmrc in layer sha256:" in ended.text
    assert "(in base64)" in ended.text
    assert "the cache of" in ended.error["fix"]
    assert token not in ended.text
    assert not work.layout.exists()
    assert not work.candidate.exists()


def test_a_required_secret_that_nobody_gave_is_named(goldenpath: Command, app: App, work: WorkFolder) -> None:
    app.write("Dockerfile", f"FROM base\nRUN {MOUNTS} echo {secrets.token_hex(4)}\n").save()
    ended = build(goldenpath, app, work, BUILD_SECRETS="npm=\n")
    assert ended.code == BuildFailed.exit_code
    assert "The build needs the secret npm, and this run has none" in ended.text


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Path]:
    """A socket on which an SSH agent would listen."""
    path = tmp_path / "agent"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        yield path


def test_an_ssh_mount_has_a_socket(goldenpath: Command, app: App, work: WorkFolder, agent: Path) -> None:
    step = f"RUN --mount=type=ssh,required=true test -S $SSH_AUTH_SOCK && echo {secrets.token_hex(4)} > /made"
    app.write("Dockerfile", f"FROM base\n{step}\n").save()
    missing = build(goldenpath, app, work)
    assert "The build needs the SSH agent or key default, and this run has none" in missing.text
    build(goldenpath, app, work, "--ssh=default", SSH_AUTH_SOCK=str(agent)).ok()
    key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    app.write("Dockerfile", f"FROM base\n{step}2\n").save()
    build(goldenpath, app, work, BUILD_SSH_KEY=key.strip()).ok()
