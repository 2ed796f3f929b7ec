"""A release that cannot be gets one clear error, and the registry is left as it was."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps
from tests.tools.conftest import ACCOUNT, Inside
from tests.tools.mistakes import Case, Place, untouched

from goldenpath.delivery.model.receipt import State
from goldenpath.delivery.registry import ecr_client
from goldenpath.local.aws.data_plane import Call, DataPlane, RefusedError
from goldenpath.shared import errors

if TYPE_CHECKING:
    from tests.tools.apps import App
    from tests.tools.command import Command, Ended

    from goldenpath.delivery.model.work_folder import WorkFolder
    from goldenpath.delivery.registry.registry_token import Login
    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools


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


OTHER, OTHER_COMMIT = "sha256:" + "0" * 64, "f" * 40


def of_another_commit(place: Place) -> Mapping[str, str]:
    edited("candidate.json", commit=OTHER_COMMIT)(place)
    return edited("gitleaks.verdict.json", subject=OTHER_COMMIT)(place)


RELEASES = (
    Case("no such ECR repository", errors.RepositoryMissing,
         "The ECR repository team/missing does not exist in eu-west-2", given={"ecr-repository": "team/missing"}),
    Case("no such role", errors.LoginRefused, "Could not assume the role arn:aws:iam::{account}:role/missing: "
         "AWS refused the login", "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity",
         given={"role-arn": f"arn:aws:iam::{ACCOUNT}:role/missing"}),
    Case("a role that does not trust this repository", errors.LoginRefused,
         "Could not assume the role arn:aws:iam::{account}:role/strangers: AWS refused the login",
         "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity",
         given={"role-arn": f"arn:aws:iam::{ACCOUNT}:role/strangers"}),
    Case("an expired OIDC token", errors.LoginRefused,
         "Could not assume the role arn:aws:iam::{account}:role/deliver: AWS refused the login",
         "ExpiredTokenException: Token expired", prepare=with_an_expired_token),
    Case("a run that may not have an OIDC token", errors.LoginRefused, "This run may not ask GitHub for an OIDC token",
         "ACTIONS_ID_TOKEN_REQUEST_URL", prepare=without_token),
    Case("no role and no credentials", errors.LoginRefused,
         "There are no AWS credentials, and no role was named",
         prepare=without_credentials),
    Case("AWS does not respond", errors.RegistryUnreachable,
         "Could not assume the role arn:aws:iam::{account}:role/deliver: AWS does not respond",
         "Could not connect to the endpoint URL", prepare=without_aws),
    Case("no candidate", errors.StageOutOfOrder, "candidate.json is missing from {work.path}", "`build` writes it",
         prepare=missing("candidate.json")),
    Case("no verdict", errors.StageOutOfOrder, "trivy.verdict.json is missing from {work.path}",
         "`trivy-gate` writes it", prepare=missing("trivy.verdict.json")),
    Case("the verdict of another environment", errors.StageOutOfOrder,
         "The verdict of gitleaks is about {app.commit} for dev, and the release is {app.commit} for prod",
         given={"environment": "prod"}),
    Case("a verdict about another image", errors.StageOutOfOrder,
         f"The verdict of trivy is about {OTHER} for dev, and the release is {{digest}} for dev",
         prepare=edited("trivy.verdict.json", subject=OTHER, result="pass")),
    Case("a verdict that blocks", errors.GateBlocked, "trivy does not allow this release", "trivy: BLOCK in dev",
         prepare=edited("trivy.verdict.json", result="block")),
    Case("an advisory verdict for prod", errors.GateBlocked, "gitleaks does not allow this release",
         "gitleaks: PASS in prod (advisory)", given={"environment": "prod"},
         prepare=edited("gitleaks.verdict.json", environment="prod")),
    Case("a verdict that is none", errors.StageOutOfOrder,
         "{work.path}/trivy.verdict.json is not a file that `trivy-gate` wrote", "Invalid enum value 'fine'",
         prepare=edited("trivy.verdict.json", result="fine")),
    Case("a candidate of which one byte changed", errors.CandidateChanged, "{layer} is not what its digest says",
         prepare=one_byte_changed),
    Case("another candidate than the one that was built", errors.StageOutOfOrder,
         f"The verdict of trivy is about {{digest}} for dev, and the release is {OTHER} for dev",
         prepare=edited("candidate.json", digest=OTHER)),
    Case("a candidate of another commit, kept from its own run", errors.StageOutOfOrder,
         f"The candidate is of the commit {OTHER_COMMIT}, and this run is about {{app.commit}}",
         "The tags of this run would name an image of another commit", prepare=of_another_commit),
    Case("a pull request", errors.BadInput, "A pull request is checked, never released", prepare=pull_request),
    Case("a branch that prod does not take", errors.BadInput, "refs/heads/feature may not be released to prod.",
         "The platform allows refs/heads/main, refs/tags/v*", given={"environment": "prod"}, prepare=push_to_a_branch),
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
    assert not work.receipt.exists() or work.read_receipt().state is State.UNDONE


def push(inside: Inside, app: App, work: WorkFolder, repository: str) -> Ended:
    return inside(
        "ecr-push", "--environment=dev", f"--ecr-repository={repository}", f"--source={app.folder}",
        f"--work-dir={work.path}",
    )  # fmt: skip


def test_a_login_that_expires_before_the_push_is_told_as_such(
    inside: Inside, emulator: Local, ready: App, work: WorkFolder, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = ecr_client.Ecr.login

    def expiring(ecr: ecr_client.Ecr) -> Login:
        given = login(ecr)
        emulator.expire_logins()
        return given

    monkeypatch.setattr(ecr_client.Ecr, "login", expiring)
    done = push(inside, ready, work, repository)
    assert (done.code, done.error["code"]) == (30, "login-refused")
    assert "expired" in done.error["why"]
    assert untouched(emulator, repository)


def test_a_registry_at_which_nothing_listens_is_told_as_such(
    inside: Inside, emulator: Local, ready: App, work: WorkFolder, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    login, place = ecr_client.Ecr.login, dead_port()
    monkeypatch.setattr(ecr_client.Ecr, "login", lambda ecr: replace(login(ecr), endpoint=place))
    done = push(inside, ready, work, repository)
    assert (done.code, done.error["code"]) == (33, "registry-unreachable")
    assert done.error["what"] == f"{place} does not respond"
    assert untouched(emulator, repository)


def test_a_registry_that_breaks_off_in_the_middle_leaves_nothing(
    inside: Inside, emulator: Local, ready: App, work: WorkFolder, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    admit = DataPlane.admit

    def breaking(gate: DataPlane, call: Call, authorization: str) -> object:
        if call.kind == "manifests" and call.method == "PUT":
            raise RefusedError(503, "UNAVAILABLE", "come back later")
        return admit(gate, call, authorization)

    monkeypatch.setattr(DataPlane, "admit", breaking)
    done = push(inside, ready, work, repository)
    assert (done.code, done.error["code"]) == (34, "registry-refused")
    assert "HTTP 503: UNAVAILABLE: come back later" in done.error["why"]
    assert untouched(emulator, repository)
