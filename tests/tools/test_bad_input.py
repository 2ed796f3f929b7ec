"""Bad input gets one clear error (what, why, what to do), the exit code of its kind, and nothing is pushed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps
from tests.tools.conftest import ACCOUNT, Inside

from goldenpath import errors
from goldenpath.local.data_plane import Call, Gate, RefusedError
from goldenpath.services import aws
from goldenpath.tools import scanner
from goldenpath.tools.toolchain import Program, Toolchain

if TYPE_CHECKING:
    from tests.tools.apps import App
    from tests.tools.command import Command, Ended

    from goldenpath.errors import GoldenPathError
    from goldenpath.local.server import Local
    from goldenpath.model.work import WorkFolder

pytestmark = pytest.mark.tools

NOWHERE = "unix:///nowhere/docker.sock"


@dataclass(frozen=True)
class Place:
    """Where a case happens, for it to prepare: the app, its work folder, and a folder for anything else."""

    app: App
    work: WorkFolder
    folder: Path


def nothing(_: Place) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Case:
    """A mistake: what is given (words, and the variables that `prepare` returns), and the error that must come."""

    name: str
    error: type[GoldenPathError]
    what: str
    why: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Place], Mapping[str, str]] = nothing

    def run(self, goldenpath: Command, stage: str, place: Place, repository: str) -> Ended:
        """Run `stage` with what this case gives in place of what is right."""
        right = {
            "environment": "dev",
            "ecr-repository": repository,
            "source": str(place.app.folder),
            "work-dir": str(place.work.path),
        }
        variables = self.prepare(place)
        words = {**right, **{name: value.format(**vars(place)) for name, value in self.given.items()}}
        return goldenpath.run(stage, *(f"--{name}={value}" for name, value in words.items()), more=variables)

    def check(self, done: Ended, **names: object) -> None:
        """Assert that exactly the expected error was told."""
        assert "Traceback" not in done.text
        told = done.error
        assert (done.code, told["code"]) == (self.error.exit_code, self.error.code), done.text
        assert told["what"] == self.what.format(**names)
        assert self.why in told["why"]
        assert told["fix"]


def untouched(emulator: Local, repository: str) -> bool:
    return (emulator.tags(repository), emulator.manifests(repository)) == ({}, set())


def dockerfile(text: str) -> Callable[[Place], Mapping[str, str]]:
    def prepare(place: Place) -> Mapping[str, str]:
        place.app.write("Dockerfile", text).save()
        return {}

    return prepare


def no_dockerfile(place: Place) -> Mapping[str, str]:
    (place.app.folder / "Dockerfile").unlink()
    place.app.save()
    return {}


def no_repository(place: Place) -> Mapping[str, str]:
    (place.folder / "plain").mkdir()
    (place.folder / "plain" / "Dockerfile").write_text(apps.DOCKERFILE)
    return {}


def no_commit(place: Place) -> Mapping[str, str]:
    apps.uncommitted(place.folder / "new")
    return {}


def shallow(place: Place) -> Mapping[str, str]:
    place.app.write("more", "more").save()
    place.app.git("clone", "--quiet", "--depth=1", f"file://{place.app.folder}", str(place.folder / "shallow"))
    return {}


def below_a_file(place: Place) -> Mapping[str, str]:
    (place.folder / "file").write_text("")
    return {}


def without_engine(_: Place) -> Mapping[str, str]:
    return {"DOCKER_HOST": NOWHERE, "GOLDENPATH_BUILDKIT": ""}


def without_buildkit(_: Place) -> Mapping[str, str]:
    return {"GOLDENPATH_BUILDKIT": "unix:///nowhere/buildkitd.sock"}


def run_of_another_commit(place: Place) -> Mapping[str, str]:
    variables = apps.event(place.folder / "runner", place.app)
    place.app.write("more", "more").save()
    return variables


def run_of_an_odd_release_tag(place: Place) -> Mapping[str, str]:
    return apps.event(place.folder / "runner", place.app, ref="refs/tags/v1.2.3+build5")


def run_without_its_event(place: Place) -> Mapping[str, str]:
    variables = apps.event(place.folder / "runner", place.app)
    (place.folder / "runner" / "event.json").write_text("{")
    return variables


DELIVERIES = (
    Case("no Dockerfile", errors.BuildFailed, "there is no Dockerfile at {app.folder}/Dockerfile",
         prepare=no_dockerfile),
    Case("a broken Dockerfile", errors.BuildFailed, "the image could not be built", "unknown instruction: FORM",
         prepare=dockerfile("FORM scratch\n")),
    Case("a COPY of a missing file", errors.BuildFailed, "the image could not be built", '"/missing": not found',
         prepare=dockerfile("FROM scratch\nCOPY missing /\n")),
    Case("a RUN that fails", errors.BuildFailed, "the image could not be built", "/missing",
         prepare=dockerfile('FROM scratch\nCOPY rootfs /\nRUN ["/missing"]\n')),
    Case("a build context that is not there", errors.BuildFailed,
         "the build context {app.folder}/missing is not a folder", given={"build-context": "missing"}),
    Case("not a git repository", errors.SourceUnusable,
         "{folder}/plain is not a git checkout with at least one commit", "not a git repository",
         given={"source": "{folder}/plain"}, prepare=no_repository),
    Case("an empty git repository", errors.SourceUnusable,
         "{folder}/new is not a git checkout with at least one commit", "single revision",
         given={"source": "{folder}/new"}, prepare=no_commit),
    Case("no such folder", errors.SourceUnusable, "{folder}/missing is not a folder",
         given={"source": "{folder}/missing"}),
    Case("a shallow clone", errors.SourceUnusable,
         "the checkout is shallow: part of its history is missing and cannot be scanned",
         given={"source": "{folder}/shallow"}, prepare=shallow),
    Case("an unknown environment", errors.UnknownEnvironment, "there is no environment 'production'",
         "the platform knows local, dev, test, staging, prod", given={"environment": "production"}),
    Case("no environment", errors.BadInput, "an input cannot be used", "`environment` is missing",
         given={"environment": ""}),
    Case("a bad repository name", errors.BadInput, "an input cannot be used",
         "`ecr_repository`: 'My App' is not an ECR repository name", given={"ecr-repository": "My App"}),
    Case("malformed build arguments", errors.BadInput, "an input cannot be used", "'b' is not NAME=value",
         given={"build-args": "a=1\nb"}),
    Case("a role that is no ARN", errors.BadInput, "an input cannot be used", "'deliver' is not the ARN of an IAM role",
         given={"role-arn": "deliver"}),
    Case("several mistakes", errors.BadInput, "3 inputs cannot be used",
         "`platforms`: 'amd64' is not a platform (like `linux/amd64`); `version`: ",
         given={"platforms": "amd64", "version": "1 2", "environment": ""}),
    Case("no such option", errors.BadInput, "No such option '--nonsense'.", given={"nonsense": "x"}),
    Case("a work folder inside the build context", errors.BadInput,
         "the work folder {app.folder}/out lies inside the build context {app.folder}",
         given={"work-dir": "{app.folder}/out"}),
    Case("a work folder that cannot be written", errors.DiskTrouble,
         "{folder}/file/work/candidate.json cannot be written or read", "Not a directory",
         given={"work-dir": "{folder}/file/work"}, prepare=below_a_file),
    Case("no engine", errors.EngineMissing, "no Docker Engine answers", prepare=without_engine),
    Case("a BuildKit that is not there", errors.EngineMissing,
         "no BuildKit answers at unix:///nowhere/buildkitd.sock", prepare=without_buildkit),
    Case("a checkout of another commit", errors.SourceUnusable,
         "the checkout is at {app.commit}, but this run is about {before}", prepare=run_of_another_commit),
    Case("a release tag that no image can have", errors.BadInput,
         "the release tag v1.2.3+build5 gives no version", "'1.2.3+build5' is not a version that can be a tag",
         prepare=run_of_an_odd_release_tag),
    Case("an event that cannot be read", errors.BadInput, "the event of this workflow run cannot be read",
         "event.json", prepare=run_without_its_event),
)  # fmt: skip


@pytest.mark.parametrize("case", DELIVERIES, ids=lambda case: case.name)
def test_a_delivery_that_cannot_be_says_so(
    goldenpath: Command, emulator: Local, app: App, work: WorkFolder, repository: str, tmp_path: Path, case: Case
) -> None:
    before = app.commit
    place = Place(app, work, tmp_path)
    done = case.run(goldenpath, "deliver", place, repository)
    case.check(done, app=app, folder=tmp_path, before=before)
    assert untouched(emulator, repository)
    assert not (app.folder / "out").exists()


def dead_port() -> str:
    """Return an address at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def without_token(_: Place) -> Mapping[str, str]:
    return {"ACTIONS_ID_TOKEN_REQUEST_URL": "", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": ""}


def with_an_expired_token(place: Place) -> Mapping[str, str]:
    url = (place.folder / "request-url").read_text()
    return {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{url}&lifetime=-600"}


def without_aws(_: Place) -> Mapping[str, str]:
    return {"AWS_ENDPOINT_URL": dead_port()}


def without_credentials(place: Place) -> Mapping[str, str]:
    return {"GOLDENPATH_ROLE_ARN": "", "HOME": str(place.folder)}


def missing(name: str) -> Callable[[Place], Mapping[str, str]]:
    def prepare(place: Place) -> Mapping[str, str]:
        (place.work.path / name).unlink()
        return {}

    return prepare


def edited(name: str, **fields: str) -> Callable[[Place], Mapping[str, str]]:
    def prepare(place: Place) -> Mapping[str, str]:
        path = place.work.path / name
        path.write_text(json.dumps({**json.loads(path.read_bytes()), **fields}))
        return {}

    return prepare


def one_byte_changed(place: Place) -> Mapping[str, str]:
    layer = max((place.work.layout / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
    content = bytearray(layer.read_bytes())
    content[len(content) // 2] ^= 1
    layer.write_bytes(content)
    return {}


def pull_request(place: Place) -> Mapping[str, str]:
    return apps.event(place.folder / "runner", place.app, "pull_request", ref="refs/pull/1/merge")


def push_to_a_branch(place: Place) -> Mapping[str, str]:
    return apps.event(place.folder / "runner", place.app, ref="refs/heads/feature")


def judged_for_prod(place: Place) -> Mapping[str, str]:
    for name in ("gitleaks.verdict.json", "trivy.verdict.json"):
        edited(name, environment="prod", mode="blocking")(place)
    return {}


OTHER = "sha256:" + "0" * 64
RELEASES = (
    Case("no such ECR repository", errors.RepositoryMissing,
         "the ECR repository team/missing does not exist in eu-west-2", given={"ecr-repository": "team/missing"}),
    Case("no such role", errors.LoginRefused, "could not assume the role arn:aws:iam::{account}:role/missing: "
         "AWS refused the login", "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity",
         given={"role-arn": f"arn:aws:iam::{ACCOUNT}:role/missing"}),
    Case("a role that does not trust this repository", errors.LoginRefused,
         "could not assume the role arn:aws:iam::{account}:role/strangers: AWS refused the login",
         "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity",
         given={"role-arn": f"arn:aws:iam::{ACCOUNT}:role/strangers"}),
    Case("an expired OIDC token", errors.LoginRefused,
         "could not assume the role arn:aws:iam::{account}:role/deliver: AWS refused the login",
         "ExpiredTokenException: Token expired", prepare=with_an_expired_token),
    Case("a run that may not have an OIDC token", errors.LoginRefused, "this run may not ask GitHub for an OIDC token",
         "ACTIONS_ID_TOKEN_REQUEST_URL", prepare=without_token),
    Case("no role and no credentials", errors.LoginRefused,
         "could not describe the ECR repository {repository}: there are no AWS credentials",
         prepare=without_credentials),
    Case("AWS does not answer", errors.RegistryUnreachable,
         "could not assume the role arn:aws:iam::{account}:role/deliver: AWS does not answer",
         "Could not connect to the endpoint URL", prepare=without_aws),
    Case("no candidate", errors.StageOutOfOrder, "candidate.json is missing from {work.path}", "`build` writes it",
         prepare=missing("candidate.json")),
    Case("no verdict", errors.StageOutOfOrder, "trivy.verdict.json is missing from {work.path}",
         "`trivy-gate` writes it", prepare=missing("trivy.verdict.json")),
    Case("the verdict of another environment", errors.StageOutOfOrder,
         "the verdict of gitleaks is about {app.commit} for dev, and the release is {app.commit} for prod",
         given={"environment": "prod"}),
    Case("a verdict about another image", errors.StageOutOfOrder,
         f"the verdict of trivy is about {OTHER} for dev, and the release is {{digest}} for dev",
         prepare=edited("trivy.verdict.json", subject=OTHER, result="pass")),
    Case("a verdict that blocks", errors.GateBlocked, "trivy does not let this release through", "trivy: BLOCK in dev",
         prepare=edited("trivy.verdict.json", result="block")),
    Case("an advisory verdict for prod", errors.GateBlocked, "gitleaks does not let this release through",
         "gitleaks: PASS in prod (advisory)", given={"environment": "prod"},
         prepare=edited("gitleaks.verdict.json", environment="prod")),
    Case("a verdict that is none", errors.StageOutOfOrder,
         "{work.path}/trivy.verdict.json is not a file that `trivy-gate` wrote", "Invalid enum value 'fine'",
         prepare=edited("trivy.verdict.json", result="fine")),
    Case("a candidate of which one byte changed", errors.CandidateChanged, "{layer} is not what its digest says",
         "bytes, sha256:", prepare=one_byte_changed),
    Case("another candidate than the one that was built", errors.StageOutOfOrder,
         f"the verdict of trivy is about {{digest}} for dev, and the release is {OTHER} for dev",
         prepare=edited("candidate.json", digest=OTHER)),
    Case("a pull request", errors.BadInput, "a pull request is checked, never released", prepare=pull_request),
    Case("a branch that prod does not take", errors.BadInput, "refs/heads/feature may not be released to prod",
         "the platform allows refs/heads/main, refs/tags/v*", given={"environment": "prod"}, prepare=push_to_a_branch),
    Case("a version that is `latest`", errors.BadInput, "`latest` is not a version, and prod has no such tag",
         given={"environment": "prod", "version": "latest"}, prepare=judged_for_prod),
)  # fmt: skip


@pytest.mark.parametrize("case", RELEASES, ids=lambda case: case.name)
def test_a_release_that_cannot_be_says_so(
    goldenpath: Command, emulator: Local, ready: App, work: WorkFolder, repository: str, tmp_path: Path, case: Case
) -> None:
    emulator.create_role("strangers", subjects=("repo:somebody/else:*",))
    (tmp_path / "request-url").write_text(emulator.environment()["ACTIONS_ID_TOKEN_REQUEST_URL"])
    digest = work.read_candidate().digest
    layer = max((work.layout / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
    done = case.run(goldenpath, "ecr-push", Place(ready, work, tmp_path), repository)
    case.check(done, app=ready, work=work, digest=digest, layer=layer, account=ACCOUNT, repository=repository)
    assert untouched(emulator, repository)
    assert not work.receipt.exists()


def push(inside: Inside, app: App, work: WorkFolder, repository: str) -> Ended:
    return inside(
        "ecr-push", "--environment=dev", f"--ecr-repository={repository}", f"--source={app.folder}",
        f"--work-dir={work.path}",
    )  # fmt: skip


def test_a_login_that_expires_before_the_push_is_told_as_such(
    inside: Inside, emulator: Local, ready: App, work: WorkFolder, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = aws.Ecr.login

    def expiring(ecr: aws.Ecr) -> aws.Login:
        given = login(ecr)
        emulator.expire_logins()
        return given

    monkeypatch.setattr(aws.Ecr, "login", expiring)
    done = push(inside, ready, work, repository)
    assert (done.code, done.error["code"]) == (30, "login-refused")
    assert done.error["what"] == f"the registry refused the login to read the manifest {ready.commit.short}"
    assert "Your authorization token has expired" in done.error["why"]
    assert untouched(emulator, repository)


def test_a_registry_at_which_nothing_listens_is_told_as_such(
    inside: Inside, emulator: Local, ready: App, work: WorkFolder, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    login, place = aws.Ecr.login, dead_port()
    monkeypatch.setattr(aws.Ecr, "login", lambda ecr: replace(login(ecr), endpoint=place))
    done = push(inside, ready, work, repository)
    assert (done.code, done.error["code"]) == (33, "registry-unreachable")
    assert done.error["what"] == f"{place} does not answer"
    assert untouched(emulator, repository)


def test_a_registry_that_breaks_off_in_the_middle_leaves_nothing(
    inside: Inside, emulator: Local, ready: App, work: WorkFolder, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    admit = Gate.admit

    def breaking(gate: Gate, call: Call, authorization: str) -> object:
        if call.kind == "manifests" and call.method == "PUT":
            raise RefusedError(503, "UNAVAILABLE", "come back later")
        return admit(gate, call, authorization)

    monkeypatch.setattr(Gate, "admit", breaking)
    done = push(inside, ready, work, repository)
    assert (done.code, done.error["code"]) == (34, "registry-refused")
    assert "HTTP 503: UNAVAILABLE: come back later" in done.error["why"]
    assert untouched(emulator, repository)


RUBBISH = """last=
for word; do
  case $last in --report-path|--output) echo '{"rubbish":' > "${word#*=}";; esac
  last=$word
done
"""
FAULTS = {
    "crashes": ("echo something broke >&2; exit 3\n", "ended with exit status 3. something broke"),
    "is killed": ("kill -9 $$\n", "ended with exit status -9"),
    "writes rubbish": (RUBBISH, "its report cannot be read"),
    "writes nothing": ("exit 0\n", "No such file or directory"),
    "hangs": ("sleep 60\n", "did not end within 0.5 seconds and was stopped"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["gitleaks", "trivy", "syft"])
def test_a_scanner_that_fails_is_neither_a_finding_nor_a_pass(
    inside: Inside, emulator: Local, app: App, work: WorkFolder, repository: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, name: str, fault: str,
) -> None:  # fmt: skip
    script, why = FAULTS[fault]
    program = tmp_path / name
    program.write_text(f"#!/bin/sh\n{script}")
    program.chmod(0o755)
    provide = Toolchain.provide

    def planted(toolchain: Toolchain, wanted: str) -> Program:
        return Program(name, "1.0", program, "release") if wanted == name else provide(toolchain, wanted)

    monkeypatch.setattr(Toolchain, "provide", planted)
    if fault == "hangs":
        limit_only(monkeypatch, name)
    done = inside(
        "deliver", "--environment=dev", f"--ecr-repository={repository}", f"--source={app.folder}",
        f"--work-dir={work.path}",
    )  # fmt: skip
    assert (done.code, done.error["code"]) == (11, "scanner-failed"), done.text
    assert done.error["what"].startswith(f"{name} did not finish its work")
    assert why in done.error["why"]
    assert not (work.path / f"{name}.verdict.json").exists()
    assert untouched(emulator, repository)


def limit_only(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Lower the time limit while the scanner `name` runs; the others keep theirs."""
    folder = scanner.empty_folder

    def limited(which: str) -> object:
        monkeypatch.setattr(scanner, "TIMEOUT", 0.5 if which == name else 60.0)
        return folder(which)

    monkeypatch.setattr(scanner, "empty_folder", limited)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Makes a disk of so many KB."""
    if os.geteuid() != 0:
        pytest.skip("a small disk can be mounted by root only")
    place = tmp_path / "disk"
    place.mkdir()

    def mount(size: int) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(place)]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("this machine lets nobody mount a disk")
        return place

    yield mount
    subprocess.run(["umount", "--lazy", str(place)], check=False, capture_output=True)


@pytest.mark.parametrize("room", [4, 64, 900])
def test_a_full_disk_is_told_as_such_wherever_it_is_met(
    goldenpath: Command, emulator: Local, app: App, repository: str, disk: Callable[[int], Path], room: int
) -> None:
    app.write("rootfs/large", os.urandom(1 << 20)).save()
    work = disk(room) / "work"
    done = goldenpath.run(
        "deliver", "--environment=dev", f"--ecr-repository={repository}", f"--source={app.folder}",
        f"--work-dir={work}",
    )  # fmt: skip
    assert (done.code, done.error["code"]) == (7, "disk-trouble"), done.text
    assert "no space left on device" in done.error["why"].lower()
    assert untouched(emulator, repository)


def test_a_disk_that_fills_up_before_the_push_leaves_the_registry_as_it_was(
    goldenpath: Command, emulator: Local, checked: tuple[App, WorkFolder], repository: str, disk: Callable[[int], Path]
) -> None:
    app, original = checked
    work = disk(200) / "work"
    subprocess.run(["cp", "-r", str(original.path), str(work)], check=True)
    (work / "filler").touch()
    free = os.statvfs(work)
    with (work / "filler").open("wb") as filler:
        filler.write(b"\0" * (free.f_bavail * free.f_frsize))
    done = goldenpath.run(
        "ecr-push", "--environment=dev", f"--ecr-repository={repository}", f"--source={app.folder}",
        f"--work-dir={work}",
    )  # fmt: skip
    assert (done.code, done.error["code"]) == (7, "disk-trouble"), done.text
    assert untouched(emulator, repository)
