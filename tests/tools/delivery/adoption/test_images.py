"""Which images `goldenpath init` delivers, in repositories laid out as public ones are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from tests.tools.delivery.adoption.test_scaffold import SEVERAL
from tests.tools.layouts import EVERYTHING, Layout, given, init, named

from goldenpath.delivery.adoption import scaffold
from goldenpath.shared.errors import BadInput

COPYING = "FROM scratch\nCOPY src /\n"


#                                   files                                                        what it delivers
ONE_IMAGE: dict[str, tuple[dict[str, str] | Sequence[str], dict[str, str]]] = {
    "at the root": (["Dockerfile", "src/main.go"], named()),
    "beside a development container": (["Dockerfile", ".devcontainer/Dockerfile"], named()),
    "nothing but a development container": ([".devcontainer/Dockerfile", "README.md"], named()),
    "nothing but tests": (["tests/Dockerfile", "e2e/Dockerfile", "web-tests/Dockerfile", "test/a/Dockerfile"], named()),
    "nothing but examples, documents and copied code": (
        ["examples/a/Dockerfile", "docs/Dockerfile", "vendor/x/Dockerfile", "node_modules/y/Dockerfile"], named()),
    "hidden folders of other programs": ([".github/actions/lint/Dockerfile", ".ci/Dockerfile"], named()),
    "its folder of Dockerfiles": (["docker/Dockerfile", "src/main.go"], named("docker/Dockerfile")),
    "its only service": (["services/api/Dockerfile", "services/api/main.go", "tests/Dockerfile"],
                         named("services/api/Dockerfile", "services/api")),
    "a service that copies from the root": (
        {"services/api/Dockerfile": "FROM scratch\nCOPY go.mod services/api /\n", "go.mod": ""},
        named("services/api/Dockerfile")),
    "a Containerfile": (["Containerfile"], named("Containerfile")),
    "a Dockerfile with its own ignore file": (["Dockerfile", "Dockerfile.dockerignore"], named()),
    "only one for production": (["Dockerfile.prod", "Dockerfile.dev", "Dockerfile.prod.dockerignore"],
                                named("Dockerfile.prod")),
    "one for production in a folder": (["docker/prod.Dockerfile", "docker/dev.Dockerfile"],
                                       named("docker/prod.Dockerfile")),
    "beside one for development": (["Dockerfile", "Dockerfile.dev", "Dockerfile.test", "Dockerfile.ci"], named()),
    "templates of Dockerfiles": (["Dockerfile", "Dockerfile.j2", "Dockerfile.tmpl", "old/Dockerfile.bak"], named()),
    "others in folders": (["Dockerfile", "db/Dockerfile"], named()),
    "a version of an image": (["1.10/Dockerfile", "1.10/a"], named("1.10/Dockerfile", "1.10")),
    "a name that YAML or an expression would read": (
        ["${{ x }}/Dockerfile", "a: b/Dockerfile", "c /Dockerfile", "-d/Dockerfile", "'/Dockerfile"], named()),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_IMAGE)
def test_the_dockerfile_of_the_app_is_delivered_and_no_other(tmp_path: Path, name: str) -> None:
    files, expected = ONE_IMAGE[name]
    app = Layout(files).make(tmp_path / "shop", cloned=False)
    init(app)
    assert given(app) == expected


@pytest.mark.parametrize("name", SEVERAL)
def test_where_several_dockerfiles_may_be_meant_they_are_listed_and_nothing_is_written(
    tmp_path: Path, name: str
) -> None:
    app = Layout(SEVERAL[name]).make(tmp_path / "shop", cloned=False)
    with pytest.raises(BadInput) as refused:
        init(app)
    meant = [path for path in SEVERAL[name] if "tests" not in path]
    assert refused.value.what == f"2 Dockerfiles could be the app's: {', '.join(meant)}"
    assert "--monorepo" in refused.value.fix
    assert not (app.folder / ".github").exists()
    assert not (app.folder / ".goldenpath.yml").exists()


def test_one_of_several_dockerfiles_can_be_named(tmp_path: Path) -> None:
    app = Layout(SEVERAL["services"]).make(tmp_path / "shop", cloned=False)
    assert "not delivered: services/web/Dockerfile (see" in init(app, "--dockerfile=./services/api/Dockerfile")
    assert given(app) == named("services/api/Dockerfile", "services/api")


@pytest.mark.parametrize("words", ["Dockerfile.gone", "../Dockerfile", "/etc/passwd", "docker"])
def test_a_dockerfile_that_is_not_there_is_refused(tmp_path: Path, words: str) -> None:
    app = Layout(["docker/Dockerfile"]).make(tmp_path / "shop", cloned=False)
    with pytest.raises(BadInput, match=r"is not a file in .*shop") as refused:
        init(app, "--dockerfile", words)
    assert refused.value.fix.endswith("Dockerfiles of this repository: docker/Dockerfile")


def test_each_folder_of_a_monorepo_is_an_image_of_its_own(tmp_path: Path) -> None:
    files = {**dict.fromkeys(SEVERAL["services"], EVERYTHING), "lib/api/Dockerfile": COPYING, "src/a": ""}
    app = Layout(files).make(tmp_path / "shop", cloned=False)
    init(app, "--monorepo")
    (job,) = yaml.safe_load((app.folder / scaffold.CALLER).read_text())["jobs"].values()
    images = ["shop-lib-api", "shop-services-api", "shop-web"]
    assert job["strategy"]["matrix"] == {"image": images}
    assert given(app) == {
        "ecr_repository": "${{ matrix.image }}",
        "build_context": """${{ fromJSON('{"shop-lib-api":".","shop-services-api":"services/api","""
        """"shop-web":"services/web"}')[matrix.image] }}""",
        "dockerfile_path": """${{ fromJSON('{"shop-lib-api":"lib/api/Dockerfile","""
        """"shop-services-api":"services/api/Dockerfile","shop-web":"services/web/Dockerfile"}')[matrix.image] }}""",
    }


@pytest.mark.parametrize(
    "files",
    [
        [],
        ["a/Dockerfile", "a/Dockerfile.prod", "b/Dockerfile"],
        ["a_b/Dockerfile", "a-b/Dockerfile"],
        ["Dockerfile", "é/Dockerfile"],
    ],
)
def test_a_monorepo_without_clear_images_is_refused(tmp_path: Path, files: Sequence[str]) -> None:
    app = Layout(files).make(tmp_path / "shop", cloned=False)
    with pytest.raises(BadInput):
        init(app, "--monorepo")
    assert not (app.folder / ".github").exists()
