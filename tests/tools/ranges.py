"""What can happen to a repository: events on real git histories, each of which brings a secret."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.tools import apps

if TYPE_CHECKING:
    from tests.tools.apps import App

    from goldenpath.shared.names import Commit

NOTHING = "0" * 40
UNKNOWN = "b" * 40


@dataclass(frozen=True)
class Happened:
    """An event that GitHub tells of: its name, the ref it is about, and its payload."""

    name: str = "push"
    ref: str = "refs/heads/main"
    payload: dict[str, Any] | None = None


def pushed(before: str, after: str, ref: str = "refs/heads/main") -> Happened:
    return Happened("push", ref, {"before": before, "after": after})


def proposed(app: App, base: str, head: str, name: str = "pull_request") -> Happened:
    """Check out the test merge of `head` into what `main` is now, as GitHub does, for a pull request on `base`."""
    app.git("checkout", "--quiet", "--detach", "main")
    app.git("merge", "--quiet", "--no-ff", "--message=Test merge", head)
    pull = {side: {"sha": sha, "repo": {"full_name": app.slug}} for side, sha in (("base", base), ("head", head))}
    return Happened(name, "refs/pull/1/merge", {"pull_request": pull})


def branch(app: App, name: str = "feature") -> None:
    app.git("checkout", "--quiet", "-b", name)


def come_and_gone(app: App) -> None:
    """Commit a secret, and take it out again."""
    app.plant_secret()
    (app.folder / "config.py").unlink()
    app.save("Take it out")


def more(app: App, path: str = "more.txt") -> Commit:
    return app.write(path, "more\n").save("More")


# Pushes


def a_push_of_one_commit(app: App) -> Happened:
    before = app.commit
    app.plant_secret()
    return pushed(before, app.commit)


def a_push_of_several_commits_the_last_of_which_takes_it_out(app: App) -> Happened:
    before = app.commit
    come_and_gone(app)
    return pushed(before, app.commit)


def a_push_after_the_secret_came_which_is_in_the_tree_still(app: App) -> Happened:
    app.plant_secret()
    before = app.commit
    return pushed(before, more(app))


def a_push_of_a_new_branch(app: App) -> Happened:
    branch(app, "main2")
    come_and_gone(app)
    app.git("checkout", "--quiet", "-B", "main")
    return pushed(NOTHING, app.commit)


def the_first_push_ever(app: App) -> Happened:
    come_and_gone(app)
    return pushed(NOTHING, app.commit)


def a_forced_push_whose_former_tip_is_unknown(app: App) -> Happened:
    come_and_gone(app)
    return pushed(UNKNOWN, app.commit)


def a_forced_push_whose_former_tip_is_in_the_clone(app: App) -> Happened:
    branch(app)
    former = more(app, "former.txt")
    app.git("checkout", "--quiet", "main")
    come_and_gone(app)
    return pushed(former, app.commit)


def a_forced_push_back_to_an_earlier_commit(app: App) -> Happened:
    come_and_gone(app)
    kept = app.commit
    later = more(app)
    app.git("reset", "--quiet", "--hard", kept)
    return pushed(later, kept)


def a_push_of_a_merge_that_brings_it_by_the_second_parent(app: App) -> Happened:
    before = app.commit
    branch(app)
    come_and_gone(app)
    app.git("checkout", "--quiet", "main")
    more(app)
    app.git("merge", "--quiet", "--no-ff", "--message=Merge", "feature")
    return pushed(before, app.commit)


def a_push_of_a_merge_that_puts_it_in_itself(app: App) -> Happened:
    before = app.commit
    branch(app)
    more(app)
    app.git("checkout", "--quiet", "main")
    app.git("merge", "--quiet", "--no-ff", "--no-commit", "feature")
    app.plant_secret()
    (app.folder / "config.py").unlink()
    return pushed(before, app.save("Take it out"))


def a_push_of_a_merge_of_three(app: App) -> Happened:
    before = app.commit
    for name in ("one", "two"):
        app.git("checkout", "--quiet", "-b", name, "main")
        more(app, f"{name}.txt") if name == "one" else come_and_gone(app)
    app.git("checkout", "--quiet", "main")
    app.git("merge", "--quiet", "--no-ff", "--message=Octopus", "one", "two")
    return pushed(before, app.commit)


def a_push_of_a_history_of_its_own(app: App) -> Happened:
    before = app.commit
    app.git("checkout", "--quiet", "--orphan", "other")
    come_and_gone(app)
    app.git("checkout", "--quiet", "main")
    app.git("merge", "--quiet", "--allow-unrelated-histories", "--message=Join", "other")
    return pushed(before, app.commit)


def a_push_of_a_commit_message_alone(app: App) -> Happened:
    before = app.commit
    return pushed(before, app.save(f"Nothing but {apps.secret()}"))


def a_push_that_brings_back_an_old_version(app: App) -> Happened:
    app.plant_secret("notes.txt")
    (app.folder / "notes.txt").rename(app.folder / "kept.txt")
    before = app.save("Move")
    app.git("checkout", "--quiet", "HEAD^", "--", "notes.txt")
    return pushed(before, app.save("Bring it back"))


# Tags


def a_release_tag(app: App) -> Happened:
    come_and_gone(app)
    app.git("tag", "v1.0.0")
    return pushed(NOTHING, app.commit, "refs/tags/v1.0.0")


def a_release_tag_that_was_moved(app: App) -> Happened:
    come_and_gone(app)
    before = app.commit
    return pushed(before, more(app), "refs/tags/v1.0.0")


def the_message_of_an_annotated_tag(app: App) -> Happened:
    app.git("tag", "--annotate", "--no-sign", f"--message=Use {apps.secret()}", "v1.0.0")
    return pushed(NOTHING, app.commit, "refs/tags/v1.0.0")


# Pull requests


def a_pull_request(app: App) -> Happened:
    base = app.commit
    branch(app)
    come_and_gone(app)
    return proposed(app, base, app.commit)


def a_review_of_a_pull_request(app: App) -> Happened:
    base = app.commit
    branch(app)
    come_and_gone(app)
    return proposed(app, base, app.commit, "pull_request_review")


def a_pull_request_whose_base_moved_on(app: App) -> Happened:
    branch(app)
    come_and_gone(app)
    head = app.commit
    app.git("checkout", "--quiet", "main")
    return proposed(app, more(app), head)


def a_pull_request_whose_event_names_an_older_base(app: App) -> Happened:
    old = app.commit
    more(app, "main.txt")
    branch(app)
    come_and_gone(app)
    return proposed(app, old, app.commit)


def a_pull_request_that_merged_its_base(app: App) -> Happened:
    branch(app)
    come_and_gone(app)
    app.git("checkout", "--quiet", "main")
    base = more(app)
    app.git("checkout", "--quiet", "feature")
    app.git("merge", "--quiet", "--no-ff", "--message=Merge main", "main")
    return proposed(app, base, app.commit)


def a_pull_request_that_merged_a_third_branch(app: App) -> Happened:
    base = app.commit
    branch(app, "third")
    come_and_gone(app)
    app.git("checkout", "--quiet", "-b", "feature", "main")
    more(app)
    app.git("merge", "--quiet", "--no-ff", "--message=Merge third", "third")
    return proposed(app, base, app.commit)


def a_pull_request_whose_base_is_not_in_the_clone(app: App) -> Happened:
    branch(app)
    come_and_gone(app)
    return proposed(app, UNKNOWN, app.commit)


def a_pull_request_without_a_common_history(app: App) -> Happened:
    base = app.commit
    app.git("checkout", "--quiet", "--orphan", "feature")
    come_and_gone(app)
    head = app.commit
    app.git("checkout", "--quiet", "--detach", "main")
    app.git("merge", "--quiet", "--no-ff", "--allow-unrelated-histories", "--message=Test merge", head)
    pull = {side: {"sha": sha, "repo": {"full_name": app.slug}} for side, sha in (("base", base), ("head", head))}
    return Happened("pull_request", "refs/pull/1/merge", {"pull_request": pull})


# The rest


def a_merge_queue(app: App) -> Happened:
    base = app.commit
    branch(app)
    come_and_gone(app)
    app.git("checkout", "--quiet", "--detach", "main")
    app.git("merge", "--quiet", "--no-ff", "--message=Queue", "feature")
    queue = {"base_sha": base, "head_sha": app.commit}
    return Happened("merge_group", "refs/heads/gh-readonly-queue/main/pr-1", {"merge_group": queue})


def without_a_range(name: str) -> Callable[[App], Happened]:
    """Return the situation in which an event that names no commits runs long after a secret came and went."""

    def happens(app: App) -> Happened:
        come_and_gone(app)
        more(app)
        return Happened(name, payload={"inputs": {}})

    happens.__name__ = f"a_{name}_long_after"
    return happens


def a_detached_head(app: App) -> Happened:
    come_and_gone(app)
    app.git("checkout", "--quiet", "--detach")
    return Happened("workflow_dispatch", payload={})


SITUATIONS: tuple[Callable[[App], Happened], ...] = (
    a_push_of_one_commit,
    a_push_of_several_commits_the_last_of_which_takes_it_out,
    a_push_after_the_secret_came_which_is_in_the_tree_still,
    a_push_of_a_new_branch,
    the_first_push_ever,
    a_forced_push_whose_former_tip_is_unknown,
    a_forced_push_whose_former_tip_is_in_the_clone,
    a_forced_push_back_to_an_earlier_commit,
    a_push_of_a_merge_that_brings_it_by_the_second_parent,
    a_push_of_a_merge_that_puts_it_in_itself,
    a_push_of_a_merge_of_three,
    a_push_of_a_history_of_its_own,
    a_push_of_a_commit_message_alone,
    a_push_that_brings_back_an_old_version,
    a_release_tag,
    a_release_tag_that_was_moved,
    the_message_of_an_annotated_tag,
    a_pull_request,
    a_review_of_a_pull_request,
    a_pull_request_whose_base_moved_on,
    a_pull_request_whose_event_names_an_older_base,
    a_pull_request_that_merged_its_base,
    a_pull_request_that_merged_a_third_branch,
    a_pull_request_whose_base_is_not_in_the_clone,
    a_pull_request_without_a_common_history,
    a_merge_queue,
    without_a_range("workflow_dispatch"),
    without_a_range("schedule"),
    without_a_range("repository_dispatch"),
    without_a_range("release"),
    a_detached_head,
)
