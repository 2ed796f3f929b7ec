"""What GitHub's own actions do, a row each, as far as our workflows and their tests rely on it.

`tests/e2e/test_stand_ins.py` holds the stand-ins to it, the job `actions` of `e2e.yml` the real ones: what a stand-in
gets wrong, no test under the runner can find. The values are those of the sources at the commits that the workflows pin
(upload-artifact 7.0.1, download-artifact 8.0.1, checkout 7.0.1, cache 6.1.0, @actions/artifact 6.2, @actions/glob 0.6).

In texts `<row>` is unique to a row, so that rows share one workflow run; `<1>` is the id of the row's first artifact,
`<c3>` a commit of the repositories that `repository.py` makes.
"""

from __future__ import annotations

from tests.e2e.action_contract.artifacts import ARTIFACTS
from tests.e2e.action_contract.checkouts import CHECKOUTS
from tests.e2e.action_contract.checkouts_of_parts import CHECKOUTS_OF_PARTS
from tests.e2e.action_contract.steps import Finds, Row, Runs, Use

SETUPS = (
    Row(
        "Python is there under both names",
        (
            Use("setup-python", {"python-version": "3.14"}),
            Runs("python --version && python3 --version", "^Python 3.*\nPython 3"),
        ),
        needs="python3",
    ),
    Row(
        "Node is there",
        (
            Use("setup-node", {"node-version": "24", "package-manager-cache": "false"}),
            Runs("node --version", "^v[0-9]"),
        ),
        needs="node",
    ),
    Row(
        "Go is there",
        (Use("setup-go", {"go-version": "1.26", "cache": "false"}), Runs("go version", "^go version go1")),
        needs="go",
    ),
)
SAVE, RESTORE = "cache/save", "cache/restore"
_GIVEN = {"path": "a", "key": "<row>-none", "restore-keys": "<row>-"}
CACHES = (
    Row(
        "a cache is found by the beginning of its key, and its whole key is told",
        (
            Use(SAVE, {"path": "a", "key": "<row>-1"}, says="Cache saved with key: <row>-1"),
            Runs("rm -r a && ls", "^$"),
            Use(RESTORE, _GIVEN, outputs={"cache-matched-key": "<row>-1", "cache-hit": "false"}),
            Finds("a", ("one.json", "deep/.two")),
        ),
        ("a/one.json", "a/deep/.two"),
    ),
    Row(
        "nothing is found under another beginning, and that is no failure",
        (Use(RESTORE, _GIVEN, says="Cache not found for input keys", outputs={"cache-matched-key": ""}),),
    ),
    Row(
        "a key with a comma is refused",
        (Use(RESTORE, {"path": "a", "key": "a,b"}, fails="a,b cannot contain commas"),),
    ),
)
ROWS = (*ARTIFACTS, *CACHES, *CHECKOUTS, *CHECKOUTS_OF_PARTS, *SETUPS)
