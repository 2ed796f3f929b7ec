"""Stand-in base images are real: a build starts from them under the pinned name, and scanners read their packages."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.doubles import trivy_db
from tests.tools import docker_cli

from goldenpath.delivery.builds import dockerfiles
from goldenpath.local.engine import debian, engine
from goldenpath.local.images import base_images
from goldenpath.shared import process
from goldenpath.shared.toolchain import Toolchain

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(not debian.may_install(), reason="a stand-in base image needs root on Debian or Ubuntu"),
]

ROOT = Path(__file__).parents[4]
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


def build(app: Path, layout: Path) -> None:
    """Build `app` on stand-ins, named as its Dockerfile names the real images, digest and all."""
    tools = Toolchain.load()
    contexts = base_images.stand_ins(dockerfiles.base_names((app / "Dockerfile").read_text()), print)
    named = [word for name, value in contexts.items() for word in ("--build-context", f"{name}={value}")]
    secret = ["--secret", f"id=ca,src={CA_BUNDLE}"] if CA_BUNDLE.is_file() else []
    export = ("--provenance=false", "--output", f"type=oci,tar=false,dest={layout}")
    with engine.provide(print) as made:
        variables = docker_cli.environment(made, tools)
        buildx = tools.provide("buildx").path
        process.run(buildx, "build", *named, *secret, *export, app, timeout=600, environment=variables)


def scan(layout: Path, folder: Path) -> dict[str, Any]:
    """Return trivy's report on `layout`, made with the database of our own records."""
    tools = Toolchain.load()
    cache = trivy_db.build_database(tools.provide("trivy-db").path, folder / "cache")
    quiet = ("--scanners", "vuln", "--format", "json", "--disable-telemetry", "--skip-version-check")
    image = ("image", "--input", layout, "--cache-dir", cache)
    done = process.run(tools.provide("trivy").path, *image, *quiet, timeout=120, cwd=folder)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def packages(report: dict[str, Any], kind: str) -> set[str]:
    return {found["Name"] for result in report["Results"] if result["Class"] == kind for found in result["Packages"]}


def vulnerabilities(report: dict[str, Any]) -> set[str]:
    return {found["VulnerabilityID"] for result in report["Results"] for found in result.get("Vulnerabilities", [])}


def test_the_sample_app_has_the_bases_and_its_own_packages_and_no_finding(tmp_path: Path) -> None:
    build(ROOT / "examples/hello-web", tmp_path / "layout")
    report = scan(tmp_path / "layout", tmp_path)
    assert {"libc6", "ca-certificates"} <= packages(report, "os-pkgs")
    assert {"Flask", "waitress"} <= packages(report, "lang-pkgs")
    assert vulnerabilities(report) == set()
    config = report["Metadata"]["ImageConfig"]["config"]
    assert (config["User"], config["Labels"]["goldenpath.idp/stands-in-for"]) == (
        "10001:10001",
        "docker.io/library/python",
    )


def test_an_app_with_a_planted_old_package_has_its_finding(tmp_path: Path) -> None:
    build(ROOT / "tests/data/apps/vulnerable", tmp_path / "layout")
    assert "CVE-2020-14343" in vulnerabilities(scan(tmp_path / "layout", tmp_path))


def test_wordpress_is_built_on_a_stand_in_of_that_name(tmp_path: Path) -> None:
    build(ROOT / "examples/wordpress", tmp_path / "layout")
    report = scan(tmp_path / "layout", tmp_path)
    assert "php-cli" in packages(report, "os-pkgs")
    assert report["Metadata"]["ImageConfig"]["config"]["Entrypoint"] == ["docker-entrypoint.sh"]


def test_a_stand_in_is_made_once() -> None:
    first = base_images.python_base(print)
    assert base_images.python_base(pytest.fail) == first


def test_the_sample_app_serves_its_pages(tmp_path: Path) -> None:
    """A RUN step in the finished image asks the app itself, as its user: nothing of the image is changed."""
    app = tmp_path / "app"
    shutil.copytree(ROOT / "examples/hello-web", app)
    ask = (
        "import threading, time, urllib.request, hello_web, waitress;"
        "threading.Thread(target=waitress.serve, args=[hello_web.create_app()],"
        " kwargs={'listen': '127.0.0.1:18080'}, daemon=True).start(); time.sleep(1);"
        "assert b'ok' in urllib.request.urlopen('http://127.0.0.1:18080/healthz').read()"
    )
    with (app / "Dockerfile").open("a") as dockerfile:
        dockerfile.write(f'RUN ["python", "-c", "{ask}"]\n')
    build(app, tmp_path / "layout")
