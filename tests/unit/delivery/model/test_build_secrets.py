"""How secrets of a build are named, at a terminal and in a workflow; no message shows what was given."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from goldenpath.delivery.model import build_secrets, inputs
from goldenpath.delivery.model.build_secrets import BuildSecret, SecretSource, SshSource

TOKEN = "tok3n-of-the-Registry"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("raw", "secrets"),
    [
        (f"npm={TOKEN}", {"npm": TOKEN}),
        (f"\n npm ={TOKEN}\r\npip=a=b<<c\n\n", {"npm": TOKEN, "pip": "a=b<<c"}),
        ("npm=", {"npm": ""}),
        ("npm= x ", {"npm": " x "}),
        ("rc<<END\na=1\n\nb\nEND\nnpm=x", {"rc": "a=1\n\nb\n", "npm": "x"}),
        ("rc<<END\r\na\r\nEND\r\n", {"rc": "a\n"}),
        ("GIT_AUTH_TOKEN.github.com=x", {"GIT_AUTH_TOKEN.github.com": "x"}),
    ],
)
def test_secrets_of_a_workflow_are_lines(raw: str, secrets: dict[str, str]) -> None:
    assert build_secrets.values(raw) == tuple(BuildSecret(name, text.encode()) for name, text in secrets.items())


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (TOKEN, "line 1 is not NAME=value"),
        (f"npm=x\n{TOKEN}", "line 2 is not NAME=value"),
        (f'"npm={TOKEN}"', "line 1 names no secret"),
        (f"={TOKEN}", "line 1 names no secret"),
        (f"a,src=/etc/passwd={TOKEN}", "line 1 names no secret"),
        (f"npm={TOKEN}\nnpm={TOKEN}", "npm is named twice"),
        (f"rc<<END\n{TOKEN}", "the value that begins in line 1 has no end"),
        (f"rc<<\n{TOKEN}\n\n", "the word behind << in line 1 is shorter than 3 characters"),
    ],
)
def test_a_line_that_is_none_is_named_and_not_shown(raw: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        build_secrets.values(raw)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "source"),
    [
        ("id=npm,env=NPM_TOKEN", SecretSource("npm", variable="NPM_TOKEN")),
        ("id=npm,src=a b.txt", SecretSource("npm", file="a b.txt")),
        ("type=file,id=npm,source=/x", SecretSource("npm", file="/x")),
        ("id=npm,type=env,src=NPM_TOKEN", SecretSource("npm", variable="NPM_TOKEN")),
        ('id=npm,"src=/a,b"', SecretSource("npm", file="/a,b")),
        ("id=npm", SecretSource("npm")),
    ],
)
def test_secrets_at_a_terminal_are_named_as_docker_names_them(raw: str, source: SecretSource) -> None:
    assert build_secrets.sources(f"{raw}\n") == (source,)


@pytest.mark.parametrize(
    "raw",
    [TOKEN, f"npm={TOKEN}", f"id=npm,value={TOKEN}", "src=/x", "id=npm,env=A,src=b", "id=npm,env=", "id=a b,env=C",
     "id=npm,type=x,src=y", "id=npm,type=file,env=A", "id=a,env=A\nid=a,env=B"],
)  # fmt: skip
def test_another_form_is_refused_and_not_shown(raw: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        build_secrets.sources(raw)
    assert TOKEN not in str(caught.value)


def test_ssh_is_named_as_docker_names_it() -> None:
    assert build_secrets.ssh_sources("default\nwork=/run/agent.sock\nkeys=a,b") == (
        SshSource("default"), SshSource("work", ("/run/agent.sock",)), SshSource("keys", ("a", "b")),
    )  # fmt: skip
    with pytest.raises(ValueError, match="names no secret"):
        build_secrets.ssh_sources("=/run/agent.sock")


@pytest.mark.parametrize("raw", ["default=", "work= ", "keys=,"])
def test_ssh_without_the_path_that_it_announces_is_not_the_agent(raw: str) -> None:
    with pytest.raises(ValueError, match="leave it out to use this user's agent"):
        build_secrets.ssh_sources(raw)


@pytest.mark.parametrize("ending", ["", "\n", "\n\n"])
def test_a_key_ends_with_a_line_as_openssh_wants_it(ending: str) -> None:
    assert build_secrets.ssh_key(KEY.replace("\n", "\r\n") + ending) == KEY + "\n"


@pytest.mark.parametrize("raw", [TOKEN, "ssh-ed25519 AAAA", KEY.replace("PRIVATE", "PUBLIC")])
def test_what_is_no_private_key_is_refused_and_not_shown(raw: str) -> None:
    with pytest.raises(ValueError, match="it is no private key") as caught:
        build_secrets.ssh_key(raw)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "made",
    [
        lambda: BuildSecret("npm", TOKEN.encode()),
        lambda: inputs.read((inputs.BUILD_SECRETS,), {"build_secrets": f"npm={TOKEN}"}),
        lambda: inputs.read((inputs.BUILD_SSH_KEY,), {"build_ssh_key": KEY.replace("AAAA", TOKEN)}),
    ],
)
def test_a_value_is_not_in_what_python_prints_of_it(made: Callable[[], object]) -> None:
    assert TOKEN not in repr(made())
