"""A newcomer's way through docs/setup.md: from an empty AWS account to a first release, by the document's commands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from moto.iam.access_control import PermissionResult
from moto.iam.models import iam_backends
from moto.s3.models import FakeBucket
from tests.doubles.aws import registry_settings
from tests.terraform_provider import world as worlds
from tests.tools import account_world, apps, command
from tests.tools.command import ROOT, Ended

from goldenpath.local.server import Local
from goldenpath.registries.terraform import program

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.tools.apps import App
    from tests.tools.command import Command

    from goldenpath.delivery.model.work_folder import WorkFolder

pytestmark = pytest.mark.tools
BLOCKS = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
ACCOUNT, BUCKET, REGION = "444455556666", "our-org-goldenpath-state", "eu-west-2"
PLATFORM, APP_ID = "mikeybeezy/goldenpath-idp-infra", "678"
WORKFLOW = f"{PLATFORM}/.github/workflows/_build-and-release.yml@refs/heads/main"
PATIENCE = 120
GH_CALLS = "gh-calls"


@dataclass(frozen=True)
class Newcomer:
    """Somebody in a checkout of the platform, with an admin's login to an account that holds nothing."""

    checkout: Path
    local: Local
    variables: Mapping[str, str]

    def run(self, block: str, **more: str) -> Ended:
        """Run the commands of a block of the document, as they are written there."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block], cwd=self.checkout, env={**self.variables, **more},
            input="yes\n", capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout + done.stderr)


@pytest.fixture
def newcomer(goldenpath: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newcomer]:
    registry_settings.install()
    # There is no TLS on loopback: the bucket's policy would refuse every request, and rightly.
    monkeypatch.setattr(FakeBucket, "get_permission", lambda *_: PermissionResult.NEUTRAL)
    checkout = platform(tmp_path / "platform")
    with Local.start(tmp_path / "emulator", account=ACCOUNT) as local:
        login = {
            "AWS_ENDPOINT_URL": local.environment()["AWS_ENDPOINT_URL"],
            "AWS_ACCESS_KEY_ID": local.admin.id,
            "AWS_SECRET_ACCESS_KEY": local.admin.secret,
            "AWS_REGION": REGION,
        }
        # The emulator comes with the provider; a new account of AWS does not.
        iam_backends[ACCOUNT]["aws"].open_id_providers.clear()
        with worlds.stand_in(login) as reattach:
            kept = {name: value for name, value in goldenpath.variables.items() if "TOKEN" not in name}
            variables = {
                **kept, **login, "TF_REATTACH_PROVIDERS": reattach, "CHECKPOINT_DISABLE": "1",
                "PATH": f"{programs(tmp_path / 'bin', goldenpath)}:{kept['PATH']}",
            }  # fmt: skip
            yield Newcomer(checkout, local, variables)


def platform(folder: Path) -> Path:
    """Return a checkout of the platform's repository, as far as its account and its registries go."""
    account_world.checkout(folder)
    for name in ("envs", "docs", ".github"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".terraform", "adr"))
    origin = f"https://github.com/{PLATFORM}.git"
    somebody = ("-c", "user.name=N", "-c", "user.email=n@example.com")
    for words in (
        ("init", "-q", "-b", "main"), ("remote", "add", "origin", origin), ("add", "-A"),
        (*somebody, "commit", "-qm", "All"),
    ):  # fmt: skip
        subprocess.run(["git", *words], cwd=folder, check=True, timeout=PATIENCE)
    return folder


def programs(folder: Path, goldenpath: Command) -> Path:
    """Return a folder with `goldenpath` and `terraform`, as an installation would put them on the path."""
    folder.mkdir()
    terraform = shutil.which(program.find_program())
    assert terraform
    for name, words in (("goldenpath", goldenpath.words), ("terraform", (terraform,))):
        (folder / name).write_text(f'#!/bin/sh\nexec {" ".join(words)} "$@"\n')
        (folder / name).chmod(0o755)
    assert sys.executable in goldenpath.words
    # A double: it writes down what it is called with, and stores nothing.
    (folder / "gh").write_text(f'#!/bin/sh\necho "$@" >> {GH_CALLS}\n')
    (folder / "gh").chmod(0o755)
    return folder


def blocks(title: str) -> list[str]:
    """Return the blocks of commands of one chapter of the document."""
    text = (ROOT / "docs" / "setup.md").read_text()
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#)", text, re.MULTILINE | re.DOTALL)
    assert found
    return BLOCKS.findall(found[1])


def test_an_empty_account_becomes_one_that_releases_by_the_commands_of_the_document(
    newcomer: Newcomer, goldenpath: Command, checked: tuple[App, WorkFolder], work: WorkFolder
) -> None:
    copy, apply, store, check = blocks("An AWS account")
    request, register = blocks("A first registry")
    before = newcomer.run(check)
    assert before.code != 0
    assert "has no OIDC provider for GitHub" in before.text
    assert f"there is no bucket {BUCKET}" in before.text

    newcomer.run(copy).ok()
    app, original = checked
    settings(newcomer, app)
    outputs = newcomer.run(f"{apply}terraform -chdir=examples/account output -json > outputs.json").ok()
    assert "my-app-dev" in outputs.text
    secrets = json.loads((newcomer.checkout / "outputs.json").read_text())
    newcomer.run(store).ok()
    roles, waits = secrets["secrets"]["value"], "registry-apply-dev"
    assert stored_on_github(newcomer) == [
        f"api --silent repos/{PLATFORM}/environments/registry-apply-dev",
        f"secret set TF_AWS_PLAN_ROLE_DEV --repo {PLATFORM} --body {roles['TF_AWS_PLAN_ROLE_DEV']}",
        f"secret set TF_AWS_IAM_ROLE_DEV --repo {PLATFORM} --env {waits} --body {roles['TF_AWS_IAM_ROLE_DEV']}",
        f"variable set TF_STATE_BUCKET --repo {PLATFORM} --body {BUCKET}",
    ]
    after = newcomer.run(check).ok().text
    assert " 0 errors" in after
    assert f"the bucket {BUCKET} is versioned, encrypted and private" in after
    assert "what the platform's roles read does not count as use" in after

    planned = newcomer.run(request).ok()
    (digest,) = set(re.findall(r"sha256:[0-9a-f]{64}", planned.text))
    newcomer.run(register, DIGEST=digest).ok()

    shutil.copytree(original.path, work.path)
    role = secrets["release_roles"]["value"]["my-app-dev"]
    done = released(newcomer, goldenpath, app, work, role, WORKFLOW).ok()
    assert "released" in done.text
    assert newcomer.local.tags("my-app")
    stranger = released(newcomer, goldenpath, app, work, role, WORKFLOW.replace("_build-and-release", "own"))
    assert stranger.error["code"] == "login-refused"


def stored_on_github(newcomer: Newcomer) -> list[str]:
    """Return what the double of GitHub's command line was called with."""
    return (newcomer.checkout / GH_CALLS).read_text().splitlines()


def settings(newcomer: Newcomer, app: App) -> None:
    """Fill in the copy of the example, as the document asks."""
    file = newcomer.checkout / "examples" / "account" / "terraform.tfvars"
    names = {
        "123456789012": ACCOUNT,
        "our-org/platform": PLATFORM,
        "our-org/my-app": app.slug,
        "refs/heads/development": "refs/heads/main",
    }
    text = file.read_text()
    for written, name in names.items():
        assert written in text
        text = text.replace(written, name)
    file.write_text(text)


def released(newcomer: Newcomer, goldenpath: Command, app: App, work: WorkFolder, role: str, workflow: str) -> Ended:
    """Run the stage that releases, as a run of `workflow` of the app has it."""
    there = newcomer.local.environment(subject=f"repo:{app.slug}:ref:refs/heads/main", repository=app.slug)
    token = f"{there['ACTIONS_ID_TOKEN_REQUEST_URL']}&repository_id={APP_ID}&job_workflow_ref={workflow}"
    run = {**there, "ACTIONS_ID_TOKEN_REQUEST_URL": token, "GOLDENPATH_ROLE_ARN": role}
    event = apps.event(newcomer.checkout.parent / "runner", app)
    words = (f"--source={app.folder}", f"--work-dir={work.path}", "--environment=dev", "--ecr-repository=my-app")
    return goldenpath.run("ecr-push", *words, more={**run, **event, **command.evidence(work)})
