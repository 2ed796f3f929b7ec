"""The variables of whoever starts the tests: a GitHub runner, a shell with an AWS account, a hook of git.

A test that saw them would believe that it is a delivery of that run, in that account. They are removed from this
process before the first test is imported, and so from every program that a test starts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping

# Sources: GitHub, "Variables reference"; actions/runner, `ActionRunner` (INPUT_); AWS, "Configuring environment
# variables for the AWS CLI"; git(1) and githooks(5); Terraform, "Environment variables".
_REMOVED = re.compile(
    r"(ACTIONS|AWS|GH|GITHUB|GITLEAKS|INPUT|RUNNER|SYFT|TRIVY)_"
    # Where programs are kept, and where they are downloaded from, is for whoever starts the tests to say.
    r"|GOLDENPATH_(?!(CACHE|RELEASES)$)"
    r"|TF_(?!(CLI_CONFIG_FILE|PLUGIN_CACHE_DIR)$)"
    r"|GIT_(?!(EXEC_PATH|SSL_.*)$)"
    r"|(CI|SOURCE_DATE_EPOCH)$"
)


def remove(environment: MutableMapping[str, str]) -> None:
    """Remove from `environment` every variable that would make a test believe that it is on a runner."""
    for name in left(environment):
        del environment[name]


def left(environment: MutableMapping[str, str]) -> list[str]:
    """Return the names in `environment` that no test may see."""
    return sorted(filter(_REMOVED.match, environment))
