"""The rows of checkout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.action_contract.steps import CHECKOUT, Finds, Row, Runs, Use

if TYPE_CHECKING:
    from collections.abc import Mapping

PUSH = {"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": "<c3>"}
PULL = {"GITHUB_REF": "refs/pull/7/merge", "GITHUB_SHA": "<merge>", "GITHUB_EVENT_NAME": "pull_request"}
_OF_FORK = '{"head": {"sha": "<f1>", "repo": {"id": 2}}, "merge_commit_sha": "<merge>"}'
FORK = f'{{"repository": {{"id": 1}}, "pull_request": {_OF_FORK}}}'
TARGET = {"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": "<c3>", "GITHUB_EVENT_NAME": "pull_request_target"}
HEAD, BRANCH, COUNT = "git rev-parse HEAD", "git branch --show-current", "git rev-list --count HEAD"
TAGS, REMOTE = "git tag --list", "git for-each-ref --format='%(refname)' refs/remotes"
CREDENTIALS = 'grep -l extraheader .git/config "$RUNNER_TEMP"/git-credentials-*.config 2>/dev/null | wc -l'


def checks_out(
    fact: str,
    *steps: Use | Runs | Finds,
    run: Mapping[str, str] = PUSH,
    event: str = "{}",
    needs: str = "git",
    **given: str,
) -> Row:
    """Return the row of a checkout with the inputs `given`, and what is true of it."""
    used = Use(CHECKOUT, {key.replace("_", "-"): text for key, text in given.items()})
    return Row(fact, (used, *steps), run=run, event=event, needs=needs)


def cannot_check_out(
    fact: str,
    fails: str,
    run: Mapping[str, str] = PUSH,
    event: str = "{}",
    only: tuple[str, ...] = (),
    **given: str,
) -> Row:
    used = Use(CHECKOUT, {key.replace("_", "-"): text for key, text in given.items()}, fails)
    return Row(fact, (used,), run=run, event=event, only=only)


CHECKOUTS = (
    checks_out(
        "one commit, on its branch",
        Runs(HEAD, "<c3>"),
        Runs(BRANCH, "^main$"),
        Runs(COUNT, "^1$"),
        Runs(TAGS, "^$"),
        Runs(REMOTE, "^refs/remotes/origin/main$"),
    ),
    checks_out("deeper", Runs(COUNT, "^2$"), fetch_depth="2"),
    checks_out(
        "all of history, with every branch and tag",
        Runs(COUNT, "^3$"),
        Runs(HEAD, "<c3>"),
        Runs(TAGS, "^v1\nv2$"),
        Runs(REMOTE, "^(refs/remotes/origin/.*\n?){8}$"),
        fetch_depth="0",
    ),
    checks_out("a branch that has moved on is put back", Runs("git rev-parse origin/main", "<c3>"), fetch_depth="0"),
    checks_out(
        "a pull request's merge is on no branch",
        Runs(HEAD, "<merge>"),
        Runs(BRANCH, "^$"),
        Runs(COUNT, "^1$"),
        Runs(REMOTE, "^refs/remotes/pull/7/merge$"),
        run=PULL,
    ),
    checks_out(
        "nor with all of history",
        Runs(HEAD, "<merge>"),
        Runs("git rev-parse refs/remotes/pull/7/merge", "<merge>"),
        Runs("git rev-parse origin/feature/x", "<f1>"),
        run=PULL,
        fetch_depth="0",
    ),
    checks_out(
        "a tag is on no branch",
        Runs(HEAD, "<c1>"),
        Runs(BRANCH, "^$"),
        Runs(TAGS, "^v1$"),
        run={"GITHUB_REF": "refs/tags/v1", "GITHUB_SHA": "<c1>"},
    ),
    checks_out(
        "an annotated tag stands for its commit",
        Runs(HEAD, "<c2>"),
        run={"GITHUB_REF": "refs/tags/v2", "GITHUB_SHA": "<c2>"},
    ),
    cannot_check_out(
        "a tag that was moved",
        "does not point to the expected commit",
        run={"GITHUB_REF": "refs/tags/v1", "GITHUB_SHA": "<c3>"},
    ),
    checks_out("a branch by its name is the newest of it", Runs(HEAD, "<c4>"), Runs(BRANCH, "^main$"), ref="main"),
    checks_out(
        "and brings those that begin like it",
        Runs(REMOTE, "^refs/remotes/origin/main\nrefs/remotes/origin/main-2$"),
        ref="main",
    ),
    checks_out(
        "a branch by its full name", Runs(HEAD, "<f1>"), Runs(BRANCH, "^feature/x$"), ref="refs/heads/feature/x"
    ),
    checks_out("a tag by its name", Runs(HEAD, "<c1>"), Runs(BRANCH, "^$"), ref="v1"),
    checks_out("a commit is on no branch", Runs(HEAD, "<c2>"), Runs(BRANCH, "^$"), Runs(REMOTE, "^$"), ref="<c2>"),
    checks_out(
        "a commit with all of history",
        Runs(HEAD, "<c2>"),
        Runs("git rev-parse origin/main", "<c4>"),
        ref="<c2>",
        fetch_depth="0",
    ),
    cannot_check_out("a name that is neither", "failed with exit code 1", ref="none"),
    checks_out("into a folder", Runs("git -C there/it rev-parse HEAD", "<c3>"), path="there/it"),
    cannot_check_out("outside of the workspace", "is not under", path="../outside"),
    Row(
        "what is no checkout of it goes", (Use(CHECKOUT, {}), Finds(".", ("file", ".gitignore"))), ("left/over",), PUSH
    ),
    checks_out(
        "a second time leaves nothing of the first",
        Runs("touch made ignored; echo changed > file; git status --short", "file"),
        Use(CHECKOUT, {}),
        Runs("git status --short --ignored", "^$"),
        Finds(".", ("file", ".gitignore")),
    ),
    checks_out(
        "unless it is not to be clean",
        Runs("touch made; git status --short", "made"),
        Use(CHECKOUT, {"clean": "false"}),
        Runs("git status --short", "made"),
    ),
    checks_out(
        "another commit after the first",
        Use(CHECKOUT, {"ref": "<c2>"}),
        Runs(HEAD, "<c2>"),
        Runs("git branch --list main", "^$"),
    ),
    checks_out("all of history after one commit", Use(CHECKOUT, {"fetch-depth": "0"}), Runs(COUNT, "^3$")),
    checks_out(
        "the token is in a file that git reads",
        Runs(CREDENTIALS, "^1$"),
        Runs(
            "git config --get-all --includes http.\"$SERVER\"/.extraheader | sed 's/basic .*/basic/'",
            "^AUTHORIZATION: basic$",
        ),
    ),
    checks_out("or nowhere", Runs(CREDENTIALS, "^0$"), persist_credentials="false"),
    Row(
        "it says what it checked out",
        (Use(CHECKOUT, {}, outputs={"ref": "refs/heads/main", "commit": "<c3>"}),),
        run=PUSH,
    ),
    cannot_check_out(
        "the code of a fork, for whoever holds the platform's token",
        "Refusing to check out fork pull request code",
        TARGET,
        FORK,
        ref="<merge>",
    ),
    cannot_check_out(
        "nor by the name of its pull request",
        "Refusing to check out fork pull request code",
        TARGET,
        FORK,
        ref="refs/pull/7/merge",
    ),
    checks_out("what the event names by itself is not the fork's", Runs(HEAD, "<c3>"), run=TARGET, event=FORK),
    checks_out(
        "nor is a pull request of the repository itself",
        Runs(HEAD, "<merge>"),
        run=TARGET,
        event=FORK.replace('"id": 2', '"id": 1'),
        ref="<merge>",
    ),
)
