"""The fault campaign: every fault to every request of a release, once and persistently.

After each run the registry's tags must be exactly the old set or exactly the new one, nothing untagged may be left
that the error does not name, and a plain re-run must succeed. `python -m tests.faults.campaign` runs all of it.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast
from unittest import mock

from botocore.config import Config

from goldenpath.delivery.github.history import CommitOrder
from goldenpath.delivery.model.candidate import Candidate
from goldenpath.delivery.model.event import Event
from goldenpath.delivery.model.finding import Gate, Scanner, Severity
from goldenpath.delivery.model.inputs import Request as Wish
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.model.verdict import Mode, Result, Verdict
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.delivery.release.latest import Latest
from goldenpath.delivery.rules import matrix
from goldenpath.delivery.stage import Run
from goldenpath.delivery.stages import ecr_push
from goldenpath.local.server import Local
from goldenpath.shared import aws_sdk, codec, http, runner
from goldenpath.shared.errors import GoldenPathError
from goldenpath.shared.names import Commit, EcrRepository, Region, RoleArn, Version
from goldenpath.shared.runner import Runner
from goldenpath.shared.toolchain import Toolchain
from tests.faults.proxy import Fault, Plan, Proxy, Request
from tests.unit.builders import COMMIT
from tests.unit.layout_builder import AMD64, ARM64, layout

if TYPE_CHECKING:
    from goldenpath.delivery.github.history import History

# Only a silence must be waited for. Elsewhere the client is patient: on a busy machine one that is not sends a request
# again that nothing happened to.
SILENCE, IMPATIENT, PATIENT = 1.0, 0.5, 60.0
ACCOUNT = "345678901234"
LINES = 40
OTHER_COMMIT = "f" * 40


@dataclass(frozen=True)
class Situation:
    """What the repository holds before a release (`earlier`: a commit), and what kind of image is released.

    `order` is how the commit that is released stands to that one.
    """

    name: str
    immutable: bool = False
    earlier: str = ""
    several_platforms: bool = False
    order: CommitOrder = CommitOrder.LATER


SITUATIONS = (
    Situation("an empty repository"),
    Situation("an immutable repository", immutable=True),
    Situation("the same commit, built before", earlier=COMMIT),
    Situation("an earlier commit, and two platforms", earlier=OTHER_COMMIT, several_platforms=True),
    Situation("a later commit", earlier=OTHER_COMMIT, order=CommitOrder.EARLIER),
)


@dataclass
class Tally:
    """How the runs ended."""

    runs: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the figures in one line."""
        old, new, torn = (self.ends[end] for end in ("all-old", "all-new", "torn"))
        return (
            f"faults {self.runs}, all-old {old}, all-new {new}, torn {torn}, wrong otherwise {len(self.wrong) - torn}"
        )


class Stand:
    """An emulator behind two proxies, and releases through them."""

    def __init__(self, folder: Path, local: Local, registry: Proxy, control: Proxy) -> None:
        self.folder = folder
        self.local = local
        self.proxies = (registry, control)
        self.role = RoleArn(local.create_role("faults"))
        self.order = CommitOrder.LATER
        self._number = 0
        self._works: dict[tuple[str, bool], WorkFolder] = {}

    def plan(self, request: Request | None, fault: Fault, *, persistent: bool) -> Plan:
        """Set the same fault in both proxies."""
        plan = Plan(request, fault, persistent)
        for proxy in self.proxies:
            proxy.plan = plan
        return plan

    def latest_of(self, run: Run) -> Latest:
        """Return what decides about `latest`: no run of these is a workflow run, which would ask GitHub."""
        history = SimpleNamespace(order=lambda _commit, _other: self.order, tip=lambda _ref: "")
        return Latest(run.event.commit, cast("History", history))

    def prepare(self, situation: Situation) -> EcrRepository:
        """Return a new repository in `situation`."""
        self._number += 1
        self.order = situation.order
        name = EcrRepository(f"faults/{self._number:05d}")
        self.local.create_repository(name, immutable=situation.immutable)
        if situation.earlier:
            self.plan(None, Fault.SILENCE, persistent=False)
            self.release(name, self.work(situation.earlier, b"earlier", several=False))
        return name

    def release(self, name: EcrRepository, work: WorkFolder, read_timeout: float = PATIENT) -> GoldenPathError | None:
        """Release what is in `work`; return the error it ended with, if any."""
        waits = Config(retries={"mode": "standard", "max_attempts": 3}, connect_timeout=10, read_timeout=read_timeout)
        with (
            mock.patch.dict(http.Http.__init__.__kwdefaults__ or {}, read_timeout=read_timeout),
            mock.patch.object(aws_sdk, "_CONFIG", waits),
        ):
            try:
                ecr_push.run(self._run(name, work))
            except GoldenPathError as error:
                return error
        return None

    def work(self, commit: str, content: bytes, *, several: bool) -> WorkFolder:
        """Return a work folder with a candidate that both gates let through."""
        key = (f"{commit[:7]}-{content.decode()}", several)
        if key not in self._works:
            self._works[key] = checked(self.folder / f"{key[0]}-{several}", commit, content, several=several)
        return self._works[key]

    def new_work(self, situation: Situation) -> WorkFolder:
        """Return the work folder of the release that `situation` is about."""
        return self.work(COMMIT, b"new", several=situation.several_platforms)

    def _run(self, name: EcrRepository, work: WorkFolder) -> Run:
        policy = matrix.load()
        commit = work.read_candidate().commit
        wish = Wish(
            environment="dev", ecr_repository=name, aws_region=Region(self.local.region), role_arn=self.role,
            version=Version("1.4.2") if commit == COMMIT else None, work_dir=work.path,
        )  # fmt: skip
        event = Event("push", commit, "refs/heads/development", "team/app")
        return Run(
            wish, event, policy, policy.environment("dev"), work, Runner(), Toolchain.load().provide, lambda _: None
        )


def campaign(stand: Stand, cases: Sequence[tuple[Situation, Request, Fault, bool]]) -> Tally:
    """Run every case and return how they ended."""
    tally = Tally()
    for situation, request, fault, persistent in cases:
        _run_case(stand, tally, situation, request, fault, persistent=persistent)
    return tally


def cases(stand: Stand) -> Iterator[tuple[Situation, Request, Fault, bool]]:
    """Yield every situation with every request that its release makes, with every fault, once and persistently."""
    for situation in SITUATIONS:
        name = stand.prepare(situation)
        plan = stand.plan(None, Fault.SILENCE, persistent=False)
        if error := stand.release(name, stand.new_work(situation)):
            raise error
        for request in plan.log:
            named = replace(request, target=request.target.replace(name, "{repository}"))
            for fault in Fault:
                yield situation, named, fault, False
                yield situation, named, fault, True


def _run_case(
    stand: Stand, tally: Tally, situation: Situation, request: Request, fault: Fault, *, persistent: bool
) -> None:
    name, work = stand.prepare(situation), stand.new_work(situation)
    old, there = stand.local.tags(name), stand.local.manifests(name)
    target = replace(request, target=request.target.replace("{repository}", name))
    plan = stand.plan(target, fault, persistent=persistent)
    error = stand.release(name, work, IMPATIENT if fault is Fault.SILENCE else PATIENT)
    new = old | dict.fromkeys(_wanted(situation), work.read_candidate().digest)
    tags = stand.local.tags(name)
    end = "all-old" if tags == old else "all-new" if tags == new else "torn"
    tally.runs += 1
    tally.ends[end] += 1
    what = f"{situation.name}: {fault} {'persistently ' if persistent else ''}at {request}: {error}"
    if end == "torn" or plan.hits == 0 or (error is None and end != "all-new"):
        tally.wrong.append(f"{end}, {plan.hits} hits, {what}: {tags}")
    left = stand.local.manifests(name) - there - _reachable(work if tags == new else None)
    if any(digest not in str(error) for digest in left):
        tally.wrong.append(f"left untagged: {left}, {what}")
    stand.plan(None, Fault.SILENCE, persistent=False)
    if (again := stand.release(name, work)) or stand.local.tags(name) != new:
        tally.wrong.append(f"the re-run failed: {again}, {what}")


def _wanted(situation: Situation) -> tuple[str, ...]:
    names = (COMMIT[:7], f"dev-{COMMIT[:7]}", "1.4.2")
    # `latest` never goes back to an earlier commit.
    return names if situation.immutable or situation.order is CommitOrder.EARLIER else (*names, "latest")


def _reachable(work: WorkFolder | None) -> set[str]:
    if work is None:
        return set()
    candidate = Layout(work.layout)
    return {candidate.root().digest, *(image.descriptor.digest for image in candidate.images())}


def checked(folder: Path, commit: str, content: bytes, *, several: bool) -> WorkFolder:
    """Return a new work folder with a candidate of `commit` that both gates let through."""
    work = WorkFolder(folder)
    image = layout(work.layout, *((AMD64, ARM64) if several else (AMD64,)), content=content, revision=commit)
    root = image.root()
    codec.write(work.candidate, Candidate(root.digest, root.media_type, (), 1, Commit(commit), "", "", "", "a test"))
    for gate, subject in ((Gate.GITLEAKS, commit), (Gate.TRIVY, root.digest)):
        codec.write(work.verdict(gate), _passed(gate, subject))
    return work


def _passed(gate: Gate, subject: str) -> Verdict:
    counts = dict.fromkeys(Severity, 0)
    return Verdict(
        gate,
        "dev",
        Mode.ADVISORY,
        Result.PASS,
        subject,
        Scanner(gate, "1"),
        {},
        counts,
        0,
        (),
        decided_at=datetime.now(UTC),
    )


@contextmanager
def standing(folder: Path) -> Iterator[Stand]:
    """Give a stand: emulator, proxies, and a client that pauses a hundredth as long as it does for a user."""
    with ExitStack() as stay:
        local = stay.enter_context(Local.start(folder / "emulator", account=ACCOUNT))
        registry = stay.enter_context(Proxy(local.registry_host, silence=SILENCE))
        endpoint = local.environment()["AWS_ENDPOINT_URL"].removeprefix("http://")
        control = stay.enter_context(Proxy(endpoint, silence=SILENCE, rewrite={local.registry_host: registry.host}))
        stay.enter_context(runner.adopted({**local.environment(), "AWS_ENDPOINT_URL": f"http://{control.host}"}))
        stay.enter_context(mock.patch.object(http, "FIRST_PAUSE", 0.002))
        sdk = aws_sdk.session()  # reads its models once, and not three times a case
        stay.enter_context(mock.patch.object(aws_sdk, "session", return_value=sdk))
        stay.enter_context(mock.patch("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None)))
        stand = Stand(folder, local, registry, control)
        stay.enter_context(mock.patch.object(ecr_push, "latest_of", stand.latest_of))
        yield stand


def main() -> int:
    """Run the campaign, or a random part of it, and print how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, help="run this many cases, chosen at random; all of them by default")
    parser.add_argument("--seed", type=int, default=1, help="for the choice")
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="goldenpath-faults-") as folder, standing(Path(folder)) as stand:
        every = list(cases(stand))
        chosen = random.Random(asked.seed).sample(every, asked.sample) if asked.sample else every  # noqa: S311
        tally = campaign(stand, chosen)
    print("\n".join(tally.wrong[:LINES]))
    print(f"{tally}  ({time.monotonic() - began:.0f} s)")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
