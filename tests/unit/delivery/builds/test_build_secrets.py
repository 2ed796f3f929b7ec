"""The build's secrets from the caller to the build: masked, in no record, and explained where one is missing."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.builds import build_secrets
from goldenpath.delivery.builds.build_secrets import GivenSecrets
from goldenpath.delivery.builds.buildx import BuildOrder
from goldenpath.delivery.model.build_secrets import BuildSecret, SecretSource, SshSource
from goldenpath.shared.errors import BadInput, SecretInImage
from goldenpath.shared.runner import Runner
from tests.unit import run_builder
from tests.unit.layout_builder import layout

TOKEN = "npm_Ab3dEf6hIj9lMn2pQr5t"
KEY = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{TOKEN * 2}\n-----END OPENSSH PRIVATE KEY-----\n"
NPM = BuildSecret("npm", TOKEN.encode())
SHORT = (
    "The build secret npm has fewer than 8 characters: it is neither hidden in the log nor searched for in the image"
)
IN_ACTIONS = Runner(in_actions=True)


def given(folder: Path, **request: Any) -> GivenSecrets:  # noqa: ANN401  fields of a request
    with build_secrets.collected(run_builder.run(folder, **request)) as found:
        return found


def order(**changed: Any) -> BuildOrder:  # noqa: ANN401  fields of an order
    return BuildOrder(Path("/app"), Path("/app/Dockerfile"), 0, **changed)


def test_a_run_without_secrets_has_none(tmp_path: Path) -> None:
    assert given(tmp_path) == GivenSecrets()
    assert build_secrets.with_secrets(order(), GivenSecrets()) == order()
    assert build_secrets.require_absent(GivenSecrets(), layout(tmp_path / "image")) == ()


def test_secrets_come_from_lines_variables_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_TOKEN", "from-a-variable")
    monkeypatch.setenv("gem", "by-its-own-name")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rc").write_bytes(b"from-a-file\n")
    sources = (SecretSource("pip", variable="PIP_TOKEN"), SecretSource("rc", file="rc"), SecretSource("gem"))
    found = given(tmp_path, build_secrets=(NPM,), secret=sources)
    assert found.secrets == found.searched == (
        NPM, BuildSecret("pip", b"from-a-variable"), BuildSecret("rc", b"from-a-file\n", tmp_path / "rc"),
        BuildSecret("gem", b"by-its-own-name"),
    )  # fmt: skip
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("request_", "what", "why"),
    [
        ({"secret": (SecretSource("npm", variable="NOWHERE"),)}, "npm", "The variable NOWHERE is not set"),
        ({"secret": (SecretSource("npm", file="/nowhere/x"),)}, "npm", "/nowhere/x: No such file or directory"),
        ({"secret": (SecretSource("npm", file="/"),)}, "npm", "/: Is a directory"),
        ({"build_secrets": (NPM,), "secret": (SecretSource("npm", variable="PATH"),)}, "npm", "both give it"),
        ({"build_secrets": (BuildSecret("npm", b"a\0b"),)}, "npm", "zero byte"),
        ({"build_secrets": (BuildSecret("npm", b"a" * (128 << 10)),)}, "npm", "larger than 127 KiB"),
        ({"secret": (SecretSource("npm", file="/dev/zero"),)}, "npm", "larger than 127 KiB"),
        ({"ssh": (SshSource("default"),)}, "ssh default", "No SSH agent runs here"),
        ({"ssh": (SshSource("x", ("/nowhere/s",)),)}, "ssh x", "/nowhere/s: No such file or directory"),
        ({"ssh": (SshSource("x", ("y" * 300,)),)}, "ssh x", "File name too long"),
        ({"secret": (SecretSource("npm", file="y" * 300),)}, "npm", "File name too long"),
        ({"secret": (SecretSource("npm", file="~nobody-here/x"),)}, "npm", "~nobody-here/x: Could not determine home"),
        ({"ssh": (SshSource("default", ("/etc/passwd",)),), "build_ssh_key": KEY}, "default", "both give it"),
    ],
)
def test_a_secret_that_cannot_be_read_is_a_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request_: dict[str, Any], what: str, why: str
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(BadInput) as caught:
        given(tmp_path, **request_)
    assert caught.value.what == f"The build secret {what} cannot be used"
    assert why in caught.value.why


def test_what_can_be_read_once_is_passed_on_by_its_content(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"from-a-pipe")
    os.close(writing)
    found = given(tmp_path, secret=(SecretSource("npm", file=f"/dev/fd/{reading}"),))
    os.close(reading)
    assert found.secrets == (BuildSecret("npm", b"from-a-pipe"),)


def test_in_a_workflow_run_each_line_is_masked_before_anything_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    several = BuildSecret("rc", b"user=bob\n//host/:_authToken=x100%\n")
    given(tmp_path, build_secrets=(NPM, several), runner=IN_ACTIONS)
    assert capsys.readouterr().out.splitlines() == [
        f"::add-mask::{TOKEN}", "::add-mask::user=bob", "::add-mask:://host/:_authToken=x100%25",
    ]  # fmt: skip


def test_a_line_whose_mask_would_hide_every_output_is_refused_in_a_workflow_run(tmp_path: Path) -> None:
    secret = BuildSecret("gcp", b'{\n  "key": "abc"\n}\n')
    assert given(tmp_path, build_secrets=(secret,)).secrets == (secret,)
    with pytest.raises(BadInput, match="The build secret gcp has a line of fewer than 4 characters"):
        given(tmp_path, build_secrets=(secret,), runner=IN_ACTIONS)


@pytest.mark.parametrize(
    ("value", "warning"),
    [
        (b"", "The build secret npm is empty here, so the build does not get it"),
        (b" \n", "The build secret npm is empty here, so the build does not get it"),
        (b"bob", SHORT),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
         "The build secret npm holds only public certificates: it is not searched for in the image"),
    ],
)  # fmt: skip
def test_what_is_not_protected_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], value: bytes, warning: str
) -> None:
    found = given(tmp_path, build_secrets=(BuildSecret("npm", value),), runner=IN_ACTIONS)
    assert found.warnings == (warning,)
    assert bool(found.secrets) is bool(value.strip())
    assert "bob" not in capsys.readouterr().out


def test_a_key_is_in_a_private_file_while_it_is_built(tmp_path: Path) -> None:
    with build_secrets.collected(run_builder.run(tmp_path, build_ssh_key=KEY)) as found:
        (forwarded,) = found.ssh
        file = Path(forwarded.paths[0])
        assert (forwarded.id, file.read_text(), file.stat().st_mode & 0o777) == ("default", KEY, 0o600)
        assert file.parent.stat().st_mode & 0o777 == 0o700
        assert (found.secrets, [each.value for each in found.searched]) == ((), [KEY.encode()])
    assert not file.parent.exists()


def test_an_agent_is_forwarded_and_a_key_file_is_searched_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("key").write_text(KEY)
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind("agent")
        monkeypatch.setenv("SSH_AUTH_SOCK", "agent")
        found = given(tmp_path, ssh=(SshSource("default"), SshSource("work", ("key",))))
    assert found.ssh == (
        SshSource("default", (str(tmp_path / "agent"),)), SshSource("work", (str(tmp_path / "key"),)),
    )  # fmt: skip
    assert [each.value for each in found.searched] == [KEY.encode()]


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"build_args": (("A", "1"), ("TOKEN", f"x{TOKEN}"))}, "The build argument TOKEN"),
        ({"labels": {"l": TOKEN}}, "The label l"),
    ],
)
def test_a_secret_in_what_is_recorded_is_refused(tmp_path: Path, changed: dict[str, Any], place: str) -> None:
    with pytest.raises(BadInput) as caught:
        build_secrets.with_secrets(order(**changed), given(tmp_path, build_secrets=(NPM,)))
    assert caught.value.what == f"{place} holds the build secret npm (as it is)"
    assert TOKEN not in str(caught.value)


def test_an_image_that_holds_a_secret_is_deleted_and_the_value_is_not_told(tmp_path: Path) -> None:
    from tests.unit.delivery.secrets.test_secret_search import layout as image_of  # noqa: PLC0415  its layers are real archives

    image = image_of(tmp_path / "image", {"app/x": TOKEN.encode(), f"{TOKEN}": b""}, config=TOKEN.encode())
    with pytest.raises(SecretInImage) as caught:
        build_secrets.require_absent(given(tmp_path, build_secrets=(NPM,)), image)
    (layer,) = image_of(tmp_path / "again", {"app/x": TOKEN.encode(), f"{TOKEN}": b""}).images()[0].manifest.layers
    assert caught.value.what == "The image holds a secret that its build was given: npm"
    assert caught.value.why == (
        f"npm: app/x in layer {layer.digest} (as it is); npm: *** in layer {layer.digest} (as it is); "
        "npm: the image configuration (as it is)"
    )
    assert not image.path.exists()
