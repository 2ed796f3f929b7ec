# A double answers with whatever its test says.
# ruff: noqa: ANN401

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from goldenpath.delivery.builds import builder
from goldenpath.shared import pins, process
from goldenpath.shared.errors import EngineMissing, SecretInImage, ToolFailed
from tests.unit.program_double import ProgramDouble, ended, program

if TYPE_CHECKING:
    from goldenpath.delivery.builds.builder import Builder

BUILDX = program("buildx")
DIGEST = "sha256:b059f8d7226d0b326bc871af489a5dddf65e36af4d20d14251b072974d9ee87c"
UNKNOWN, DONE = ended(code=1), ended()
CONFIG = '[frontend."gateway.v0"]\n  allowedRepositories = ["docker.io/docker/dockerfile"]\n'
ALLOWED = ("docker.io/docker/dockerfile",)


@pytest.fixture(autouse=True)
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of buildx's own settings, in an environment that names no builder."""
    for name in ("GOLDENPATH_BUILDKIT", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "BUILDX_BUILDER"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BUILDX_CONFIG", str(tmp_path))
    return tmp_path


def doubled(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> ProgramDouble:
    double = ProgramDouble(list(answers))
    monkeypatch.setattr(process, "run", double)
    return double


def shown(driver: str = "docker-container", version: str = "v0.34.0") -> Any:
    return ended(f"Name: b\nDriver:        {driver}\n\nNodes:\nBuildKit version: {version}\nPlatforms: linux/amd64\n")


def provided(*, keep: bool = False, frontends: tuple[str, ...] | None = ALLOWED) -> Builder:
    with builder.provide(BUILDX, lambda _: None, frontends=frontends, keep=keep) as found:
        return found


def verbs(double: ProgramDouble) -> list[str]:
    return [" ".join(word for word in call[1:] if not word.startswith("goldenpath-")) for call in double.calls]


def test_the_pinned_image_and_the_pinned_program_are_one_version() -> None:
    table = {tool.name: tool for tool in pins.load()}
    assert table["buildkitd"].version == table["buildctl"].version == builder.pinned_version() == "0.34.0"
    assert table["buildkitd"].image == pins.PinnedImage(
        "0.34.0", DIGEST, ("docker.io/moby/buildkit", "mirror.gcr.io/moby/buildkit")
    )


def test_a_workflow_run_has_a_container_of_its_own_that_goes_with_the_build(
    monkeypatch: pytest.MonkeyPatch, config: Path
) -> None:
    double = doubled(monkeypatch, UNKNOWN, DONE, shown(), DONE)
    with builder.provide(BUILDX, lambda _: None, frontends=ALLOWED, keep=False) as found:
        name = found.name
        assert (config / f"{name}.toml").read_text() == CONFIG
    assert [call[1:] for call in double.calls] == [
        ("inspect", name),
        ("create", f"--name={name}", "--driver=docker-container", f"--buildkitd-config={config}/{name}.toml",
         f"--driver-opt=image=docker.io/moby/buildkit@{DIGEST}"),
        ("inspect", "--bootstrap", name),
        ("rm", name),
    ]  # fmt: skip
    assert found.description == "buildx 1.0, BuildKit 0.34.0, docker-container driver"
    assert found.is_pinned
    assert list(config.iterdir()) == []


def test_a_cache_that_holds_a_secret_is_not_kept_at_a_terminal_either(monkeypatch: pytest.MonkeyPatch) -> None:
    double = doubled(monkeypatch, UNKNOWN, DONE, shown(), DONE)
    with pytest.raises(SecretInImage), builder.provide(BUILDX, lambda _: None, frontends=ALLOWED, keep=True):
        raise SecretInImage("the image holds a secret", fix="f")
    assert verbs(double)[-1].startswith("rm")


@pytest.mark.parametrize(("variable", "value"), [("BUILDX_BUILDER", "mine"), ("GOLDENPATH_BUILDKIT", "tcp://b:1234")])
def test_a_cache_of_the_users_that_holds_a_secret_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    double = doubled(monkeypatch, shown(), shown())
    with (
        pytest.raises(SecretInImage, match=f"Empty the cache of the .*{value}"),
        builder.provide(BUILDX, lambda _: None, frontends=ALLOWED, keep=True),
    ):
        raise SecretInImage("the image holds a secret", fix="f")
    assert [call[1] for call in double.calls] == ["inspect"]


def test_a_terminal_keeps_its_container_and_takes_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    double = doubled(monkeypatch, UNKNOWN, DONE, shown(), DONE, shown())
    first, again = provided(keep=True), provided(keep=True)
    assert first == again
    assert verbs(double)[3:] == ["inspect", "inspect --bootstrap"]


def test_each_engine_has_a_container_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    doubled(monkeypatch, UNKNOWN, DONE, shown(), UNKNOWN, DONE, shown())
    here = provided(keep=True)
    monkeypatch.setenv("DOCKER_HOST", "tcp://build:2375")
    there = provided(keep=True)
    assert here.name != there.name
    assert here.name.rpartition("-")[0] == there.name.rpartition("-")[0]


def test_a_kept_container_that_does_not_start_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    double = doubled(monkeypatch, DONE, ToolFailed("x", fix="f"), DONE, DONE, shown())
    provided(keep=True)
    assert [verb.split()[0] for verb in verbs(double)] == ["inspect", "inspect", "rm", "create", "inspect"]


def test_the_containers_of_an_older_version_are_removed_and_no_others(
    monkeypatch: pytest.MonkeyPatch, config: Path
) -> None:
    for name in ("goldenpath-01234567-89abcdef", "goldenpath-0123456789ab", "mine"):
        (config / f"{name}.toml").touch()
    double = doubled(monkeypatch, UNKNOWN, DONE, DONE, shown())
    provided(keep=True)
    assert double.calls[1][1:] == ("rm", "goldenpath-01234567-89abcdef")


def test_where_any_frontend_may_run_buildkit_is_told_of_none(monkeypatch: pytest.MonkeyPatch, config: Path) -> None:
    doubled(monkeypatch, UNKNOWN, DONE, shown())
    provided(keep=True, frontends=None)
    assert [file.read_text() for file in config.iterdir()] == [""]


def test_where_docker_hub_refuses_the_mirror_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = ToolFailed("x", why="toomanyrequests: You have reached your unauthenticated pull rate limit", fix="f")
    double = doubled(monkeypatch, UNKNOWN, DONE, limit, DONE, DONE, shown(), DONE)
    provided()
    assert double.calls[4][5] == f"--driver-opt=image=mirror.gcr.io/moby/buildkit@{DIGEST}"


def test_an_image_that_cannot_be_pulled_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    limit, silent = (ToolFailed("x", why=why, fix="f") for why in ("toomanyrequests: limit", "no such host"))
    doubled(monkeypatch, UNKNOWN, DONE, limit, DONE, DONE, silent, DONE, DONE)
    with pytest.raises(EngineMissing) as caught:
        provided()
    assert str(caught.value) == (
        "BuildKit could not be started in a container. toomanyrequests: limit\nno such host. Where the image cannot be "
        "pulled, log in with `docker login`, or name a copy of it that this machine can reach: "
        f"GOLDENPATH_BUILDKIT=docker-image://<registry>/moby/buildkit@{DIGEST}; docs/workflow.md lists the ways."
    )


@pytest.mark.parametrize(
    "why",
    [
        "failed to connect to the docker API at unix:///var/run/docker.sock",
        "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock",
        "Cannot connect to the Docker daemon at tcp://build:2375. Is the docker daemon running?",
    ],
)
def test_without_an_engine_it_is_said_what_to_start(monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    double = doubled(monkeypatch, UNKNOWN, ToolFailed("x", why=why, fix="f"), DONE, DONE)
    with pytest.raises(EngineMissing) as caught:
        provided()
    assert str(caught.value) == (
        f"There is nothing to build the image with. {why}. Start Docker (or set DOCKER_HOST to a running engine), let "
        "this user use it, then run again."
    )
    assert verbs(double)[-1] == "rm"


def test_the_container_is_removed_when_the_build_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    double = doubled(monkeypatch, UNKNOWN, DONE, shown(), DONE)
    with (
        pytest.raises(KeyboardInterrupt),
        builder.provide(BUILDX, lambda _: None, frontends=ALLOWED, keep=False),
    ):
        raise KeyboardInterrupt
    assert verbs(double)[-1] == "rm"


def test_an_image_of_the_users_own_takes_the_place_of_the_pinned_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDENPATH_BUILDKIT", f"docker-image://mirror.example.com/hub/moby/buildkit@{DIGEST}")
    double = doubled(monkeypatch, UNKNOWN, DONE, shown(), DONE)
    provided()
    assert double.calls[1][5] == f"--driver-opt=image=mirror.example.com/hub/moby/buildkit@{DIGEST}"


def test_buildkit_reaches_registries_by_the_proxies_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "localhost,.example.com")
    double = doubled(monkeypatch, UNKNOWN, DONE, shown(), DONE)
    provided()
    assert double.calls[1][6:] == (
        "--driver-opt=env.HTTPS_PROXY=http://proxy:3128", '--driver-opt="env.NO_PROXY=localhost,.example.com"',
    )  # fmt: skip


def test_a_builder_that_the_user_names_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILDX_BUILDER", "mine")
    double = doubled(monkeypatch, shown("kubernetes", "v0.30.1"))
    found = provided()
    assert (found.name, found.driver, found.version, found.is_pinned) == ("mine", "kubernetes", "0.30.1", False)
    assert verbs(double) == ["inspect mine"]


def test_a_named_builder_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILDX_BUILDER", "gone")
    doubled(monkeypatch, ended(code=1, stderr='ERROR: no builder "gone" found'))
    with pytest.raises(EngineMissing, match='no builder "gone" found'):
        provided()


def test_a_buildkit_that_was_named_is_used_and_made_known_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDENPATH_BUILDKIT", "tcp://127.0.0.1:1234")
    double = doubled(monkeypatch, UNKNOWN, DONE, shown("remote"), shown("remote"))
    first, again = provided(), provided()
    assert first == again
    assert first.driver == "remote"
    assert [call[1:] for call in double.calls][:3] == [
        ("inspect", first.name), ("create", f"--name={first.name}", "--driver=remote", "tcp://127.0.0.1:1234"),
        ("inspect", first.name),
    ]  # fmt: skip
    assert len(double.calls) == 4


def test_a_buildkit_whose_socket_is_not_there_is_told_by_its_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOLDENPATH_BUILDKIT", f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(EngineMissing) as caught:
        provided()
    assert caught.value.what == f"No BuildKit listens at unix://{tmp_path}/nobody.sock"
