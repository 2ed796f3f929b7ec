"""Real releases: what the registry holds afterwards, and that a release which fails or is stopped leaves nothing."""

from __future__ import annotations

import base64
import json
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
import yaml
from tests.tools import apps
from tests.tools.command import ROOT, Command, Ended, evidence

from goldenpath.delivery.model.layout import Descriptor, Index, Layout
from goldenpath.delivery.model.receipt import State
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.delivery.registry.ecr_client import Ecr
from goldenpath.delivery.registry.oci_registry import OciRegistry
from goldenpath.local.aws.data_plane import Call, DataPlane, RefusedError
from goldenpath.shared import codec, process
from goldenpath.shared.names import Digest, EcrRepository, Tag
from goldenpath.shared.oci import INDEX
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from tests.doubles.local import LocalWithGitHub
    from tests.tools.apps import App

    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools

Fault = Callable[[Callable[[Call], bool]], None]


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Fault:
    """Has the registry refuse every call that a function chooses."""

    def plant(chosen: Callable[[Call], bool]) -> None:
        admit = DataPlane.admit

        def faulty(gate: DataPlane, call: Call, authorization: str) -> object:
            if chosen(call):
                raise RefusedError(400, "MANIFEST_INVALID", "planted")
            return admit(gate, call, authorization)

        monkeypatch.setattr(DataPlane, "admit", faulty)

    return plant


def words(stage: str, app: App, work: WorkFolder, repository: str, *more: str) -> tuple[str, ...]:
    return (
        stage, "--environment=dev", f"--ecr-repository={repository}", f"--source={app.folder}",
        f"--work-dir={work.path}", *more,
    )  # fmt: skip


def push(goldenpath: Command, app: App, work: WorkFolder, repository: str, *more: str) -> Ended:
    return goldenpath.run(*words("ecr-push", app, work, repository, *more))


def is_write(call: Call, tag: str) -> bool:
    return call.method == "PUT" and call.tag == tag


def another(goldenpath: Command, app: App, folder: Path, *more: str) -> tuple[App, WorkFolder]:
    """Return another commit of an app, checked for dev and ready to be released."""
    app.write("rootfs/change", "another").save()
    work = WorkFolder(folder / "another")
    run = apps.event(folder / "runner", app, "pull_request")
    goldenpath.run(*words("deliver", app, work, "another", *more), more=run).ok()
    apps.for_any_repository(work)
    return app, work


def test_the_registry_gives_back_every_byte_of_the_candidate(
    goldenpath: Command, emulator: Local, ready: App, work: WorkFolder, repository: str, tmp_path: Path
) -> None:
    push(goldenpath, ready, work, repository).ok()
    admin = boto3.Session(emulator.admin.id, emulator.admin.secret, region_name=emulator.region)
    ecr = admin.client("ecr", endpoint_url=emulator.environment()["AWS_ENDPOINT_URL"])
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    ecr.close()
    login = {"auths": {emulator.registry_host: {"auth": token}}}
    (tmp_path / "config.json").write_text(json.dumps(login))
    assert base64.b64decode(token).startswith(b"AWS:")
    image = f"{emulator.registry_host}/{repository}:{ready.commit.short}"
    crane = Toolchain.load().provide("crane").path
    pulled = tmp_path / "pulled"
    process.run(crane, "pull", "--format=oci", image, pulled, timeout=60, environment={"DOCKER_CONFIG": str(tmp_path)})
    theirs, ours = (
        {path.name: path.read_bytes() for path in (folder / "blobs" / "sha256").iterdir()}
        for folder in (pulled, work.layout)
    )
    assert theirs == ours
    assert json.loads((pulled / "index.json").read_bytes())["manifests"][0]["digest"] == work.read_candidate().digest


def test_an_immutable_repository_takes_the_same_image_again(
    goldenpath: Command, emulator: Local, ready: App, work: WorkFolder, frozen: str, calls: list[Call]
) -> None:
    push(goldenpath, ready, work, frozen).ok()
    before = emulator.tags(frozen)
    calls.clear()
    push(goldenpath, ready, work, frozen).ok()
    assert work.read_receipt().state is State.UNCHANGED
    assert ({call.method for call in calls}, emulator.tags(frozen)) == ({"GET"}, before)


def test_a_release_that_was_overtaken_leaves_latest_at_the_later_commit(
    goldenpath: Command,
    emulator: LocalWithGitHub,
    ready: App,
    work: WorkFolder,
    repository: str,
    app: App,
    tmp_path: Path,
) -> None:
    newer, newer_work = another(goldenpath, app, tmp_path)
    emulator.commits.push(ready.slug, ready.commit)
    emulator.commits.push(ready.slug, newer.commit, ready.commit)
    ended = {}
    for each, files in ((newer, newer_work), (ready, work)):
        run = apps.event(tmp_path / each.commit, each) | {"GITHUB_REPOSITORY": ready.slug} | evidence(files)
        ended[each.commit] = goldenpath.run(*words("ecr-push", each, files, repository), more=run).ok().text
    tags = emulator.tags(repository)
    assert tags["latest"] == tags[newer.commit.short] != tags[ready.commit.short]
    assert "latest" not in [move.tag for move in work.read_receipt().tags]
    assert f"`latest` stays at the later commit {newer.commit.short}" in ended[ready.commit]
    assert "contents: read" not in ended[ready.commit] + ended[newer.commit]


def test_an_immutable_repository_takes_the_next_commit_too(
    goldenpath: Command, emulator: Local, ready: App, work: WorkFolder, frozen: str, app: App, tmp_path: Path
) -> None:
    push(goldenpath, ready, work, frozen).ok()
    changed, more = another(goldenpath, app, tmp_path)
    push(goldenpath, changed, more, frozen).ok()
    assert emulator.tags(frozen)[changed.commit.short] == more.read_candidate().digest
    assert emulator.tags(frozen)[ready.commit.short] == work.read_candidate().digest


@pytest.mark.parametrize("kind", ["repository", "frozen"])
def test_another_image_under_the_same_version_is_refused_before_anything_is_sent(
    goldenpath: Command, emulator: Local, ready: App, work: WorkFolder, app: App, tmp_path: Path, calls: list[Call],
    request: pytest.FixtureRequest, kind: str,
) -> None:  # fmt: skip
    name = request.getfixturevalue(kind)
    push(goldenpath, ready, work, name, "--version=1.0.0").ok()
    before, digest = emulator.tags(name), work.read_candidate().digest
    changed, more = another(goldenpath, app, tmp_path)
    calls.clear()
    done = push(goldenpath, changed, more, name, "--version=1.0.0")
    assert (done.code, done.error["code"]) == (35, "tag-taken")
    assert done.error["what"] == f"The tag 1.0.0 of {name} already names {digest}"
    assert {call.method for call in calls} == {"GET"}
    assert (emulator.tags(name), emulator.manifests(name)) == (before, {digest})


def test_a_failure_between_two_tags_leaves_nothing(
    goldenpath: Command, emulator: Local, ready: App, work: WorkFolder, repository: str, fault: Fault
) -> None:
    fault(lambda call: is_write(call, "1.0.0"))
    done = push(goldenpath, ready, work, repository, "--version=1.0.0")
    assert (done.code, done.error["code"]) == (34, "registry-refused")
    assert done.error["why"] == "HTTP 400: MANIFEST_INVALID: planted"
    assert (emulator.tags(repository), emulator.manifests(repository)) == ({}, set())
    assert work.read_receipt().state is State.UNDONE


def test_a_failure_between_two_manifests_of_an_index_leaves_nothing(
    goldenpath: Command, emulator: Local, app: App, repository: str, tmp_path: Path, fault: Fault
) -> None:
    app.write("Dockerfile", "FROM scratch\nARG TARGETARCH\nCOPY rootfs /$TARGETARCH\n")
    changed, work = another(goldenpath, app, tmp_path, "--platforms=linux/amd64,linux/arm64")
    second = work.read_candidate().platforms[1].digest
    fault(lambda call: call.method == "PUT" and call.reference == second)
    assert push(goldenpath, changed, work, repository).code == 34
    assert (emulator.tags(repository), emulator.manifests(repository)) == ({}, set())


def test_what_anothers_index_lists_by_now_stays_and_undo_and_repair_are_whole_without_it(
    goldenpath: Command, emulator: Local, ready: App, work: WorkFolder, repository: str, fault: Fault
) -> None:
    root, listed = Layout(work.layout).root(), []

    def list_it_and_fail(call: Call) -> bool:
        if is_write(call, ready.commit.short):
            listed.append(index_of(emulator, repository, root))
        return is_write(call, ready.commit.short)

    fault(list_it_and_fail)
    assert push(goldenpath, ready, work, repository).code == 34
    assert work.read_receipt().state is State.UNDONE
    killed = work.receipt.read_text().replace('"state": "undone"', '"state": "staged"')
    work.receipt.write_text(killed)
    repaired = goldenpath.run("release", "repair", work.receipt, "--yes").ok()
    assert f"✓ {root.digest} stays: an index lists it" in repaired.text
    assert work.read_receipt().state is State.UNDONE
    assert (emulator.tags(repository), emulator.manifests(repository)) == ({"later": listed[0]}, {*listed, root.digest})


def index_of(emulator: Local, repository: str, image: Descriptor) -> Digest:
    """Release an index that lists an image of the repository, as `later`, and return its digest."""
    admin = boto3.Session(emulator.admin.id, emulator.admin.secret, region_name=emulator.region)
    client = admin.client("ecr", endpoint_url=emulator.environment()["AWS_ENDPOINT_URL"])
    with (
        closing(client),
        closing(OciRegistry(Ecr(lambda: client).login(), EcrRepository(repository))) as registry,
    ):
        return registry.put_manifest(Tag("later"), INDEX, codec.encode(Index(2, [image])))


class Stopped:
    """A release that gets a signal while the registry is slow to answer the call which `chosen` picks.

    Slower than an undo takes: a write that was sent must not land after it.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, chosen: Callable[[Call], bool]) -> None:
        self._reached, self._go, admit = threading.Event(), threading.Event(), DataPlane.admit

        def slow(gate: DataPlane, call: Call, authorization: str) -> object:
            if not self._reached.is_set() and chosen(call):
                self._reached.set()
                assert self._go.wait(30)
            return admit(gate, call, authorization)

        monkeypatch.setattr(DataPlane, "admit", slow)

    def run(self, goldenpath: Command, number: signal.Signals, *given: str) -> Ended:
        child = goldenpath.start(*given)
        assert self._reached.wait(30)
        child.send_signal(number)
        release = threading.Timer(1.0, self._go.set)
        release.start()
        text, _ = child.communicate(timeout=60)
        release.join()
        time.sleep(0.2)
        return Ended(child.returncode, text)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_in_the_middle_of_its_tags_leaves_nothing(
    goldenpath: Command, emulator: Local, ready: App, work: WorkFolder, repository: str,
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals,
) -> None:  # fmt: skip
    stopped = Stopped(monkeypatch, lambda call: is_write(call, f"dev-{ready.commit.short}"))
    done = stopped.run(goldenpath, number, *words("ecr-push", ready, work, repository))
    assert (done.code, done.error["what"]) == (130, f"The run was stopped by {number.name}")
    assert (emulator.tags(repository), emulator.manifests(repository)) == ({}, set())
    assert work.read_receipt().state is State.UNDONE


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_step_whose_shell_is_stopped_leaves_nothing(
    goldenpath: Command, emulator: Local, ready: App, work: WorkFolder, repository: str,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: signal.Signals,
) -> None:  # fmt: skip
    """The runner signals the shell of the step and nothing else (actions/runner, `ProcessInvoker`)."""
    action, script = ROOT / "actions" / "ecr-push", tmp_path / "step.sh"
    script.write_text(yaml.safe_load((action / "action.yml").read_text())["runs"]["steps"][0]["run"])
    shell = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script))
    given = {
        "GITHUB_ACTION_PATH": str(action), "GOLDENPATH_LOCK": "dev", "GOLDENPATH_ENVIRONMENT": "dev",
        "GOLDENPATH_ECR_REPOSITORY": repository, "GOLDENPATH_SOURCE": str(ready.folder),
        "GOLDENPATH_WORK_DIR": str(work.path),
    }  # fmt: skip
    step = Command({**goldenpath.variables, **given}, shell)
    done = Stopped(monkeypatch, lambda call: is_write(call, f"dev-{ready.commit.short}")).run(step, number)
    assert (done.code, done.error["what"]) == (130, f"The run was stopped by {number.name}")
    assert (emulator.tags(repository), emulator.manifests(repository)) == ({}, set())


def test_a_run_that_is_stopped_after_it_moved_a_tag_moves_it_back(
    goldenpath: Command, emulator: Local, ready: App, work: WorkFolder, repository: str, app: App, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    push(goldenpath, ready, work, repository).ok()
    before, digest = emulator.tags(repository), work.read_candidate().digest
    changed, more = another(goldenpath, app, tmp_path)
    moved = []

    def first_look_after(call: Call) -> bool:
        moved.extend(["latest"] if is_write(call, "latest") else [])
        return bool(moved) and call.method == "GET"

    done = Stopped(monkeypatch, first_look_after).run(
        goldenpath, signal.SIGTERM, *words("ecr-push", changed, more, repository)
    )
    assert done.code == 130, done.text
    assert (emulator.tags(repository), emulator.manifests(repository)) == (before, {digest})
    assert [move.after for move in more.read_receipt().tags] == [None] * 3
