from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.builds import frontends
from goldenpath.delivery.builds.buildx import BuildOrder
from goldenpath.delivery.model.build_secrets import BuildSecret
from goldenpath.delivery.rules import matrix
from goldenpath.shared.errors import FrontendRefused
from tests.unit import run_builder

if TYPE_CHECKING:
    from goldenpath.delivery.builds.frontends import FrontendChoice

FOREIGN = "ghcr.io/acme/frontend:1"


def settled(
    folder: Path, dockerfile: str, environment: str = "prod", **arguments: str
) -> tuple[FrontendChoice, list[str]]:
    """Return what became of an app with this Dockerfile and these build arguments, and what was said."""
    app, copies = folder / "app", folder / "copies"
    app.mkdir(exist_ok=True)
    (app / "Dockerfile").write_bytes(dockerfile.encode())
    said: list[str] = []
    order = BuildOrder(app, app / "Dockerfile", 0, build_args=tuple(arguments.items()))
    return frontends.choose(run_builder.run(folder, environment, say=said.append), order, copies), said


def test_a_dockerfile_without_a_frontend_is_built_as_it_is(tmp_path: Path) -> None:
    found, said = settled(tmp_path, "FROM scratch\n", A="1")
    assert found.order.dockerfile == tmp_path / "copies" / "Dockerfile"
    assert found.order.dockerfile.read_text() == "FROM scratch\n"
    assert (found.order.build_args, found.images, found.warnings, said) == ((("A", "1"),), (), (), [])


def test_dockers_own_frontend_is_the_one_inside_buildkit_and_warns_nobody(tmp_path: Path) -> None:
    found, said = settled(tmp_path, "# syntax=docker/dockerfile:1.7\nFROM scratch\n")
    assert found.order.dockerfile.read_text() == "#\nFROM scratch\n"
    assert (found.images, found.warnings) == ((), ())
    assert said == ["docker/dockerfile:1.7 (line 1 of Dockerfile) is inside BuildKit 0.34.0: not pulled"]


def test_dockers_own_frontend_as_a_build_argument_is_the_one_inside_buildkit(tmp_path: Path) -> None:
    found, _ = settled(tmp_path, "FROM scratch\n", A="1", BUILDKIT_SYNTAX=" docker/dockerfile:1 ")
    assert (found.order.build_args, found.images, found.warnings) == ((("A", "1"),), (), ())


def test_another_channel_of_dockers_frontend_runs_as_an_image(tmp_path: Path) -> None:
    text = "# syntax=docker/dockerfile:1-labs\nFROM scratch\n"
    found, said = settled(tmp_path, text)
    assert (found.order.dockerfile.read_text(), found.warnings, said) == (text, (), [])
    assert found.images == ("docker/dockerfile:1-labs",)


def test_dockers_frontend_in_a_form_that_cannot_be_left_out_runs_as_an_image(tmp_path: Path) -> None:
    text = "// syntax=docker/dockerfile:1\nFROM scratch\n"
    found, said = settled(tmp_path, text)
    assert (found.order.dockerfile.read_text(), found.images, said) == (text, ("docker/dockerfile:1",), [])


def test_a_foreign_frontend_is_refused_where_gates_block(tmp_path: Path) -> None:
    with pytest.raises(FrontendRefused) as caught:
        settled(tmp_path, f"# escape=`\n# syntax={FOREIGN}\nFROM scratch\n", "test")
    assert str(caught.value) == (
        "Line 2 of Dockerfile names the frontend 'ghcr.io/acme/frontend:1', which test does not allow. A frontend is a "
        "program that runs in the builder and decides what is built; the platform allows docker.io/docker/dockerfile. "
        "Write `# syntax=docker/dockerfile:1` there, or delete the line; or ask the platform team to list it under "
        "`frontends` (docs/policy.md)."
    )


def test_a_foreign_frontend_as_a_build_argument_is_refused_though_the_dockerfile_names_dockers(tmp_path: Path) -> None:
    with pytest.raises(FrontendRefused) as caught:
        settled(tmp_path, "# syntax=docker/dockerfile:1\nFROM scratch\n", BUILDKIT_SYNTAX=FOREIGN)
    assert caught.value.what.startswith("The build argument BUILDKIT_SYNTAX names the frontend")
    assert caught.value.fix.startswith("Leave it out; or ask")


def test_a_foreign_frontend_in_the_dockerfile_is_refused_though_an_argument_takes_its_place(tmp_path: Path) -> None:
    with pytest.raises(FrontendRefused):
        settled(tmp_path, f"# syntax={FOREIGN}\nFROM scratch\n", BUILDKIT_SYNTAX="docker/dockerfile:1")


def test_an_argument_for_dockers_frontend_takes_the_place_of_a_foreign_one_for_dev(tmp_path: Path) -> None:
    text = f"# syntax={FOREIGN}\nFROM scratch\n"
    found, _ = settled(tmp_path, text, "dev", BUILDKIT_SYNTAX="docker/dockerfile:1")
    assert found.order.dockerfile.read_text() == "#\nFROM scratch\n"
    assert (found.order.build_args, found.images, found.warnings) == ((), (), ())


@pytest.mark.parametrize("environment", ["local", "dev"])
def test_a_foreign_frontend_is_a_warning_where_gates_advise(tmp_path: Path, environment: str) -> None:
    text = f"# syntax={FOREIGN}\nFROM scratch\n"
    found, _ = settled(tmp_path, text, environment)
    assert found.order.dockerfile.read_text() == text
    assert found.images == (FOREIGN,)
    (warning,) = found.warnings
    assert warning == (
        "Line 1 of Dockerfile names the frontend 'ghcr.io/acme/frontend:1': an image that runs in the builder and "
        "decides what is built. Environments whose gates block may refuse it"
    )


def test_a_foreign_frontend_that_is_given_secrets_is_said_to_read_them(tmp_path: Path) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(f"# syntax={FOREIGN}\nFROM scratch\n")
    order = BuildOrder(tmp_path, dockerfile, 0, secrets=(BuildSecret("npm", b"x"),))
    found = frontends.choose(run_builder.run(tmp_path, "dev"), order, tmp_path / "copies")
    assert found.order.secrets == order.secrets
    assert "decides what is built. It can read the secrets of this build. Environments" in found.warnings[0]


def test_the_ignore_file_of_a_dockerfile_goes_with_it(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile.dockerignore").write_text("secret\n")
    found, _ = settled(tmp_path, "FROM scratch\n")
    assert found.order.dockerfile.with_name("Dockerfile.dockerignore").read_text() == "secret\n"


def test_an_image_that_a_foreign_frontend_read_for_dev_is_not_released_to_prod() -> None:
    prod, dev = (matrix.load().environment(name) for name in ("prod", "dev"))
    frontends.require_allowed((FOREIGN,), dev)
    frontends.require_allowed(("docker/dockerfile:1-labs",), prod)
    with pytest.raises(FrontendRefused) as caught:
        frontends.require_allowed(("docker/dockerfile:1-labs", FOREIGN), prod)
    assert str(caught.value) == (
        "The build of this image names the frontend 'ghcr.io/acme/frontend:1', which prod does not allow. A frontend "
        "is a program that runs in the builder and decides what is built; the platform allows "
        "docker.io/docker/dockerfile. Build it again for this environment, with another frontend; or ask the platform "
        "team to list it under "
        "`frontends` (docs/policy.md)."
    )
