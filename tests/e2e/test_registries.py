"""A registry's whole life on a real runner: asked for, reviewed, made, delivered to, deprecated, removed."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from goldenpath.local.server import Local
from goldenpath.tools.toolchain import Toolchain
from tests.e2e import act, events, platform_copy
from tests.e2e.conftest import ACCOUNT, CALLER, Roles
from tests.e2e.platform_copy import SLUG
from tests.terraform_provider import world as worlds
from tests.tools import apps
from tests.tools.apps import App
from tests.tools.registry_platform import git, merged_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.e2e.act import Ended
    from tests.e2e.events import Event

pytestmark = pytest.mark.e2e
# Names of buckets are one space for all emulators of a process, as they are for all accounts of AWS.
BUCKET, BASE = "state-of-the-platform", "development"
ASKED = {"environment": "dev", "name": "my-app", "owner": "team-web", "requester": "octocat", "domain": "shop",
         "risk": "low"}  # fmt: skip


@dataclass
class World:
    """The platform's repository, the emulator, and a runner for both the platform and an app."""

    local: Local
    platform: App
    app: App
    folder: Path
    surroundings: Mapping[str, str]
    reattach: str
    runs: list[Path] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(self, repository: App, event: Event, workflow: str) -> Ended:
        folder = self.folder / f"run-{next(self.numbers)}"
        self.runs.append(folder)
        found = self.local.environment(subject=f"repo:{repository.slug}:ref:{event.ref}", repository=repository.slug)
        del found["AWS_REGION"]
        token = found.pop("GITHUB_TOKEN")
        roles = Roles(self.local, repository.slug).create()
        plan = {name.replace("IAM", "PLAN"): arn for name, arn in roles.items()}
        act_itself = act.Act(
            Toolchain.load().provide("act").path,
            platform_copy.repositories(self.platform.folder),
            {
                **self.surroundings,
                **found,
                "GITHUB_REPOSITORY": repository.slug,
                "TF_REATTACH_PROVIDERS": self.reattach,
            },
            {**roles, **plan, "GITHUB_TOKEN": token, "GOLDENPATH_APPS_TOKEN": token},
            {"TF_STATE_BUCKET": BUCKET},
        )
        return act_itself.run(repository.folder, event, workflow, folder)

    def dispatch(self, workflow: str, **inputs: str) -> Ended:
        event = events.dispatch(self.platform, f"refs/heads/{BASE}", **inputs)
        return self.run(self.platform, event, f".github/workflows/{workflow}.yml")

    def merge(self) -> Ended:
        """Merge the newest pull request, and run what answers to that."""
        thread = self.local.threads.of(SLUG)[-1]
        self.platform.git("fetch", "--quiet", str(self.runs[-1] / "origin"), f"+{thread.head}:refs/heads/{thread.head}")
        git(self.platform.folder, "merge", "--quiet", "--no-ff", "--message=Merge", thread.head)
        self.local.threads.merge(SLUG, thread.number, str(self.platform.commit))
        payload: dict[str, Any] = merged_event(thread, str(self.platform.commit))
        payload["pull_request"]["head"]["repo"]["full_name"] = SLUG
        about = events.dispatch(self.platform).payload["repository"]
        event = events.Event("pull_request", {**payload, "repository": about}, f"refs/heads/{BASE}")
        return self.run(self.platform, event, ".github/workflows/ecr-auto-apply.yml")

    def deliver(self) -> Ended:
        return self.run(self.app, events.push(self.app, "development"), CALLER)

    def client(self, service: str) -> Any:  # noqa: ANN401
        key = self.local.admin
        return boto3.client(  # type: ignore[call-overload]
            service, region_name=self.local.region, endpoint_url=self.local.environment()["AWS_ENDPOINT_URL"],
            aws_access_key_id=key.id, aws_secret_access_key=key.secret,
        )  # fmt: skip

    def names(self) -> list[str]:
        return [each["repositoryName"] for each in self.client("ecr").describe_repositories()["repositories"]]


@pytest.fixture
def world(surroundings: Mapping[str, str], tmp_path: Path) -> Iterator[World]:
    copy = platform_copy.make(tmp_path / "platform")
    git(copy, "init", "--quiet", f"--initial-branch={BASE}")
    git(copy, "add", ".")
    git(copy, "commit", "--quiet", "--message=The platform")
    app = apps.make(tmp_path / "app", **{CALLER: platform_copy.CALLER.read_text()})
    with Local.start(tmp_path / "emulator", account=ACCOUNT) as local:
        variables = {
            "AWS_ENDPOINT_URL": local.environment()["AWS_ENDPOINT_URL"], "AWS_REGION": local.region,
            "AWS_ACCESS_KEY_ID": local.admin.id, "AWS_SECRET_ACCESS_KEY": local.admin.secret
        }  # fmt: skip
        with worlds.stand_in(variables) as reattach:
            found = World(local, App(copy, SLUG), app, tmp_path, surroundings, reattach)
            where = {"LocationConstraint": local.region}
            found.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
            yield found


def test_a_registry_from_request_to_removal(world: World) -> None:
    asked = world.dispatch("create-ecr-registry", **ASKED)
    assert asked.code == 0, asked.text
    (pull,) = world.local.threads.of(SLUG)
    assert (pull.head, pull.labels) == ("registry/dev/my-app", ["ecr-registry"])
    assert world.names() == []

    applied = world.merge()
    assert applied.code == 0, applied.text
    assert world.names() == ["my-app"]
    (issue,) = world.local.threads.of(f"{SLUG.partition('/')[0]}/my-app")
    assert issue.title == "Your registry my-app in dev is ready"

    delivered = world.deliver()
    assert delivered.code == 0, delivered.text
    assert f"dev-{world.app.commit[:7]}" in world.local.tags("my-app")

    deprecated = world.dispatch("retire-ecr-registry", environment="dev", name="my-app", step="deprecate",
                                grace_days="30")  # fmt: skip
    assert deprecated.code == 0, deprecated.text
    assert world.merge().code == 0

    before = world.local.tags("my-app")
    world.app.write("rootfs/new", "new").save("Another version")
    refused = world.deliver()
    assert refused.code == 1, refused.text
    assert "explicit deny in a resource-based policy" in refused.text
    assert world.local.tags("my-app") == before

    early = world.dispatch("retire-ecr-registry", environment="dev", name="my-app", step="remove", grace_days="30")
    assert early.code != 0
    assert "its grace period runs until" in early.text
    let_time_pass(world)
    removal = world.dispatch("retire-ecr-registry", environment="dev", name="my-app", step="remove", grace_days="30")
    assert removal.code == 0, removal.text
    gone = world.merge()
    assert gone.code == 0, gone.text
    assert world.names() == []
    listed = gone.artifact("registry-backup", "dev-my-app.json")
    assert f"dev-{world.app.commit[:7]}" not in str(listed)
    assert [tag for image in listed["images"] for tag in image["tags"]]


def let_time_pass(world: World) -> None:
    """Date the deprecation back, as if its grace period were over."""
    path = world.platform.folder / "envs" / "dev" / "ecr.tf"
    lines = path.read_text().splitlines(keepends=True)
    dates = {"deprecated_since": "2026-01-01", "remove_after": "2026-02-01"}
    for at, line in enumerate(lines):
        name = line.strip().partition(" ")[0]
        if name in dates and '"20' in line:
            lines[at] = f'{line.partition("= ")[0]}= "{dates[name]}"\n'
    path.write_text("".join(lines))
    git(world.platform.folder, "commit", "--quiet", "--all", "--message=Time passes")


def test_an_unknown_risk_ends_the_wizard_with_words(world: World) -> None:
    ended = world.dispatch("create-ecr-registry", **{**ASKED, "risk": "extreme"})
    assert ended.code != 0
    assert "'extreme' is not one of low, medium, high" in ended.text
    assert world.local.threads.of(SLUG) == []


def test_two_wizards_at_once_open_a_pull_request_each(world: World) -> None:
    names = ("my-app", "other-app")
    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(lambda name: world.dispatch("create-ecr-registry", **{**ASKED, "name": name}), names))
    assert [each.code for each in ended] == [0, 0], "\n".join(each.text for each in ended)
    assert sorted(each.head for each in world.local.threads.of(SLUG)) == [f"registry/dev/{name}" for name in names]


def test_a_plan_that_drifted_since_its_review_is_not_applied(world: World) -> None:
    assert world.dispatch("create-ecr-registry", **ASKED).code == 0
    risk = world.platform.folder / "modules" / "aws_ecr" / "risk.tf"
    risk.write_text(risk.read_text().replace("20", "21"))
    git(world.platform.folder, "commit", "--quiet", "--all", "--message=Keep more")
    ended = world.merge()
    assert ended.jobs == {"apply": "failure"}, ended.text
    assert "the plan is not the one that was reviewed" in ended.text
    assert world.names() == []
    (said,) = world.local.threads.of(SLUG)[0].comments.values()
    assert said.startswith("### Not applied: the plan is not the one that was reviewed")


def test_the_hygiene_report_is_one_issue(world: World) -> None:
    for _ in range(2):
        ended = world.dispatch("ecr-hygiene")
        assert ended.code == 0, ended.text
    (issue,) = world.local.threads.of(SLUG)
    assert "**Registries that comply with every rule: 0 of 1 (0 %).**" in issue.body
