"""Hole 3: releasing what nobody reviewed, by a tag, a dispatch or a branch, with exceptions of one's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.verdict import Result
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.shared import git
from goldenpath.shared.errors import GateBlocked, NotReviewed
from goldenpath.shared.names import Commit
from tests.attacks.attack import Patch, Refused, Scene, attack
from tests.tools import apps
from tests.tools.checkouts import check_out

if TYPE_CHECKING:
    from tests.tools.apps import App
    from tests.tools.command import Ended

TAG = "refs/tags/v9.9.9"


# Without these defences the run's own commit is believed, as it was.
EXCEPTIONS = Patch("goldenpath.delivery.rules.app.reviewed", lambda proposed, *_: proposed)
TAGS = Patch("goldenpath.delivery.rules.reviewed_refs.branch_of_tag", lambda *_: "")
TAGS_AT_THE_PUSH = Patch("goldenpath.delivery.rules.reviewed_refs.require_tag")
BRANCHES = Patch("goldenpath.delivery.rules.reviewed_refs.require_branch")
NOT_THERE = "is not on the default branch main and counts only there"


@dataclass(frozen=True)
class Developer:
    """Somebody who may write to one app's repository, and who merges nothing."""

    scene: Scene
    app: App
    work: WorkFolder = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "work", WorkFolder(self.scene.folder / "work"))

    def branch(self, name: str = "mine", *, start: str = "main", orphan: bool = False) -> None:
        """Begin a branch that nobody reviews."""
        self.app.git("checkout", "--quiet", *(("--orphan", name) if orphan else ("-b", name, start)))
        self.app.write(f"{name}.txt", "not reviewed\n").save("Not reviewed")

    def leak_and_accept(self) -> None:
        """Commit a token and, beside it, the exception that accepts it."""
        self.app.plant_secret()
        self.app.write(".goldenpath.yml", accepted()).save("Accept it")

    def run(self, stage: str, environment: str, event: str, ref: str, **more: object) -> Ended:
        """Start a workflow run on what is checked out. Raises `Refused` when it ends with an error."""
        variables = apps.event(self.scene.folder / "runner", self.app, event, ref=ref, **more)  # type: ignore[arg-type]
        words = [stage, f"--source={self.app.folder}", f"--work-dir={self.work.path}", f"--environment={environment}"]
        if stage == "deliver":
            words.append(f"--ecr-repository={self.scene.fixture('repository')}")
        ended: Ended = self.scene.fixture("inside")(*words, more=variables)
        if ended.code:
            raise Refused(ended.error["code"], ended.text)
        return ended

    def require_passed(self, gate: Gate = Gate.GITLEAKS, *, accepted: int = 1) -> None:
        """Assert that the gate accepted what this developer alone accepted."""
        verdict = self.work.read_verdict(gate)
        assert (verdict.result, verdict.accepted) == (Result.PASS, accepted)

    def require_released(self, tag: str) -> None:
        """Assert that the image is in the registry under `tag`."""
        assert tag in self.scene.fixture("emulator").tags(self.scene.fixture("repository"))


def developer(scene: Scene) -> Developer:
    """Return a developer of a clean app."""
    return Developer(scene, apps.make(scene.folder / "app"))


def accepted(days: int = 30) -> str:
    """Return a `.goldenpath.yml` that accepts the planted token for so many days from today."""
    until = datetime.now(UTC).date() + timedelta(days)
    return (
        "version: 1\nexceptions:\n  - {gate: gitleaks, id: github-pat, scope: {path: config.py}, "
        f"reason: nobody asked, owner: me, expires: {until}}}\n"
    )


# Tags


@attack(3, NotReviewed, "The tag v9.9.9 is on commit", TAGS, TAGS_AT_THE_PUSH, EXCEPTIONS)
def a_tag_on_an_unmerged_branch_whose_own_commit_accepts_the_token_it_leaks(scene: Scene) -> None:
    me = developer(scene)
    me.branch()
    me.leak_and_accept()
    me.run("deliver", "prod", "push", TAG)
    me.require_passed()
    me.require_released("9.9.9")


@attack(3, GateBlocked, NOT_THERE, EXCEPTIONS)
def a_tag_on_an_unmerged_branch_where_the_platform_takes_tags_of_any_branch(scene: Scene) -> None:
    """The exception alone must not count, also where a policy lists the branch."""
    scene.monkeypatch.setattr(TAGS.target, TAGS.by)
    me = developer(scene)
    me.branch()
    me.leak_and_accept()
    me.run("gitleaks-gate", "prod", "push", TAG)
    me.require_passed()


@attack(3, NotReviewed, "The tag v9.9.9 is on commit", TAGS)
def a_dispatch_on_a_tag_of_an_unmerged_branch(scene: Scene) -> None:
    me = developer(scene)
    me.branch()
    me.run("gitleaks-gate", "prod", "workflow_dispatch", TAG)
    me.require_passed(accepted=0)


@attack(3, NotReviewed, "The tag v9.9.9 is on commit", TAGS)
def an_annotated_tag_on_an_unmerged_branch(scene: Scene) -> None:
    """Its event names the tag object, and its object says nothing about branches."""
    me = developer(scene)
    me.branch()
    me.app.git("tag", "--annotate", "--no-sign", "--message=Release", "v9.9.9")
    pushed = git.run(me.app.folder, "rev-parse", TAG)
    assert pushed != me.app.commit
    me.run("gitleaks-gate", "staging", "push", TAG, after=pushed, before="0" * 40)
    me.require_passed(accepted=0)


@attack(3, NotReviewed, "The tag v9.9.9 is on commit", TAGS)
def a_tag_on_an_orphan_commit(scene: Scene) -> None:
    me = developer(scene)
    me.branch(orphan=True)
    me.run("gitleaks-gate", "prod", "release", TAG)
    me.require_passed(accepted=0)


@attack(3, NotReviewed, "The tag v9.9.9 is on commit", TAGS)
def a_tag_on_a_merge_that_has_the_default_branch_in_it(scene: Scene) -> None:
    """The default branch is its ancestor; that is not what was asked."""
    me = developer(scene)
    me.branch()
    me.app.git("checkout", "--quiet", "main")
    me.app.write("later.txt", "reviewed\n").save("Reviewed")
    me.app.git("checkout", "--quiet", "mine")
    me.app.git("merge", "--quiet", "--no-ff", "--no-gpg-sign", "--message=Merge main", "main")
    me.run("gitleaks-gate", "prod", "push", TAG)
    me.require_passed(accepted=0)


@attack(3, NotReviewed, "The verdict of gitleaks does not say that the tag v9.9.9 is on main", TAGS_AT_THE_PUSH)
def a_gate_that_does_not_look_for_the_tag(scene: Scene) -> None:
    """An older gate, or one that was run for the branch: the push asks for its answer."""
    scene.monkeypatch.setattr(TAGS.target, TAGS.by)
    me = developer(scene)
    me.branch()
    me.run("deliver", "test", "push", TAG)
    me.require_released("9.9.9")


def by_gits_search_rules(source: Path, branch: str) -> Commit:
    """Return what git takes for the branch of origin when it may search for the name."""
    return Commit(git.run(source, "rev-parse", "--verify", f"refs/remotes/origin/{branch}^{{commit}}"))


@attack(
    3,
    NotReviewed,
    "Whether the tag v9.9.9 is on main could not be checked",
    Patch("goldenpath.delivery.checkout.git_branches.tip", by_gits_search_rules),
)
def a_tag_that_is_called_like_the_default_branch_of_origin(scene: Scene) -> None:
    """The checkout has the tags and not the branches: git then takes `refs/tags/refs/remotes/origin/main` for it."""
    me = developer(scene)
    me.app.git("remote", "set-url", "origin", str(scene.folder / "gone"))
    me.branch()
    me.app.git("tag", "refs/remotes/origin/main")
    me.app.git("branch", "--quiet", "--delete", "--force", "main")
    me.run("gitleaks-gate", "prod", "push", TAG)
    me.require_passed(accepted=0)


# Branches


@attack(3, NotReviewed, "refs/heads/main is not a reviewed branch", BRANCHES)
def a_branch_called_main_where_the_default_branch_is_master(scene: Scene) -> None:
    me = developer(scene)
    me.app.git("branch", "--move", "main", "master")
    me.branch("main", start="master")
    me.run("deliver", "prod", "push", "refs/heads/main", default_branch="master")
    me.require_released(f"prod-{me.app.commit[:7]}")


@attack(3, NotReviewed, "refs/heads/main is not a reviewed branch", BRANCHES)
def a_preflight_of_a_branch_called_main_where_the_default_branch_is_trunk(scene: Scene) -> None:
    """Nobody waits for a build before this is refused."""
    me = developer(scene)
    variables = apps.event(scene.folder / "runner", me.app, "workflow_dispatch", default_branch="trunk")
    words = ("--environment=prod", f"--ecr-repository={scene.fixture('repository')}", f"--work-dir={me.work.path}")
    ended = scene.fixture("inside")("preflight", *words, more=variables)
    if ended.code:
        raise Refused(ended.error["code"], ended.text)
    assert "may be released to" in ended.text


@attack(3, GateBlocked, NOT_THERE, EXCEPTIONS)
def a_dispatch_from_an_own_branch_with_an_unmerged_exception(scene: Scene) -> None:
    me = developer(scene)
    me.branch()
    me.leak_and_accept()
    me.run("gitleaks-gate", "staging", "workflow_dispatch", "refs/heads/mine")
    me.require_passed()


@attack(3, GateBlocked, NOT_THERE, EXCEPTIONS)
def a_dispatch_from_an_own_branch_that_accepts_the_vulnerabilities_of_its_image(scene: Scene) -> None:
    me = developer(scene)
    me.branch()
    me.app.plant_package()
    me.app.write(".goldenpath.yml", apps.accepted(*apps.PLANTED_CVES)).save("Accept them")
    me.run("deliver", "test", "workflow_dispatch", "refs/heads/mine")
    me.require_passed(Gate.TRIVY, accepted=len(apps.PLANTED_CVES))
    me.require_released(f"test-{me.app.commit[:7]}")


@attack(3, GateBlocked, NOT_THERE, EXCEPTIONS)
def an_exception_in_a_merge_commit_that_is_not_on_the_default_branch(scene: Scene) -> None:
    me = developer(scene)
    me.branch()
    me.app.plant_secret()
    me.app.git("checkout", "--quiet", "main")
    me.app.write("later.txt", "reviewed\n").save("Reviewed")
    me.app.git("checkout", "--quiet", "mine")
    me.app.git("merge", "--quiet", "--no-ff", "--no-commit", "main")
    me.app.write(".goldenpath.yml", accepted()).save("Merge main")
    me.run("gitleaks-gate", "staging", "workflow_dispatch", "refs/heads/mine")
    me.require_passed()


@attack(3, GateBlocked, NOT_THERE, EXCEPTIONS)
def an_own_branch_that_makes_a_reviewed_exception_last_longer(scene: Scene) -> None:
    me = developer(scene)
    me.app.write(".goldenpath.yml", accepted(-1)).save("Reviewed, and over since yesterday")
    me.branch()
    me.leak_and_accept()
    me.run("gitleaks-gate", "test", "workflow_dispatch", "refs/heads/mine")
    me.require_passed()


@attack(3, GateBlocked, "gitleaks blocks the release to dev", EXCEPTIONS)
def an_own_branch_that_drops_the_stricter_rules_of_the_default_branch(scene: Scene) -> None:
    me = developer(scene)
    stricter = "version: 1\ntighten: {dev: {gitleaks: {mode: blocking}}}\n"
    me.app.write(".goldenpath.yml", stricter).save("Reviewed")
    me.branch()
    me.app.write(".goldenpath.yml", "version: 1\n").plant_secret()
    me.run("gitleaks-gate", "dev", "workflow_dispatch", "refs/heads/mine")
    assert me.work.read_verdict(Gate.GITLEAKS).result is Result.ADVISE


@attack(3, GateBlocked, "is not on the default branch main yet and counts only once merged", EXCEPTIONS)
def a_pull_request_into_an_own_branch_that_has_the_exception_already(scene: Scene) -> None:
    """The base of a pull request is a word of its author."""
    me = developer(scene)
    me.branch("base")
    me.app.write(".goldenpath.yml", accepted()).save("Accept what comes")
    base = me.app.commit
    me.branch("change", start="base")
    me.app.plant_secret()
    sides = {"base": base, "head": me.app.commit}
    pull = {side: {"sha": sha, "repo": {"full_name": me.app.slug}} for side, sha in sides.items()}
    me.run("gitleaks-gate", "prod", "pull_request", "refs/pull/1/merge", pull_request=pull)
    me.require_passed()


# The defence out: what the checkout left under the name of the branch.
AS_CHECKED_OUT = Patch("goldenpath.delivery.checkout.git_branches._newest", lambda _source, commit, _ref: commit)


@attack(3, GateBlocked, NOT_THERE, AS_CHECKED_OUT)
def a_second_run_of_an_old_run_whose_exception_was_taken_out_since(scene: Scene) -> None:
    """For a run of the default branch, actions/checkout sets that branch back to the run's commit."""
    origin = apps.make(scene.folder / "origin")
    origin.plant_secret()
    old = origin.write(".goldenpath.yml", accepted()).save("Reviewed")
    origin.write(".goldenpath.yml", "version: 1\n").save("Taken out by a review")
    clone = check_out(origin, scene.folder / "clone", "refs/heads/main", old)
    me = Developer(scene, clone)
    me.run("gitleaks-gate", "prod", "push", "refs/heads/main")
    me.require_passed()
