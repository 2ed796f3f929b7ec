"""Hole 2: the environment is a word of the caller; prod's role, account and ECR repository do not know it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from goldenpath.delivery.release import binding
from goldenpath.delivery.rules import matrix
from goldenpath.shared.errors import LoginRefused, UnknownEnvironment, WrongEnvironment
from tests import environments
from tests.attacks.attack import Edit, Patch, Refused, attack
from tests.attacks.roles import FILE, as_run, entered, printed, without
from tests.e2e import events
from tests.tools import apps
from tests.tools.conftest import ACCOUNT, ROLE

if TYPE_CHECKING:
    from goldenpath.delivery.model.work_folder import WorkFolder
    from tests.attacks.attack import Scene
    from tests.tools.command import Ended

BINDING = Patch("goldenpath.delivery.release.binding.require_own")
OF_PROD = f"arn:aws:iam::{ACCOUNT}:role/deliver-prod"


def prod_lists(scene: Scene, *, accounts: tuple[str, ...] = (), roles: tuple[str, ...] = ()) -> None:
    """Let the platform's policy list what belongs to prod."""
    *others, prod = matrix.load().environments
    policy = replace(matrix.load(), environments=(*others, replace(prod, accounts=accounts, roles=roles)))
    scene.monkeypatch.setattr(matrix, "load", lambda: policy)


def of_prod(scene: Scene) -> str:
    """Return the name of an ECR repository of prod, in the account that all environments share."""
    name: str = scene.fixture("repository")
    scene.fixture("emulator").create_repository(name, tags={binding.TAG: "prod"})
    return name


def ran(scene: Scene, stage: str, *more: str, **given: str) -> Ended:
    """Run a stage by dev's rules; `given` are other variables. Raises `Refused`."""
    app, work = scene.fixture("ready"), scene.fixture("work")
    words = (f"--source={app.folder}", f"--work-dir={work.path}", f"--ecr-repository={scene.fixture('repository')}")
    ended: Ended = scene.fixture("inside")(stage, "--environment=dev", *words, *more, more=given)
    if ended.code:
        raise Refused(ended.error["code"], ended.text)
    return ended


def require_released(scene: Scene, environment: str = "dev") -> None:
    """Assert that the image is in the repository, and that prod's gates never saw it."""
    work: WorkFolder = scene.fixture("work")
    tags = scene.fixture("emulator").tags(scene.fixture("repository"))
    assert tags[f"{environment}-{work.read_candidate().commit.short}"] == work.read_candidate().digest
    assert tags["latest"] == work.read_candidate().digest


@attack(2, WrongEnvironment, f"The role {OF_PROD} belongs to prod, and this run follows the rules of dev", BINDING)
def the_role_of_prod_is_handed_on_as_the_secret_of_dev(scene: Scene) -> None:
    prod_lists(scene, roles=(OF_PROD,))
    scene.fixture("emulator").create_role("deliver-prod")
    ran(scene, "ecr-push", GOLDENPATH_ROLE_ARN=OF_PROD)
    require_released(scene)


@attack(2, WrongEnvironment, "belongs to prod, and this run follows the rules of dev", BINDING)
def the_arn_of_the_role_of_prod_is_written_into_the_caller_in_capitals(scene: Scene) -> None:
    """IAM tells no names apart by case, and the list may have another path."""
    prod_lists(scene, roles=(f"arn:aws:iam::{ACCOUNT}:role/vault/deliver-prod",))
    scene.fixture("emulator").create_role("DELIVER-PROD")
    ran(scene, "ecr-push", f"--role-arn=arn:aws:iam::{ACCOUNT}:role/DELIVER-PROD")
    require_released(scene)


@attack(2, WrongEnvironment, "assumed-role/deliver-prod/", BINDING)
def the_role_of_prod_is_assumed_by_another_step_and_none_is_named(scene: Scene) -> None:
    prod_lists(scene, roles=(OF_PROD,))
    emulator = scene.fixture("emulator")
    emulator.create_role("deliver-prod")
    key = entered(emulator, OF_PROD)
    ran(scene, "ecr-push", GOLDENPATH_ROLE_ARN="", **key)
    require_released(scene)


@attack(
    2, WrongEnvironment, f"The AWS account {ACCOUNT} belongs to prod, and this run follows the rules of dev", BINDING
)
def another_role_in_the_account_of_prod_is_named(scene: Scene) -> None:
    prod_lists(scene, accounts=(ACCOUNT,))
    ran(scene, "ecr-push", GOLDENPATH_ROLE_ARN=f"arn:aws:iam::{ACCOUNT}:role/{ROLE}")
    require_released(scene)


@attack(2, WrongEnvironment, "belongs to prod, and this run follows the rules of dev", BINDING)
def the_ecr_repository_of_prod_is_named_in_an_account_that_all_share(scene: Scene) -> None:
    of_prod(scene)
    ran(scene, "ecr-push", "--version=9.9.9")
    require_released(scene)
    assert "9.9.9" in scene.fixture("emulator").tags(scene.fixture("repository"))


@attack(
    2, WrongEnvironment, "says `unbound: refused`", Patch("goldenpath.delivery.release.binding.unbound", lambda *_: "")
)
def an_ecr_repository_that_was_made_by_hand_is_named_where_the_platform_takes_none(scene: Scene) -> None:
    strict = replace(matrix.load(), unbound_refused=True)
    scene.monkeypatch.setattr(matrix, "load", lambda: strict)
    ran(scene, "ecr-push")
    require_released(scene)


@attack(2, UnknownEnvironment, "The environment local is for terminals, not for workflow runs",
        Patch("goldenpath.delivery.running.execution._refuse_local"))  # fmt: skip
def a_workflow_run_asks_for_the_rules_of_a_terminal(scene: Scene) -> None:
    app = scene.fixture("app").plant_package()
    ended = delivered(scene, "local", apps.event(scene.folder / "runner", app))
    assert "trivy-gate: PASS" not in ended.text
    require_released(scene, "local")


@attack(2, WrongEnvironment, "belongs to prod, and this run follows the rules of dev", BINDING)
def the_unchanged_template_is_dispatched_for_dev_where_one_role_serves_all(scene: Scene) -> None:
    """The commit is on main, and prod's gates block it."""
    app = scene.fixture("app").plant_package()
    of_prod(scene)
    delivered(scene, "dev", apps.event(scene.folder / "runner", app, "workflow_dispatch"))
    require_released(scene)


@attack(2, WrongEnvironment, "belongs to prod, and this run follows the rules of dev", BINDING)
def preflight_opens_the_ecr_repository_of_prod_by_the_rules_of_dev(scene: Scene) -> None:
    of_prod(scene)
    assert "may be released to: " in ran(scene, "preflight").text


@attack(2, WrongEnvironment, "belongs to prod, and this run follows the rules of dev", BINDING)
def what_is_in_prod_is_scanned_again_by_rules_that_only_advise(scene: Scene) -> None:
    ran(scene, "ecr-push", "--version=1.0.0")
    of_prod(scene)
    assert "PASS in dev (advisory)" in ran(scene, "rescan", "--released-tag=1.0.0").text


@attack(2, WrongEnvironment, "belongs to prod, and this run follows the rules of dev", BINDING)
def a_receipt_of_dev_has_an_operator_take_back_tags_of_prod(scene: Scene) -> None:
    ran(scene, "ecr-push", "--version=1.0.0")
    name, work = of_prod(scene), scene.fixture("work")
    work.receipt.write_text(work.receipt.read_text().replace('"state": "released"', '"state": "broken"')
                            .replace('"tag": "latest"', '"tag": "newest"'))  # fmt: skip
    words = ("--yes", "--confirm=1.0.0", "--confirm=newest")
    ended: Ended = scene.fixture("inside")("release", "repair", *words, work.receipt)
    if ended.code:
        raise Refused(ended.error["code"], ended.text)
    assert "1.0.0" not in scene.fixture("emulator").tags(name)


@attack(2, WrongEnvironment, "belongs to prod, and this run follows the rules of dev", BINDING)
def a_receipt_of_dev_is_verified_against_the_ecr_repository_of_prod(scene: Scene) -> None:
    ran(scene, "ecr-push")
    of_prod(scene)
    ended: Ended = scene.fixture("inside")("release", "verify", scene.fixture("work").receipt)
    if ended.code:
        raise Refused(ended.error["code"], ended.text)
    assert "every manifest and blob of it can be fetched" in ended.text


@attack(2, LoginRefused, "Not authorized to perform sts:AssumeRoleWithWebIdentity", without("ref"))
def a_branch_is_released_in_the_github_environment_of_prod(scene: Scene) -> None:
    trust = printed(scene, "--environment=prod", "--ref=refs/heads/main", f"--workflow={FILE}@refs/heads/main")
    as_run(scene, trust, sub="repo:team/my-app:environment:prod", environment="prod", ref="refs/heads/feature")


@attack(2, LoginRefused, "Not authorized to perform sts:AssumeRoleWithWebIdentity", without("sub", "environment"))
def a_run_for_dev_enters_the_role_of_prod(scene: Scene) -> None:
    trust = printed(scene, "--environment=prod", "--ref=refs/heads/main", f"--workflow={FILE}@refs/heads/main")
    as_run(scene, trust, sub="repo:team/my-app:environment:dev", environment="dev")


NOT_ASKED = Edit(
    "src/goldenpath/delivery/release/access.py", "    binding.require_own(access.policy, access.environment, target)\n"
)
# Each environment but prod has no role of its own, so the one that serves all is theirs too.
ONE_ROLE = {secret: f"NO_ROLE_OF_{name}" for name, secret in environments.ROLE_SECRETS.items()} | {
    "TF_AWS_IAM_ROLE_PROD": "AWS_ROLE_ARN"
}


@attack(2, WrongEnvironment, "belongs to prod, and this run follows the rules of dev",
        NOT_ASKED, under_runner=True)  # fmt: skip
def the_unchanged_template_is_dispatched_for_dev_with_the_role_of_prod(scene: Scene) -> None:
    app, emulator = scene.fixture("app").plant_package(), scene.fixture("emulator")
    emulator.create_repository("my-app", tags={binding.TAG: "prod"})
    ended = scene.fixture("deliver")(events.dispatch(app, environment="dev"), renamed=ONE_ROLE)
    if told := re.search(r"error\[([a-z-]+)\]", ended.text):
        raise Refused(told[1], ended.text)
    assert {f"dev-{app.commit.short}", app.commit.short, "latest"} == set(emulator.tags("my-app"))


def delivered(scene: Scene, environment: str, run: dict[str, str]) -> Ended:
    """Run the whole pipeline in one step of a workflow run, as `action.yml` does. Raises `Refused`."""
    app, work = scene.fixture("app"), scene.fixture("work")
    words = (f"--source={app.folder}", f"--work-dir={work.path}", f"--ecr-repository={scene.fixture('repository')}")
    ended: Ended = scene.fixture("inside")("deliver", f"--environment={environment}", *words, more=run)
    if ended.code:
        raise Refused(ended.error["code"], ended.text)
    return ended
