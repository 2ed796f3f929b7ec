"""The platform and an app on a real runner, with one emulator for both: where registries are asked for and used."""

from __future__ import annotations

import itertools
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3

from goldenpath.shared.toolchain import Toolchain
from tests.doubles.local import LocalWithGitHub
from tests.e2e import act, events, platform_copy
from tests.e2e.delivery_runs import ACCOUNT, CALLER, Roles
from tests.e2e.platform_copy import SLUG
from tests.terraform_provider import world as worlds
from tests.tools import apps
from tests.tools.apps import App
from tests.tools.registry_platform import counted, git, push_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.e2e.act import Ended
    from tests.e2e.events import Event

# Names of buckets are one space for all emulators of a process, as they are for all accounts of AWS.
BUCKET, BASE = "state-of-the-platform", "development"
ASKED = {"environment": "dev", "name": "my-app", "owner": "team-web", "requester": "octocat", "domain": "shop",
         "risk": "low"}  # fmt: skip


@dataclass
class World:
    """The platform's repository, the emulator, and a runner for both the platform and an app.

    `default` is the commit at which the default branch stays; where it is empty, that one follows the base branch.
    """

    local: LocalWithGitHub
    platform: App
    app: App
    folder: Path
    surroundings: Mapping[str, str]
    reattach: str
    runs: list[Path] = field(default_factory=list)
    lock_seconds: int = 60
    default: str = ""
    before: str = ""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def run(self, repository: App, event: Event, workflow: str) -> Ended:
        number = next(self.numbers)
        folder = self.folder / f"run-{number}"
        self.runs.append(folder)
        found = self.local.environment(subject=f"repo:{repository.slug}:ref:{event.ref}", repository=repository.slug)
        del found["AWS_REGION"]
        token = found.pop("GITHUB_TOKEN")
        roles = Roles(self.local, repository.slug).create()
        plan = {name.replace("IAM", "PLAN"): arn for name, arn in roles.items()}
        act_itself = act.Act(
            Toolchain.load().provide("act").path,
            platform_copy.repositories(platform_copy.served(self.platform.folder, self.folder / f"platform-{number}")),
            {
                **self.surroundings,
                **found,
                "GITHUB_REPOSITORY": repository.slug,
                "GITHUB_RUN_ID": str(number),
                # An outage is an outage after two attempts too.
                "AWS_MAX_ATTEMPTS": "2",
                "GOLDENPATH_LOCK_SECONDS": str(self.lock_seconds),
                "TF_REATTACH_PROVIDERS": self.reattach,
            },
            {**roles, **plan, "GITHUB_TOKEN": token, "GOLDENPATH_APPS_TOKEN": token},
            {"TF_STATE_BUCKET": BUCKET},
        )
        self.local.runs.start(repository.slug, number, workflow, act.ACTOR, BASE, event.name)
        ended = act_itself.run(repository.folder, event, workflow, folder)
        for artifact in ended.artifacts.iterdir():
            self.local.runs.keep(repository.slug, number, artifact.name)
        return ended

    def dispatch(self, workflow: str, **inputs: str) -> Ended:
        event = events.dispatch(self.platform, f"refs/heads/{BASE}", **inputs)
        return self.run(self.platform, event, f".github/workflows/{workflow}.yml")

    def merge(self, approver: str = "second") -> Ended:
        """Merge the newest pull request, which `approver` approved, and run what answers to that."""
        thread = self.local.threads.of(SLUG)[-1]
        self.platform.git("fetch", "--quiet", str(self.runs[-1] / "origin"), f"+{thread.head}:refs/heads/{thread.head}")
        self.local.threads.push(SLUG, thread.number, git(self.platform.folder, "rev-parse", thread.head))
        if approver:
            self.local.threads.review(SLUG, thread.number, approver)
        self.before = str(self.platform.commit)
        git(self.platform.folder, "merge", "--quiet", "--no-ff", "--message=Merge", thread.head)
        told = counted(self.platform.folder, self.before, thread.head)
        self.local.threads.merge(SLUG, thread.number, str(self.platform.commit), told)
        return self.apply()

    def apply(self) -> Ended:
        """Run what answers to the push of the newest merge; again, as a re-run of that job does."""
        return self.pushed(self.before)

    def pushed(self, before: str, **more: object) -> Ended:
        """Run what answers to a push that moved the base branch from `before` to where it is."""
        folder = self.platform.folder
        git(folder, "branch", "--force", platform_copy.DEFAULT_BRANCH, self.default or BASE)
        about = events.dispatch(self.platform).payload["repository"]
        payload = push_event(before, str(self.platform.commit), **{"repository": about, **more})
        event = events.Event("push", payload, f"refs/heads/{BASE}")
        return self.run(self.platform, event, ".github/workflows/ecr-auto-apply.yml")

    def edit(self, path: str, old: str, new: str) -> None:
        """Change a file of the platform by hand."""
        file = self.platform.folder / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
        git(self.platform.folder, "commit", "--quiet", "--all", "--message=By hand")

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

    def pull(self, name: str) -> None:
        """Pull every image of the registry `name`, as far as ECR notes it."""
        images = self.client("ecr").describe_images(repositoryName=name)["imageDetails"]
        wanted = [{"imageDigest": image["imageDigest"]} for image in images]
        assert self.client("ecr").batch_get_image(repositoryName=name, imageIds=wanted)["images"]

    @contextmanager
    def outage_after(self, operation: str) -> Iterator[None]:
        """Let AWS drop every connection from the first answer to `operation` on, until the block ends."""
        server = self.local._aws_server  # noqa: SLF001
        real, down = server.app, threading.Event()

        def failing(environ: Any, start_response: Any) -> Any:  # noqa: ANN401  as WSGI asks for it
            if down.is_set():
                environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
                raise ConnectionAbortedError
            answer = real(environ, start_response)
            if environ.get("HTTP_X_AMZ_TARGET", "").endswith(f".{operation}"):
                down.set()
            return answer

        server.app = failing
        try:
            yield
        finally:
            server.app = real
        assert down.is_set(), f"{operation} was never asked for"


@contextmanager
def running(surroundings: Mapping[str, str], folder: Path, platform: Path | None = None) -> Iterator[World]:
    """Give a world whose platform describes what this repository does, and whose account is empty.

    `platform` is the copy of this repository that becomes it; one is made where none is given.
    """
    copy = platform or platform_copy.make(folder / "platform", whole=True)
    git(copy, "init", "--quiet", f"--initial-branch={BASE}")
    git(copy, "add", ".")
    git(copy, "commit", "--quiet", "--message=The platform")
    app = apps.make(folder / "app", **{CALLER: platform_copy.CALLER.read_text()})
    with LocalWithGitHub.start(folder / "emulator", account=ACCOUNT) as local:
        variables = {
            "AWS_ENDPOINT_URL": local.environment()["AWS_ENDPOINT_URL"], "AWS_REGION": local.region,
            "AWS_ACCESS_KEY_ID": local.admin.id, "AWS_SECRET_ACCESS_KEY": local.admin.secret, "AWS_MAX_ATTEMPTS": "2",
        }  # fmt: skip
        local.runs.files[f"{SLUG.partition('/')[0]}/my-app"] = {CALLER: platform_copy.CALLER.read_text()}
        with worlds.stand_in(variables) as reattach:
            found = World(local, App(copy, SLUG), app, folder, surroundings, reattach)
            where = {"LocationConstraint": local.region}
            found.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
            yield found
