from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.errors import FrontendRefused
from goldenpath.stages import frontends
from goldenpath.tools.buildx import Order
from tests.unit import run_builder

FOREIGN = "ghcr.io/acme/frontend:1"


def settled(
    folder: Path, dockerfile: str, environment: str = "prod", **arguments: str
) -> tuple[Order, tuple[str, ...], list[str]]:
    """Return the order, the warnings and what was said for an app with this Dockerfile and these build arguments."""
    app, copies = folder / "app", folder / "copies"
    app.mkdir(exist_ok=True)
    (app / "Dockerfile").write_bytes(dockerfile.encode())
    said: list[str] = []
    order = Order(app, app / "Dockerfile", 0, build_args=tuple(arguments.items()))
    return *frontends.settled(run_builder.run(folder, environment, say=said.append), order, copies), said


def test_a_dockerfile_without_a_frontend_is_built_as_it_is(tmp_path: Path) -> None:
    order, warnings, said = settled(tmp_path, "FROM scratch\n", A="1")
    assert order.dockerfile == tmp_path / "copies" / "Dockerfile"
    assert order.dockerfile.read_text() == "FROM scratch\n"
    assert (order.build_args, warnings, said) == ((("A", "1"),), (), [])


def test_dockers_own_frontend_is_the_one_inside_buildkit_and_warns_nobody(tmp_path: Path) -> None:
    order, warnings, said = settled(tmp_path, "# syntax=docker/dockerfile:1.7\nFROM scratch\n")
    assert order.dockerfile.read_text() == "#\nFROM scratch\n"
    assert warnings == ()
    assert said == [
        "docker/dockerfile:1.7 (line 1 of Dockerfile) is the frontend inside BuildKit 0.34.0; no image is pulled"
    ]


def test_dockers_own_frontend_as_a_build_argument_is_the_one_inside_buildkit(tmp_path: Path) -> None:
    order, warnings, _ = settled(tmp_path, "FROM scratch\n", A="1", BUILDKIT_SYNTAX=" docker/dockerfile:1 ")
    assert (order.build_args, warnings) == ((("A", "1"),), ())


def test_another_channel_of_dockers_frontend_runs_as_an_image(tmp_path: Path) -> None:
    text = "# syntax=docker/dockerfile:1-labs\nFROM scratch\n"
    order, warnings, said = settled(tmp_path, text)
    assert (order.dockerfile.read_text(), warnings, said) == (text, (), [])


def test_a_foreign_frontend_is_refused_where_gates_block(tmp_path: Path) -> None:
    with pytest.raises(FrontendRefused) as caught:
        settled(tmp_path, f"# escape=`\n# syntax={FOREIGN}\nFROM scratch\n", "test")
    assert str(caught.value) == (
        "line 2 of Dockerfile names the frontend 'ghcr.io/acme/frontend:1', which test does not allow. a frontend is a "
        "program that runs in the builder and decides what is built; the platform allows docker.io/docker/dockerfile. "
        "write `# syntax=docker/dockerfile:1` there, or delete the line; or ask the platform team to list it under "
        "`frontends` (docs/policy.md)."
    )


def test_a_foreign_frontend_as_a_build_argument_is_refused_though_the_dockerfile_names_dockers(tmp_path: Path) -> None:
    with pytest.raises(FrontendRefused) as caught:
        settled(tmp_path, "# syntax=docker/dockerfile:1\nFROM scratch\n", BUILDKIT_SYNTAX=FOREIGN)
    assert caught.value.what.startswith("the build argument BUILDKIT_SYNTAX names the frontend")
    assert caught.value.fix.startswith("leave it out; or ask")


def test_a_foreign_frontend_in_the_dockerfile_is_refused_though_an_argument_takes_its_place(tmp_path: Path) -> None:
    with pytest.raises(FrontendRefused):
        settled(tmp_path, f"# syntax={FOREIGN}\nFROM scratch\n", BUILDKIT_SYNTAX="docker/dockerfile:1")


@pytest.mark.parametrize("environment", ["local", "dev"])
def test_a_foreign_frontend_is_a_warning_where_gates_advise(tmp_path: Path, environment: str) -> None:
    text = f"# syntax={FOREIGN}\nFROM scratch\n"
    order, warnings, _ = settled(tmp_path, text, environment)
    assert order.dockerfile.read_text() == text
    (warning,) = warnings
    assert warning == (
        "line 1 of Dockerfile names the frontend ghcr.io/acme/frontend:1: an image that runs in the builder and "
        "decides what is built. Environments whose gates block may refuse it"
    )


def test_the_ignore_file_of_a_dockerfile_goes_with_it(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile.dockerignore").write_text("secret\n")
    order, _, _ = settled(tmp_path, "FROM scratch\n")
    assert order.dockerfile.with_name("Dockerfile.dockerignore").read_text() == "secret\n"
