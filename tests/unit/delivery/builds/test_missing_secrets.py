"""Which secret a failed build lacked."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from msgspec.structs import replace

from goldenpath.delivery.builds import build_secrets
from goldenpath.delivery.builds.build_secrets import GivenSecrets
from goldenpath.delivery.model.build_secrets import BuildSecret
from goldenpath.delivery.model.event import Event
from goldenpath.shared.errors import BuildFailed
from goldenpath.shared.names import Commit
from goldenpath.shared.runner import Runner
from tests.unit import run_builder
from tests.unit.builders import COMMIT

TOKEN = "npm_Ab3dEf6hIj9lMn2pQr5t"


NPM = BuildSecret("npm", TOKEN.encode())


FORK = Event("pull_request", Commit(COMMIT), "refs/pull/1/merge", fork=True)


@pytest.mark.parametrize(
    ("words", "event", "found", "what", "why"),
    [
        ("secret npm: not found", FORK, GivenSecrets(empty=("npm",)), "the secret npm",
         "GitHub gives no secrets to pull requests from forks"),
        ("secret npm: not found", replace(FORK, fork=False, by_dependabot=True), GivenSecrets(), "the secret npm",
         "GitHub gives Dependabot's pull requests only the secrets that are kept for Dependabot"),
        ("secret npm: not found", None, GivenSecrets(empty=("npm",)), "the secret npm",
         "npm was named with an empty value: mostly the secret behind it does not exist, or is named otherwise"),
        ("secret npm: not found", None, GivenSecrets((NPM,)), "the secret npm",
         "The caller gave only these secrets: npm"),
        ("unset ssh forward key default", FORK, GivenSecrets(), "the SSH agent or key default",
         "GitHub gives no secrets to pull requests from forks"),
        ('no SSH key "default" forwarded from the client', None, GivenSecrets(), "the SSH agent or key default",
         "The caller did not give it"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("in_actions", [True, False])
def test_a_required_secret_that_is_missing_is_named_with_the_reason(
    tmp_path: Path, words: str, event: Event | None, found: GivenSecrets, what: str, why: str, *, in_actions: bool
) -> None:
    run = run_builder.run(tmp_path, runner=Runner(in_actions=in_actions))
    run = dataclasses.replace(run, event=event or run.event)
    with pytest.raises(BuildFailed) as caught, build_secrets.explaining(run, found):
        raise BuildFailed("The image could not be built", why=f"ERROR: failed to solve: {words}", fix="f")
    assert (caught.value.what, caught.value.why) == (f"The build needs {what}, and this run has none", why)
    assert ("BUILD_S" in caught.value.fix) is in_actions
