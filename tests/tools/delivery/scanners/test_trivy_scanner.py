"""Small images of many languages: in each the real trivy sees the one old package that it holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.tools.program_files import (
    ARTIFACT,
    MANIFEST,
    OLD,
    archive,
    coordinates,
    go_program,
    image,
    rust_program,
)

from goldenpath.delivery.scanners.trivy_scanner import TrivyScanner
from goldenpath.shared.toolchain import Toolchain

pytestmark = pytest.mark.tools

LOG4SHELL = "CVE-2021-44228"
INNER = archive(coordinates())
BARE = archive({"Main.class": b"\xca\xfe\xba\xbe"})
SITE = "usr/local/lib/python3.14/site-packages"
#   image                                   path, content, and what must be seen
IMAGES: dict[str, tuple[str, str | bytes, str]] = {
    "a jar with Maven's coordinates": ("app/app.jar", INNER, LOG4SHELL),
    "a jar in capitals": ("app/APP.JAR", INNER, LOG4SHELL),
    "a jar with a manifest alone": ("app/app.jar", archive({"META-INF/MANIFEST.MF": MANIFEST}), LOG4SHELL),
    "a jar with its name alone": (f"app/{ARTIFACT}-{OLD}.jar", BARE, LOG4SHELL),
    "a shaded jar": ("app/all.jar", archive({**coordinates(), "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\n"}),
                     LOG4SHELL),
    "a jar in a jar, as Spring Boot packs it": (
        "app.jar", archive({f"BOOT-INF/lib/{ARTIFACT}-{OLD}.jar": BARE}), LOG4SHELL,
    ),
    "a war": ("srv/app.war", archive({f"WEB-INF/lib/{ARTIFACT}-{OLD}.jar": INNER}), LOG4SHELL),
    "a war in an ear": (
        "srv/app.ear", archive({"web.war": archive({"WEB-INF/lib/core.jar": INNER})}), LOG4SHELL,
    ),
    "a par": ("srv/app.par", archive({"lib/core.jar": INNER}), LOG4SHELL),
    "a Go program": ("app/server", go_program("github.com/gogo/protobuf", "v1.3.1"), "CVE-2021-3121"),
    "a Rust program": ("app/server", rust_program("regex", "1.5.4"), "CVE-2022-24713"),
    "PHP": (
        "app/vendor/composer/installed.json",
        json.dumps({"packages": [{"name": "phpmailer/phpmailer", "version": "v5.2.17"}]}),
        "CVE-2016-10033",
    ),
    "Ruby": (
        "usr/local/bundle/specifications/rack-1.6.0.gemspec",
        'Gem::Specification.new do |s|\n  s.name = "rack"\n  s.version = "1.6.0"\n  s.licenses = ["MIT"]\nend\n',
        "CVE-2019-16782",
    ),
    ".NET": (
        "app/app.deps.json",
        json.dumps({
            "runtimeTarget": {"name": "net10.0"},
            "targets": {"net10.0": {"Newtonsoft.Json/12.0.3": {"runtime": {"lib/Newtonsoft.Json.dll": {}}}}},
            "libraries": {"Newtonsoft.Json/12.0.3": {"type": "package", "sha512": ""}},
        }),
        "CVE-2024-21907",
    ),
    "Node": (
        "app/node_modules/lodash/package.json", json.dumps({"name": "lodash", "version": "4.17.20"}), "CVE-2021-23337",
    ),
    "Python": (f"{SITE}/jinja2-2.10.dist-info/METADATA", "Name: Jinja2\nVersion: 2.10\n", "CVE-2019-10906"),
}  # fmt: skip


@pytest.mark.parametrize("name", IMAGES)
def test_an_old_package_is_seen_in(name: str, tmp_path: Path, trivy_cache: Path) -> None:
    path, content, identity = IMAGES[name]
    layout = image(tmp_path, {path: content})
    (one,) = layout.images()
    order = TrivyScanner(Toolchain.load().provide("trivy"), trivy_cache, secrets=False)
    found = order.scan(layout, one)
    assert identity in {each.id for each in found.findings}
