"""The campaign of broken applies: each request of each kind of apply is broken, then the same pull request runs again.

A request is refused before it acts; or AWS acts and the response is lost; or AWS acts and the process is killed. The
second run must bring what was reviewed, release the lock and end the claim. A read changes nothing at AWS, so it is
only refused: a process that is killed there leaves what a kill at the write before leaves. A broken run that left AWS
exactly as it was before needs no second run: that would be the unbroken run.

    python -m tests.faults.applies            all of it
    python -m tests.faults.applies --share 0.1 --seed 7
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

import urllib3
from botocore.config import Config

from goldenpath.registries import apply, platform_git, review
from goldenpath.registries.aws.session import StateBucket
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.review import PlanRecord, PullRequestText
from goldenpath.registries.terraform import planning, plans
from goldenpath.shared import aws_sdk
from goldenpath.shared.errors import GoldenPathError
from tests.faults.apply_situations import IMPORTS, NAME, SITUATIONS, TODAY, Situation
from tests.terraform_provider import world as worlds
from tests.terraform_provider.faults import Break, is_write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.registries.apply import ApplyContext
    from goldenpath.registries.merge.push import MergedPullRequest
    from goldenpath.registries.terraform.planning import TerraformWorkspace
    from tests.terraform_provider.world import World

PULL = 7
_ONE_TRY = Config(retries={"mode": "standard", "total_max_attempts": 1})


@dataclass
class Github:
    """The platform's repository, which takes every comment."""

    name: str = "o/p"
    comments: list[str] = field(default_factory=list)

    def comment(self, number: int, marker: str, body: str) -> None:
        self.comments.append(f"{number} {marker} {body}")


@dataclass
class Stand:
    """A running emulator, and the checkout that is applied; `world` leads to the emulator."""

    world: World
    checkout: Path
    pool: urllib3.PoolManager = field(default_factory=urllib3.PoolManager)

    def tell(self, command: str, **options: object) -> Any:  # noqa: ANN401  any JSON
        """Give the emulator's faults a command; return the answer."""
        url = f"{self.world.endpoint}/faults/{command}"
        return json.loads(self.pool.request("POST", url, body=json.dumps(options).encode()).data)

    @property
    def workspace(self) -> TerraformWorkspace:
        """Where the registry is planned."""
        return self.world.workspace(self.checkout)

    def describe(self, fields: dict[str, str] | None, *, imports: bool = False) -> None:
        """Write the entry of the registry with these fields; `None` takes it out."""
        path = ecr_tf.path_of(self.checkout, "dev")
        path.write_text(entries(fields))
        (path.parent / "imports.tf").write_text(IMPORTS if imports else "")

    def at_aws(self) -> dict[str, object]:
        """Return what AWS holds of the registry, and of the lock and the claim of its apply."""
        ecr, bucket = self.world.client("ecr"), StateBucket(worlds.BUCKET, self.world.variables)
        held: dict[str, object] = {"locked": bucket.read(self.workspace.lock_key) is not None}
        claim = bucket.read(f"{self.workspace.state_key}.claims/{PULL}.json")
        held["claim"] = bool(claim) and json.loads(cast("Any", claim).content)["ended"]
        for repository in ecr.describe_repositories()["repositories"]:
            arn, name = repository["repositoryArn"], repository["repositoryName"]
            # The emulator invents another key of KMS each time, where AWS has one for all.
            repository["encryptionConfiguration"].pop("kmsKey", None)
            held["repository"] = {key: value for key, value in repository.items() if key != "createdAt"}
            held["tags"] = sorted(
                (tag["Key"], tag["Value"]) for tag in ecr.list_tags_for_resource(resourceArn=arn)["tags"]
            )
            for policy in ("lifecycle_policy", "repository_policy"):
                try:
                    found = getattr(ecr, f"get_{policy}")(repositoryName=name)
                except ecr.exceptions.ClientError:
                    continue
                held[policy] = json.loads(found["lifecyclePolicyText" if policy[0] == "l" else "policyText"])
        return held


def entries(fields: dict[str, str] | None) -> str:
    """Return an `ecr.tf` whose only registry has these fields; `None` leaves it without one."""
    lines = "".join(f"      {name} = {value}\n" for name, value in (fields or {}).items())
    entry = f'    "{NAME}" = {{\n{lines}    }}\n' if fields else ""
    text = (worlds.ROOT / "envs/dev/ecr.tf").read_text()
    opening = text.index("  ecr_repositories = {") + len("  ecr_repositories = {\n")
    return text[:opening] + entry + text[text.index("\n  }\n", opening) + 1 :]


@dataclass
class Tally:
    """How the campaign went: `broken` applies, those that were run `again`, and what is `stuck`."""

    broken: int = 0
    again: int = 0
    stuck: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.broken} broken applies, {self.again} of them changed something first; stuck: {len(self.stuck)}"


@dataclass(frozen=True)
class Proposed:
    """A situation that is ready to be applied: its reviewed `record`, the `pull` request, and how AWS ends up."""

    situation: Situation
    record: PlanRecord
    pull: MergedPullRequest
    requests: tuple[str, ...] = ()
    end: dict[str, object] = field(default_factory=dict)

    def cases(self) -> Iterator[tuple[int, Break]]:
        """Yield each request and each way in which it breaks."""
        for number, action in enumerate(self.requests):
            for how in Break if is_write(action) else (Break.REFUSED,):
                yield number, how


def propose(stand: Stand, situation: Situation) -> Proposed:
    """Bring AWS to the state before `situation`, plan it, apply it once unbroken, and return what was seen."""
    stand.tell("break", at=-1, how=Break.REFUSED)
    stand.world.forget()
    if situation.before:
        stand.describe(situation.before)
        plan = planning.plan(stand.workspace, NAME)
        planning.apply(stand.workspace, NAME, plans.plan_digest(plan, "dev"))
    if situation.imports:
        stand.world.client("s3").delete_object(Bucket=worlds.BUCKET, Key=stand.workspace.state_key)
    situation.by_hand(stand.world)
    stand.describe(situation.after, imports=situation.imports)
    removal = situation.after is None
    plan = planning.plan(stand.workspace, NAME, removal=removal)
    record = PlanRecord.of(plan, "dev", NAME, "octocat", removal=removal)
    body = review.description(record, plan, "", PullRequestText(situation.name, {}))
    proposed = Proposed(situation, record, cast("Any", SimpleNamespace(number=PULL, body=body, opened=TODAY)))
    stand.tell("save", name="before")
    stand.tell("break", at=-1, how=Break.REFUSED)
    run(stand, proposed)
    return replace(proposed, requests=tuple(stand.tell("log")), end=stand.at_aws())


def run(stand: Stand, proposed: Proposed, **variables: str) -> None:
    """Apply as the workflow does on a merge, after the checks of git and GitHub. Raises what the apply raises."""
    merge = SimpleNamespace(record=proposed.record, range=SimpleNamespace(fork=""))
    workspace = replace(stand.workspace, variables={**stand.workspace.variables, **variables})
    access = SimpleNamespace(workspace=lambda _: workspace)
    checkouts = SimpleNamespace(merged=stand.checkout)
    context = SimpleNamespace(
        repository=Github(), open_repository=lambda _: None, today=TODAY, run_url="", checkouts=checkouts
    )
    before = entries(proposed.situation.before)
    with (
        mock.patch.object(apply, "_checked", return_value=merge),
        mock.patch.object(apply, "_composed_access", return_value=access),
        mock.patch.object(platform_git, "text_at", return_value=before),
    ):
        apply.apply_merged(cast("ApplyContext", context), proposed.pull)


def break_one(stand: Stand, proposed: Proposed, number: int, how: Break, tally: Tally) -> None:
    """Break request `number` of the apply of `proposed`, run it again, and count how that ended."""
    where = f"{proposed.situation.name}: request {number} ({proposed.requests[number]}) {how}"
    stand.tell("restore", name="before")
    untouched = stand.tell("digest")
    stand.tell("break", at=number, how=how)
    # Where the broken request did not matter to the apply, it simply ends well.
    _errors(stand, proposed, AWS_MAX_ATTEMPTS="1")
    stand.tell("break", at=-1, how=Break.REFUSED)
    tally.broken += 1
    _new_machine(stand)
    if stand.tell("digest") == untouched:
        return
    tally.again += 1
    error = _errors(stand, proposed)
    held = stand.at_aws()
    if error or held != proposed.end:
        wrong = sorted(key for key in {*held, *proposed.end} if held.get(key) != proposed.end.get(key))
        tally.stuck.append(f"{where}: {error or 'not as reviewed: ' + ', '.join(wrong)}")


def _errors(stand: Stand, proposed: Proposed, **variables: str) -> str:
    try:
        run(stand, proposed, **variables)
    except GoldenPathError as error:
        return f"{type(error).__name__}: {error} {error.why}"
    return ""


def _new_machine(stand: Stand) -> None:
    """Take away what only the machine of the broken run had: the next one starts with a clean checkout."""
    for left in (stand.checkout / "envs/dev").glob("*.tfstate*"):
        left.unlink()


@contextmanager
def standing() -> Iterator[Stand]:
    """Run an emulator and the provider's stand-in while the block lasts; requests of both are tried once."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="goldenpath-applies-")))
        world = stack.enter_context(worlds.running(AWS_MAX_ATTEMPTS="1"))
        stack.enter_context(mock.patch.object(aws_sdk, "_CONFIG", aws_sdk._CONFIG.merge(_ONE_TRY)))  # noqa: SLF001
        yield Stand(world, worlds.checkout(folder))


def sample(stand: Stand, situation: Situation, wanted: Sequence[tuple[str, Break]]) -> Tally:
    """Break the first request of `situation` that each of `wanted` names by how it ends."""
    proposed, tally = propose(stand, situation), Tally()
    for ending, how in wanted:
        number = next(at for at, action in enumerate(proposed.requests) if action.endswith(ending))
        break_one(stand, proposed, number, how, tally)
    return tally


def campaign(stand: Stand, situations: Sequence[Situation], share: float = 1.0, seed: int = 0) -> Tally:
    """Break a random `share` of the cases of `situations`."""
    chance, tally = random.Random(seed), Tally()  # noqa: S311  a reproducible sample, no secret
    for situation in situations:
        proposed = propose(stand, situation)
        for number, how in proposed.cases():
            if chance.random() < share:
                break_one(stand, proposed, number, how, tally)
    return tally


def _whole(number: int, share: float, seed: int) -> Tally:
    with standing() as stand:
        return campaign(stand, [SITUATIONS[number]], share, seed)


def main() -> int:
    """Run the campaign, or a random part of it, and print how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0, help="of the choice of a share")
    chosen, began = parser.parse_args(), time.monotonic()
    # Two at a time: each mostly waits for Terraform, and a machine has two cores at least.
    with ProcessPoolExecutor(2) as pool:
        running = [pool.submit(_whole, number, chosen.share, chosen.seed) for number in range(len(SITUATIONS))]
        tallies = []
        for situation, future in zip(SITUATIONS, running, strict=True):
            tallies.append(future.result())
            print("\n".join([f"{situation.name}: {tallies[-1]}", *tallies[-1].stuck]), flush=True)
    whole = Tally(sum(tally.broken for tally in tallies), sum(tally.again for tally in tallies),
                  [line for tally in tallies for line in tally.stuck])  # fmt: skip
    print(f"{whole}  ({time.monotonic() - began:.0f} s)")
    return 1 if whole.stuck else 0


if __name__ == "__main__":
    sys.exit(main())
