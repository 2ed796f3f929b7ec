"""What GitHub's own actions do, a row each, as far as our workflows and their tests rely on it.

`tests/e2e/test_stand_ins.py` holds the stand-ins to it, the job `actions` of `e2e.yml` the real ones: what a stand-in
gets wrong, no test under the runner can find. The values are those of the sources at the commits that the workflows pin
(upload-artifact 7.0.1, download-artifact 8.0.1, checkout 7.0.1, @actions/artifact 6.2, @actions/glob 0.6).

In texts `<row>` is unique to a row, so that rows share one workflow run; `<1>` is the id of the row's first artifact,
`<c3>` a commit of the repository that `repository.py` makes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

UPLOAD, DOWNLOAD, CHECKOUT = "upload-artifact", "download-artifact", "checkout"
# A name with `/` at its end is a folder, with `*` a program; `a -> b` is a link.
FILES = (
    "a/one.json", "a/two.sarif", "a/deep/three.json", "a/deep/four.txt", "b/five.json",
    "a/.hidden/six.json", "a/.seven.json", ".top/deep/eight.json",
)  # fmt: skip
EXISTS = "(409) Conflict: an artifact with this name already exists on the workflow run"


@dataclass(frozen=True)
class Use:
    """Use an action. It succeeds, or `fails` with that in its log; `says` is in the log too."""

    action: str
    inputs: Mapping[str, str]
    fails: str = ""
    says: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finds:
    """These files are in `folder`, and no others unless `among` others."""

    folder: str
    files: tuple[str, ...]
    among: bool = False


@dataclass(frozen=True)
class Runs:
    """A command of bash in the workspace prints what matches `says`."""

    command: str
    says: str


@dataclass(frozen=True)
class Row:
    """A fact, and the steps that show it. `run` are variables of the workflow run, `event` is its payload."""

    fact: str
    steps: tuple[Use | Finds | Runs, ...]
    files: tuple[str, ...] = ()
    run: Mapping[str, str] = field(default_factory=dict)
    event: str = "{}"
    needs: str = "git"


def upload(path: str, name: str = "<row>", fails: str = "", says: str = "", **more: str) -> Use:
    given = {"name": name, "path": path, **{key.replace("_", "-"): value for key, value in more.items()}}
    return Use(UPLOAD, given, fails, says)


def download(fails: str = "", says: str = "", **given: str) -> Use:
    return Use(DOWNLOAD, {"path": "here", **{key.replace("_", "-"): text for key, text in given.items()}}, fails, says)


def keeps(fact: str, path: str, *files: str, made: tuple[str, ...] = FILES, **more: str) -> Row:
    """Return the row of an artifact that holds `files` when `path` is uploaded."""
    return Row(fact, (upload(path, **more), download(name="<row>"), Finds("here", files)), made)


def refuses(fact: str, *steps: Use, made: tuple[str, ...] = FILES) -> Row:
    return Row(fact, steps, made)


def two(fact: str, *steps: Use | Finds) -> Row:
    """Return a row of two artifacts `<row>-one` and `<row>-two`."""
    return Row(fact, (upload("a/one.json", "<row>-one"), upload("b/five.json", "<row>-two"), *steps), FILES)


ALL_OF_A = ("one.json", "two.sarif", "deep/three.json", "deep/four.txt")
ARTIFACTS = (
    # First, while the run has few of them.
    two("nothing asked for is all", download(), Finds("here", ("<row>-one/one.json", "<row>-two/five.json"),
        among=True)),
    # Where files lie in an artifact.
    keeps("a file lies at the top", "a/deep/three.json", "three.json"),
    keeps("a folder gives what is in it, hidden files not", "a", *ALL_OF_A),
    keeps("a folder with a slash is the same", "a/", *ALL_OF_A),
    keeps("a pattern starts at its first wild part", "a/d*/three.json", "deep/three.json"),
    keeps("a file that a pattern finds keeps its folder", "*/one.json", "a/one.json"),
    keeps("patterns of one folder start there", "a/*.json\na/*.sarif", "one.json", "two.sarif"),
    keeps("patterns of several start at the one above them all", "a/*.json\nb/*.json", "a/one.json", "b/five.json"),
    keeps("two files too", "a/one.json\na/deep/three.json", "one.json", "deep/three.json"),
    keeps("a path that is missing counts as well", "a/one.json\nb/none.json", "a/one.json"),
    keeps("a folder within a folder changes nothing", "a/deep\na", *ALL_OF_A),
    keeps("the workspace itself", ".", *(f"a/{each}" for each in ALL_OF_A), "b/five.json"),
    keeps("a path may begin with a dot and a slash", "./b/five.json", "five.json"),
    # What patterns match.
    keeps("two stars mean any depth", "a/**/*.json", "one.json", "deep/three.json"),
    keeps("two stars at the end", "a/**", *ALL_OF_A),
    keeps("one star does not cross a folder", "*.json\nb", "b/five.json", made=("a/one.json", "b/five.json")),
    keeps("a star within a name may be nothing", "a/one*.json", "one.json"),
    keeps("a question mark is one character", "a/???.json", "one.json"),
    keeps("a set of characters", "a/[a-p]*.json", "one.json"),
    keeps("all but a set of characters", "a/[!a-p]*", "two.sarif"),
    keeps("braces have no meaning", "a/{one,two}.json\nb", "b/five.json", made=("a/one.json", "b/five.json")),
    keeps("a line with a hash is a comment", "# a/two.sarif\na/one.json", "one.json"),
    keeps("what is excluded is out", "a/**/*.json\n!a/deep/*", "one.json"),
    keeps("an excluded folder is out with all in it", "a\n!a/deep", "one.json", "two.sarif"),
    keeps("a later pattern brings back what was excluded", "a\n!a/deep\na/deep/four.txt", *ALL_OF_A[:2], ALL_OF_A[3]),
    keeps("an exclusion before has nothing to exclude", "!a/deep\na", *ALL_OF_A),
    keeps("hidden files where they are asked for", "a", *ALL_OF_A, ".hidden/six.json", ".seven.json",
          include_hidden_files="true"),
    keeps("a path below a hidden folder is found", ".top/deep/*.json", "eight.json"),
    refuses("a hidden folder is not", upload(".top/*/*.json", fails="No files were found", if_no_files_found="error")),
    refuses("a hidden file by its own name is not", upload("a/.seven.json", fails="No files were found",
            if_no_files_found="error")),
    keeps("a link to a file gives the file", "b", "five.json", "to", made=("a/one.json", "b/five.json",
        "b/to -> ../a/one.json")),
    keeps("a link to a folder gives what is in it", "b", "five.json", "to/one.json",
          made=("a/one.json", "b/five.json", "b/to -> ../a")),
    keeps("a broken link is left out", "b", "five.json", made=("b/five.json", "b/to -> nowhere")),
    keeps("an empty folder is left out", "b", "five.json", made=("b/five.json", "b/empty/")),
    keeps("a backslash in a name becomes a folder", "b", "x/y.json", made=("b/x\\y.json",)),
    keeps("names that differ in case are two files", "b", "x.json", "X.json", made=("b/x.json", "b/X.json")),
    Row("modes are lost", (upload("b"), download(name="<row>"), Runs("stat -c %a here/run", "^644$")), ("b/run*",)),
    # What is refused.
    refuses("'..' in a path", upload("a/../b", fails="Relative pathing '.' and '..' is not allowed")),
    refuses("a name with a slash", upload("a", "<row>/x", fails="The artifact name is not valid: <row>/x")),
    refuses("a name with a colon", upload("a", "<row>:x", fails="The artifact name is not valid: <row>:x")),
    refuses("no name", upload("a", "", fails="Provided artifact name input during validation is empty")),
    refuses("a file whose name has a colon", upload("b",
        fails="The path for one of the files in artifact is not valid: /x:y"),
            made=("b/x:y",)),
    refuses("no path", upload("", fails="Input required and not supplied: path")),
    refuses("nothing found is a warning", upload("a/*.xml",
        says="::warning::No files were found with the provided path")),
    refuses("or an error", upload("a/*.xml", fails="No files were found", if_no_files_found="error")),
    refuses("or ignored", upload("a/*.xml", says="No files were found", if_no_files_found="ignore"),
            download(name="<row>", fails="Artifact not found for name: <row>")),
    refuses("another word for it fails, and the artifact is there", upload("a",
        fails="Unrecognized if-no-files-found input",
            if_no_files_found="fail"), download(name="<row>")),
    refuses("a retention that is no number", upload("a", fails="Invalid retention-days", retention_days="long")),
    refuses("a level of compression above 9", upload("a", fails="Invalid compression-level", compression_level="10")),
    refuses("a boolean that is none", upload("a", fails="Core Schema", overwrite="yes")),
    Row("a retention beyond the repository's is cut to it", (
        upload("a",
        says="Retention days cannot be greater than the maximum allowed retention set within the repository. "
               "Using 3 instead.", retention_days="30"),), FILES, {"GITHUB_RETENTION_DAYS": "3"}),
    # A name that is taken.
    refuses("a name is taken once", upload("a"), upload("b", fails=EXISTS), download(name="<row>")),
    Row("overwriting replaces it under a new id", (
        upload("a"), upload("b", overwrite="true"), download(artifact_ids="<1>",
        fails="None of the provided artifact IDs"),
        download(artifact_ids="<2>"), Finds("here", ("five.json",))), FILES),
    Row("overwriting with nothing leaves it as it was", (
        upload("a/one.json"), upload("a/*.xml", overwrite="true"), download(artifact_ids="<1>"),
        Finds("here", ("one.json",))), FILES),
    Row("an upload says its id and its digest", (
        Use(UPLOAD, {"name": "<row>", "path": "a"}, outputs={
            "artifact-id": "[0-9]+", "artifact-digest": "[0-9a-f]{64}",
            "artifact-url": "https://.*/artifacts/[0-9]+"}),), FILES),
    Row("nothing found has no id", (
        Use(UPLOAD, {"name": "<row>", "path": "a/*.xml"}, outputs={"artifact-id": "", "artifact-digest": ""}),), FILES),
    # One artifact goes straight into the folder, several into a folder each.
    two("by name", download(name="<row>-one"), Finds("here", ("one.json",))),
    two("by id", download(artifact_ids="<1>"), Finds("here", ("one.json",))),
    two("by two ids", download(artifact_ids="<1>,<2>"), Finds("here", ("<row>-one/one.json", "<row>-two/five.json"))),
    two("spaces and empty ids", download(artifact_ids=" <1>, ,<2>,"),
        Finds("here", ("<row>-one/one.json", "<row>-two/five.json"))),
    two("two ids merged", download(artifact_ids="<1>,<2>", merge_multiple="true"), Finds("here", ("one.json",
        "five.json"))),
    two("one id that is not there", download(artifact_ids="<1>,1", says="Could not find the following artifact IDs: 1"),
        Finds("here", ("one.json",))),
    two("a number with more behind it", download(artifact_ids="<1>abc"), Finds("here", ("one.json",))),
    two("a pattern with one match", download(pattern="<row>-o*"), Finds("here", ("one.json",))),
    two("a pattern with two", download(pattern="<row>-*"), Finds("here", ("<row>-one/one.json",
        "<row>-two/five.json"))),
    two("a pattern with none", download(pattern="<row>-x*"), Finds("here", ())),
    two("a name beside a pattern", download(name="<row>-one", pattern="<row>-t*"), Finds("here", ("one.json",))),
    two("what is there stays, and may be replaced", download(name="<row>-one", path="a"), Finds("a", ("one.json",
        "two.sarif"), among=True)),
    # What cannot be brought.
    two("no such name", download(name="<row>-three", fails="Artifact not found for name: <row>-three")),
    two("names have a case", download(name="<row>-ONE", fails="Artifact not found for name: <row>-ONE")),
    two("no such id", download(artifact_ids="1", fails="None of the provided artifact IDs were found")),
    two("an id that is no number", download(artifact_ids="none",
        fails="Invalid artifact ID: 'none'. Must be a number.")),
    two("no id among commas", download(artifact_ids=" , ", fails="No valid artifact IDs provided")),
    two("a name and an id", download(name="<row>-one", artifact_ids="<1>", fails="cannot be used together")),
    two("a boolean that is none", download(name="<row>-one", merge_multiple="yes", fails="Core Schema")),
)  # fmt: skip

PUSH = {"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": "<c3>"}
PULL = {"GITHUB_REF": "refs/pull/7/merge", "GITHUB_SHA": "<merge>", "GITHUB_EVENT_NAME": "pull_request"}
_OF_FORK = '{"head": {"sha": "<f1>", "repo": {"id": 2}}, "merge_commit_sha": "<merge>"}'
FORK = f'{{"repository": {{"id": 1}}, "pull_request": {_OF_FORK}}}'
TARGET = {"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": "<c3>", "GITHUB_EVENT_NAME": "pull_request_target"}
HEAD, BRANCH, COUNT = "git rev-parse HEAD", "git branch --show-current", "git rev-list --count HEAD"
TAGS, REMOTE = "git tag --list", "git for-each-ref --format='%(refname)' refs/remotes"
CREDENTIALS = 'grep -l extraheader .git/config "$RUNNER_TEMP"/git-credentials-*.config 2>/dev/null | wc -l'


def checks_out(
    fact: str, *steps: Use | Runs | Finds, run: Mapping[str, str] = PUSH, event: str = "{}", **given: str
) -> Row:
    """Return the row of a checkout with the inputs `given`, and what is true of it."""
    used = Use(CHECKOUT, {key.replace("_", "-"): text for key, text in given.items()})
    return Row(fact, (used, *steps), run=run, event=event)


def cannot_check_out(fact: str, fails: str, run: Mapping[str, str] = PUSH, event: str = "{}", **given: str) -> Row:
    return Row(
        fact,
        (Use(CHECKOUT, {key.replace("_", "-"): text for key, text in given.items()}, fails),),
        run=run,
        event=event,
    )


CHECKOUTS = (
    checks_out("one commit, on its branch", Runs(HEAD, "<c3>"), Runs(BRANCH, "^main$"), Runs(COUNT, "^1$"),
        Runs(TAGS, "^$"),
               Runs(REMOTE, "^refs/remotes/origin/main$")),
    checks_out("deeper", Runs(COUNT, "^2$"), fetch_depth="2"),
    checks_out("all of history, with every branch and tag", Runs(COUNT, "^3$"), Runs(HEAD, "<c3>"),
               Runs(TAGS, "^v1\nv2$"), Runs(REMOTE, "^(refs/remotes/origin/.*\n?){3}$"), fetch_depth="0"),
    checks_out("a branch that has moved on is put back", Runs("git rev-parse origin/main", "<c3>"), fetch_depth="0"),
    checks_out("a pull request's merge is on no branch", Runs(HEAD, "<merge>"), Runs(BRANCH, "^$"), Runs(COUNT, "^1$"),
               Runs(REMOTE, "^refs/remotes/pull/7/merge$"), run=PULL),
    checks_out("nor with all of history", Runs(HEAD, "<merge>"), Runs("git rev-parse refs/remotes/pull/7/merge",
        "<merge>"),
               Runs("git rev-parse origin/feature/x", "<f1>"), run=PULL, fetch_depth="0"),
    checks_out("a tag is on no branch", Runs(HEAD, "<c1>"), Runs(BRANCH, "^$"), Runs(TAGS, "^v1$"),
               run={"GITHUB_REF": "refs/tags/v1", "GITHUB_SHA": "<c1>"}),
    checks_out("an annotated tag stands for its commit", Runs(HEAD, "<c2>"),
               run={"GITHUB_REF": "refs/tags/v2", "GITHUB_SHA": "<c2>"}),
    cannot_check_out("a tag that was moved", "does not point to the expected commit",
                     run={"GITHUB_REF": "refs/tags/v1", "GITHUB_SHA": "<c3>"}),
    checks_out("a branch by its name is the newest of it", Runs(HEAD, "<c4>"), Runs(BRANCH, "^main$"), ref="main"),
    checks_out("and brings those that begin like it", Runs(REMOTE,
        "^refs/remotes/origin/main\nrefs/remotes/origin/main-2$"), ref="main"),
    checks_out("a branch by its full name", Runs(HEAD, "<f1>"), Runs(BRANCH, "^feature/x$"),
        ref="refs/heads/feature/x"),
    checks_out("a tag by its name", Runs(HEAD, "<c1>"), Runs(BRANCH, "^$"), ref="v1"),
    checks_out("a commit is on no branch", Runs(HEAD, "<c2>"), Runs(BRANCH, "^$"), Runs(REMOTE, "^$"), ref="<c2>"),
    checks_out("a commit with all of history", Runs(HEAD, "<c2>"), Runs("git rev-parse origin/main", "<c4>"),
        ref="<c2>", fetch_depth="0"),
    cannot_check_out("a name that is neither", "failed with exit code 1", ref="none"),
    checks_out("into a folder", Runs("git -C there/it rev-parse HEAD", "<c3>"), path="there/it"),
    cannot_check_out("outside of the workspace", "is not under", path="../outside"),
    Row("what is no checkout of it goes", (Use(CHECKOUT, {}), Finds(".", ("file", ".gitignore"))), ("left/over",),
        PUSH),
    checks_out("a second time leaves nothing of the first",
        Runs("touch made ignored; echo changed > file; git status --short", "file"),
               Use(CHECKOUT, {}), Runs("git status --short --ignored", "^$"), Finds(".", ("file", ".gitignore"))),
    checks_out("unless it is not to be clean", Runs("touch made; git status --short", "made"), Use(CHECKOUT,
        {"clean": "false"}),
               Runs("git status --short", "made")),
    checks_out("another commit after the first", Use(CHECKOUT, {"ref": "<c2>"}), Runs(HEAD, "<c2>"),
        Runs("git branch --list main", "^$")),
    checks_out("all of history after one commit", Use(CHECKOUT, {"fetch-depth": "0"}), Runs(COUNT, "^3$")),
    checks_out("the token is in a file that git reads", Runs(CREDENTIALS, "^1$"),
               Runs("git config --get-all --includes http.\"$SERVER\"/.extraheader | sed 's/basic .*/basic/'",
               "^AUTHORIZATION: basic$")),
    checks_out("or nowhere", Runs(CREDENTIALS, "^0$"), persist_credentials="false"),
    Row("it says what it checked out", (Use(CHECKOUT, {}, outputs={"ref": "refs/heads/main", "commit": "<c3>"}),),
        run=PUSH),
    cannot_check_out("the code of a fork, for whoever holds the platform's token",
        "Refusing to check out fork pull request code",
                     TARGET, FORK, ref="<merge>"),
    cannot_check_out("nor by the name of its pull request", "Refusing to check out fork pull request code", TARGET,
        FORK,
                     ref="refs/pull/7/merge"),
    checks_out("what the event names by itself is not the fork's", Runs(HEAD, "<c3>"), run=TARGET, event=FORK),
    checks_out("nor is a pull request of the repository itself", Runs(HEAD, "<merge>"), run=TARGET,
        event=FORK.replace('"id": 2', '"id": 1'),
               ref="<merge>"),
)  # fmt: skip

SETUPS = (
    Row("Python is there under both names", (Use("setup-python", {"python-version": "3.14"}),
        Runs("python --version && python3 --version", "^Python 3.*\nPython 3")), needs="python3"),
    Row("Node is there", (Use("setup-node", {"node-version": "24", "package-manager-cache": "false"}),
        Runs("node --version", "^v[0-9]")), needs="node"),
    Row("Go is there", (Use("setup-go", {"go-version": "1.26", "cache": "false"}),
        Runs("go version", "^go version go1")), needs="go"),
)  # fmt: skip
ROWS = (*ARTIFACTS, *CHECKOUTS, *SETUPS)
