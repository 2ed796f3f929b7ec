"""Ways round the gate of the image, and round the platform's rules."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from tests.tools import apps, command

from goldenpath.local.vulnerabilities import vulnerability_db

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.apps import App
    from tests.tools.command import Command, Ended

    from goldenpath.delivery.model.work_folder import WorkFolder

BOTH = (apps.PLANTED_CVE, "CVE-2020-1747")
TOLD = f"CRITICAL {apps.PLANTED_CVE} in {apps.PLANTED_PACKAGE}"
# It looks like a key to a scanner, and is put together here, so that this repository holds none.
_BODY = f"{'MIIEpAIBAAKCAQEA1c7+9z5Pad7OejecsQ0bu3aumBPC3m9' * 20}\n"
KEY = f"-----BEGIN RSA {'PRIVATE'} KEY-----\n{_BODY}-----END RSA {'PRIVATE'} KEY-----\n"


@dataclass(frozen=True)
class Stand:
    """What an attempt has: an app, a folder beside it, a work folder, and the command, for a blocking environment."""

    app: App
    folder: Path
    work: WorkFolder
    goldenpath: Command

    def run(self, stage: str, *words: str, more: Mapping[str, str] | None = None) -> Ended:
        """Run one stage for prod."""
        where = ("--environment=prod", f"--source={self.app.folder}", f"--work-dir={self.work.path}")
        return self.goldenpath.run(stage, *where, *words, more=more)


@dataclass(frozen=True)
class ImageBypass:
    """A way round the image's gate: `attempt` makes it and runs the gate, which ends with `code` and says `told`."""

    name: str
    attempt: Callable[[Stand], Ended]
    told: str
    code: int = 10


def scan(stand: Stand, *words: str, more: Mapping[str, str] | None = None) -> Ended:
    """Build the app, then run the gate."""
    stand.run("build", *words, more=more).ok()
    return stand.run("trivy-gate", "--ecr-repository=app", more={**(more or {}), **command.evidence(stand.work)})


def vulnerable(
    stand: Stand, files: Mapping[str, str] | None = None, variables: Mapping[str, str] | None = None
) -> Ended:
    """Scan an image with the planted package, of an app with `files`, with `variables` in the environment."""
    for path, text in (files or {}).items():
        stand.app.write(path, text)
    stand.app.plant_package()
    return scan(stand, more=variables)


def inside(stand: Stand, files: Mapping[str, str], dockerfile: str = "") -> Ended:
    """Scan an image that is harmless but for `files` of the app's, or for its `dockerfile`."""
    for path, text in files.items():
        stand.app.write(path, text)
    if dockerfile:
        stand.app.write("Dockerfile", dockerfile)
    stand.app.save("Change the image")
    return scan(stand)


def of_alpine(stand: Stand, *, release: str) -> Ended:
    """Scan an image of this release of Alpine, of none where it is empty, with a package and a library."""
    named = {"rootfs/etc/os-release": f"ID=alpine\nVERSION_ID={release}\n"} if release else {}
    packages = {"rootfs/lib/apk/db/installed": ALPINE_PACKAGES, **LIBRARY}
    shutil.rmtree(stand.app.folder / "rootfs")
    return inside(stand, {**named, **packages})


def excepted(stand: Stand, *, days: int = 30, **changed: str) -> Ended:
    """Scan an image with the planted package, of an app that excepts both of its findings."""
    stand.app.write(".goldenpath.yml", exceptions(days=days, **changed))
    return vulnerable(stand)


def exceptions(*, days: int = 30, package: str = "PyYAML", gate: str = "trivy", more: str = "") -> str:
    end = (datetime.now(UTC).date() + timedelta(days)).isoformat()
    one = "  - {{gate: {gate}, id: {name}, scope: {{package: '{package}'}}, reason: r, owner: o, expires: {end}}}\n"
    listed = "".join(one.format(gate=gate, name=name, package=package, end=end) for name in BOTH)
    return f"version: 1\n{more}exceptions:\n{listed}"


def added_by_its_own_pull_request(stand: Stand) -> Ended:
    stand.app.plant_package()
    base = stand.app.commit
    stand.app.git("checkout", "--quiet", "-b", "change")
    stand.app.write(".goldenpath.yml", exceptions()).save("Let it through")
    pull = {"base": {"sha": base, "repo": {"full_name": stand.app.slug}}}
    proposed = apps.event(
        stand.folder / "runner", stand.app, "pull_request", ref="refs/pull/1/merge", pull_request=pull
    )
    return scan(stand, more=proposed)


def not_committed(stand: Stand) -> Ended:
    stand.app.plant_package()
    stand.run("build").ok()
    stand.app.write(".goldenpath.yml", exceptions())
    return stand.run("trivy-gate", "--ecr-repository=app")


def another_platform(stand: Stand) -> Ended:
    stand.app.write("Dockerfile", "FROM scratch\nARG TARGETARCH\nCOPY rootfs-$TARGETARCH /\n")
    for architecture in ("amd64", "arm64"):
        apps.plant_system(stand.app, f"rootfs-{architecture}")
    stand.app.plant_package("rootfs-arm64")
    return scan(stand, "--platforms=linux/amd64,linux/arm64")


def caller_s_own_trivy(stand: Stand) -> Ended:
    folder = stand.folder / "bin"
    folder.mkdir()
    path = folder / "trivy"
    path.write_text("#!/bin/sh\nexit 0\n")
    path.chmod(0o755)
    return vulnerable(stand, variables={"PATH": f"{folder}:{stand.goldenpath.variables['PATH']}"})


def old_database(stand: Stand) -> Ended:
    cache = stand.folder / "trivy"
    shutil.copytree(stand.goldenpath.variables["GOLDENPATH_TRIVY_CACHE"], cache)
    made = datetime.now(UTC) - timedelta(days=4)
    (cache / "db" / "metadata.json").write_text(json.dumps(vulnerability_db.metadata(made)))
    return scan(stand, more={"GOLDENPATH_TRIVY_CACHE": str(cache)})


def emptied_inventory(stand: Stand) -> Ended:
    """The sbom stage listens to no configuration of the caller: what syft sees is what is there."""
    stand.app.write(".syft.yaml", "exclude: ['**/*']\npackage-cataloger: {search: {scope: none}}\n")
    stand.app.plant_package()
    stand.run("build").ok()
    more = {"SYFT_EXCLUDE": "**/*", "SYFT_CONFIG": ".syft.yaml", "SYFT_DEFAULT_CATALOGERS": "none"}
    stand.run("sbom", "--ecr-repository=app", more=more).ok()
    assert "PyYAML" in stand.work.spdx.read_text()
    return stand.run("trivy-gate", "--ecr-repository=app", more={**(more or {}), **command.evidence(stand.work)})


def git_folder(stand: Stand) -> Ended:
    stand.app.git("config", "http.extraheader", f"AUTHORIZATION: basic {apps.secret()}")
    return inside(stand, {}, "FROM scratch\nCOPY rootfs /\nCOPY .git /app/.git\n")


def in_history(stand: Stand) -> Ended:
    """A variable that a later line of the Dockerfile takes back: the image has it in its history alone."""
    return inside(stand, {}, f"{SYSTEM}ENV API_TOKEN={apps.secret()}\nENV API_TOKEN=\n")


def for_prod(name: str, settings: Mapping[str, str]) -> ImageBypass:
    return ImageBypass(name, partial(vulnerable, variables=settings), TOLD)


def of_files(name: str, files: Mapping[str, str], settings: Mapping[str, str] | None = None) -> ImageBypass:
    return ImageBypass(name, partial(vulnerable, files=files, variables=settings), TOLD)


def told(name: str, attempt: Callable[[Stand], Ended], words: str, code: int = 10) -> ImageBypass:
    return ImageBypass(name, attempt, words, code)


VEX = json.dumps(
    {
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "x", "timestamp": "2026-01-01T00:00:00Z",
        "version": 1, "statements": [
            {"vulnerability": {"name": name}, "products": [{"@id": "pkg:pypi/pyyaml@5.3"}], "status": "not_affected",
             "justification": "vulnerable_code_not_present"} for name in BOTH
        ],
    }
)  # fmt: skip
IGNORED = "vulnerabilities:\n" + "".join(f"  - id: {name}\n" for name in BOTH)
ALPINE_PACKAGES = "P:musl\nV:1.1.15-r8\nA:x86_64\nT:libc\no:musl\nL:MIT\n\n"
LIBRARY = {
    "rootfs/usr/lib/python3/site-packages/x-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: x\nVersion: 1\n"
}
SYSTEM = "FROM scratch\nCOPY rootfs /\n"

ROWS: tuple[ImageBypass, ...] = (
    of_files(".trivyignore", {".trivyignore": "\n".join(BOTH)}),
    of_files(".trivyignore.yaml", {".trivyignore.yaml": IGNORED}, {"TRIVY_IGNOREFILE": ".trivyignore.yaml"}),
    of_files("trivy.yaml", {"trivy.yaml": "severity: [LOW]\nscan: {skip-dirs: [usr]}\nexit-code: 0\n"}),
    of_files("a Rego policy", {"p.rego": "package trivy\ndefault ignore = true\n"}, {"TRIVY_IGNORE_POLICY": "p.rego"}),
    of_files("a VEX file", {"vex.json": VEX, ".vex/vex.json": VEX}, {"TRIVY_VEX": "vex.json"}),
    for_prod("TRIVY_SEVERITY", {"TRIVY_SEVERITY": "LOW", "TRIVY_IGNORE_UNFIXED": "true"}),
    for_prod("TRIVY_SKIP_*", {"TRIVY_SKIP_DIRS": "usr", "TRIVY_SKIP_FILES": apps.PLANTED_PACKAGE}),
    for_prod("TRIVY_PKG_TYPES", {"TRIVY_PKG_TYPES": "os", "TRIVY_SCANNERS": "secret"}),
    for_prod("TRIVY_CACHE_DIR", {"TRIVY_CACHE_DIR": "/nowhere", "TRIVY_DB_REPOSITORY": "nowhere.invalid/db"}),
    for_prod("GOLDENPATH_ variables for a mode", {
        "GOLDENPATH_TRIVY_MODE": "advisory", "GOLDENPATH_MODE": "advisory", "GOLDENPATH_SEVERITIES": "CRITICAL",
        "GOLDENPATH_POLICY": "/nowhere", "INPUT_MODE": "advisory", "GOLDENPATH_IGNORE_UNFIXED": "true",
    }),
    for_prod("the environment by variable too", {"GOLDENPATH_ENVIRONMENT": "dev"}),
    told("a trivy on PATH", caller_s_own_trivy, TOLD),
    told(".syft.yaml and SYFT_*", emptied_inventory, TOLD),
    told("a database of long ago", old_database, "trivy's database is 4 days old, and 3 are allowed", 11),
    told("a vulnerability in the second platform alone", another_platform, f"CRITICAL {apps.PLANTED_CVE} in"),
    told("no package database", partial(inside, files={}, dockerfile="FROM scratch\nCOPY Dockerfile /\n"),
         "HIGH empty-inventory in image"),
    told("an OS past its end", partial(of_alpine, release="3.5.2"),
         "HIGH unsupported-os in image. The image's OS is alpine 3.5.2"),
    told("an OS without a release", partial(inside, files={
        "rootfs/etc/debian_version": "trixie/sid\n", "rootfs/etc/os-release": "ID=debian\n"}),
        "HIGH unsupported-os in image. The image's OS is debian trixie/sid"),
    told("an OS that nothing names", partial(of_alpine, release=""),
         "HIGH unsupported-os in image. The image's OS is not named"),
    told("an OS of which nothing is known", partial(inside, files={
        "rootfs/etc/debian_version": "", "rootfs/etc/os-release": "ID=fedora\nVERSION_ID=44\n"}),
        "HIGH unsupported-os in image. The image's OS is fedora 44"),
    told("a secret in the image", partial(inside, files={"rootfs/app/id": KEY}), "private-key in app/id:2"),
    told("a secret in the image, and a trivy-secret.yaml", partial(inside, files={
        "rootfs/app/id": KEY, "trivy-secret.yaml": "disable-rules: [private-key]\n",
    }), "private-key in app/id:2"),
    told("a secret in the image, in a file called trivy-secret.yaml", partial(inside, files={
        "rootfs/trivy-secret.yaml": KEY}), "private-key in trivy-secret.yaml:2"),
    told("a secret in the image, in a file called a picture", partial(inside, files={"rootfs/app/id.png": KEY}),
         "private-key in app/id.png:2"),
    told("a secret in the image, in a lock file", partial(inside, files={"rootfs/app/package-lock.json": KEY}),
         "private-key in app/package-lock.json:2"),
    told("a secret in the image, in a file of 12 MB", partial(inside, files={
        "rootfs/app/log": "line\n" * 2_400_000 + KEY}), "private-key in app/log:2400002"),
    told("a secret that a later layer overwrites", partial(inside, files={"id": KEY, "none": "\n"},
         dockerfile=SYSTEM + "COPY id /app/id\nCOPY none /app/id\n"), "private-key in app/id:2"),
    told("a secret in a variable of the image", lambda stand: inside(
        stand, {}, f"{SYSTEM}ENV API_TOKEN={apps.secret()}\n"), "github-pat in "),
    told("a secret in a label", lambda stand: inside(
        stand, {}, f"{SYSTEM}LABEL deploy={apps.secret()}\n"), "github-pat in "),
    told("a secret in the command", lambda stand: inside(
        stand, {}, f'{SYSTEM}CMD ["/bin/run", "--token={apps.secret()}"]\n'), "github-pat in "),
    told("a secret in the health check", lambda stand: inside(
        stand, {}, f"{SYSTEM}HEALTHCHECK CMD /bin/check {apps.secret()}\n"), "github-pat in "),
    told("a secret that only the build's history shows", in_history, "github-pat in "),
    told("a git folder with a token in the image", git_folder, "HIGH git-folder-in-image in app/.git"),
    told("an exception that the pull request itself adds", added_by_its_own_pull_request,
         "is not on the default branch main yet and counts only once merged"),
    told("an exception that is not committed", not_committed, TOLD),
    told("an expired exception", partial(excepted, days=-1), "and counts no more"),
    told("an exception for too long", partial(excepted, days=365), "later than the platform allows"),
    told("an exception for another package", partial(excepted, package="requests"), "is about nothing that was found"),
    told("an exception for the other gate", partial(excepted, gate="gitleaks"), TOLD),
    told("an exception for everything", partial(excepted, package="*"),
         ".goldenpath.yml:3: $.exceptions[0].scope.package: '*' does not match", 4),
    told("an advisory mode in .goldenpath.yml", partial(
        excepted, more="tighten: {prod: {trivy: {mode: advisory}}}\n"),
        ".goldenpath.yml:2: $.tighten.prod.trivy.mode: 'blocking' was expected", 4),
    told("fewer severities in .goldenpath.yml", partial(
        vulnerable, files={".goldenpath.yml": "version: 1\ntighten: {prod: {trivy: {severities: [LOW]}}}\n"}), TOLD),
    told("an unknown field in .goldenpath.yml", partial(
        vulnerable, files={".goldenpath.yml": "version: 1\nenvironments: {prod: {trivy: {mode: advisory}}}\n"}),
        ".goldenpath.yml:1: $: Additional properties are not allowed ('environments' was unexpected)", 4),
)  # fmt: skip
