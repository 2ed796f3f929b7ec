"""The rows of upload-artifact and download-artifact."""

from __future__ import annotations

from tests.e2e.action_contract.steps import FILES, UPLOAD, Finds, Row, Runs, Use, download, keeps, refuses, two, upload

EXISTS = "(409) Conflict: an artifact with this name already exists on the workflow run"
BOTH = ("<row>-one/one.json", "<row>-two/five.json")
ALL_OF_A = ("one.json", "two.sarif", "deep/three.json", "deep/four.txt")
ARTIFACTS = (
    # First, while the run has few of them.
    two("nothing asked for is all", download(), Finds("here", BOTH, among=True)),
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
    keeps(
        "hidden files where they are asked for",
        "a",
        *ALL_OF_A,
        ".hidden/six.json",
        ".seven.json",
        include_hidden_files="true",
    ),
    keeps("a path below a hidden folder is found", ".top/deep/*.json", "eight.json"),
    refuses("a hidden folder is not", upload(".top/*/*.json", fails="No files were found", if_no_files_found="error")),
    refuses(
        "a hidden file by its own name is not",
        upload("a/.seven.json", fails="No files were found", if_no_files_found="error"),
    ),
    keeps(
        "a link to a file gives the file",
        "b",
        "five.json",
        "to",
        made=("a/one.json", "b/five.json", "b/to -> ../a/one.json"),
    ),
    keeps(
        "a link to a folder gives what is in it",
        "b",
        "five.json",
        "to/one.json",
        made=("a/one.json", "b/five.json", "b/to -> ../a"),
    ),
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
    refuses(
        "a file whose name has a colon",
        upload("b", fails="The path for one of the files in artifact is not valid: /x:y"),
        made=("b/x:y",),
    ),
    refuses("no path", upload("", fails="Input required and not supplied: path")),
    refuses(
        "nothing found is a warning", upload("a/*.xml", says="::warning::No files were found with the provided path")
    ),
    refuses("or an error", upload("a/*.xml", fails="No files were found", if_no_files_found="error")),
    refuses(
        "or ignored",
        upload("a/*.xml", says="No files were found", if_no_files_found="ignore"),
        download(name="<row>", fails="Artifact not found for name: <row>"),
    ),
    refuses(
        "another word for it fails, and the artifact is there",
        upload("a", fails="Unrecognized if-no-files-found input", if_no_files_found="fail"),
        download(name="<row>"),
    ),
    refuses("a retention that is no number", upload("a", fails="Invalid retention-days", retention_days="long")),
    refuses("a level of compression above 9", upload("a", fails="Invalid compression-level", compression_level="10")),
    refuses("a boolean that is none", upload("a", fails="Core Schema", overwrite="yes")),
    Row(
        "a retention beyond the repository's is cut to it",
        (
            upload(
                "a",
                says="Retention days cannot be greater than the maximum allowed retention set within the repository. "
                "Using 3 instead.",
                retention_days="30",
            ),
        ),
        FILES,
        {"GITHUB_RETENTION_DAYS": "3"},
    ),
    # A name that is taken.
    refuses("a name is taken once", upload("a"), upload("b", fails=EXISTS), download(name="<row>")),
    Row(
        "overwriting replaces it under a new id",
        (
            upload("a"),
            upload("b", overwrite="true"),
            download(artifact_ids="<1>", fails="None of the provided artifact IDs"),
            download(artifact_ids="<2>"),
            Finds("here", ("five.json",)),
        ),
        FILES,
    ),
    Row(
        "overwriting with nothing leaves it as it was",
        (
            upload("a/one.json"),
            upload("a/*.xml", overwrite="true"),
            download(artifact_ids="<1>"),
            Finds("here", ("one.json",)),
        ),
        FILES,
    ),
    Row(
        "an upload says its id and its digest",
        (
            Use(
                UPLOAD,
                {"name": "<row>", "path": "a"},
                outputs={
                    "artifact-id": "[0-9]+",
                    "artifact-digest": "[0-9a-f]{64}",
                    "artifact-url": "https://.*/artifacts/[0-9]+",
                },
            ),
        ),
        FILES,
    ),
    Row(
        "nothing found has no id",
        (Use(UPLOAD, {"name": "<row>", "path": "a/*.xml"}, outputs={"artifact-id": "", "artifact-digest": ""}),),
        FILES,
    ),
    # One artifact goes straight into the folder, several into a folder each.
    two("by name", download(name="<row>-one"), Finds("here", ("one.json",))),
    two("by id", download(artifact_ids="<1>"), Finds("here", ("one.json",))),
    two("by two ids", download(artifact_ids="<1>,<2>"), Finds("here", BOTH)),
    two("spaces and empty ids", download(artifact_ids=" <1>, ,<2>,"), Finds("here", BOTH)),
    two(
        "two ids merged",
        download(artifact_ids="<1>,<2>", merge_multiple="true"),
        Finds("here", ("one.json", "five.json")),
    ),
    two(
        "one id that is not there",
        download(artifact_ids="<1>,1", says="Could not find the following artifact IDs: 1"),
        Finds("here", ("one.json",)),
    ),
    two("a number with more behind it", download(artifact_ids="<1>abc"), Finds("here", ("one.json",))),
    two("a pattern with one match", download(pattern="<row>-o*"), Finds("here", ("one.json",))),
    two("a pattern with two", download(pattern="<row>-*"), Finds("here", BOTH)),
    two("a pattern with none", download(pattern="<row>-x*"), Finds("here", ())),
    two("a name beside a pattern", download(name="<row>-one", pattern="<row>-t*"), Finds("here", ("one.json",))),
    two(
        "what is there stays, and may be replaced",
        download(name="<row>-one", path="a"),
        Finds("a", ("one.json", "two.sarif"), among=True),
    ),
    # What cannot be brought.
    two("no such name", download(name="<row>-three", fails="Artifact not found for name: <row>-three")),
    two("names have a case", download(name="<row>-ONE", fails="Artifact not found for name: <row>-ONE")),
    two("no such id", download(artifact_ids="1", fails="None of the provided artifact IDs were found")),
    two(
        "an id that is no number", download(artifact_ids="none", fails="Invalid artifact ID: 'none'. Must be a number.")
    ),
    two("no id among commas", download(artifact_ids=" , ", fails="No valid artifact IDs provided")),
    two("a name and an id", download(name="<row>-one", artifact_ids="<1>", fails="cannot be used together")),
    two("a boolean that is none", download(name="<row>-one", merge_multiple="yes", fails="Core Schema")),
)
