"""What a failed build lacked: a base image, or a secret."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from goldenpath.delivery.builds import build_failures
from goldenpath.delivery.builds.build_secrets import GivenSecrets
from goldenpath.delivery.model.build_secrets import BuildSecret
from goldenpath.delivery.model.event import Event
from goldenpath.shared.errors import BuildFailed
from goldenpath.shared.names import Commit
from goldenpath.shared.runner import Runner
from tests.unit import run_builder
from tests.unit.builders import COMMIT

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.delivery.stage import Run

ECR = "123456789012.dkr.ecr.eu-west-2.amazonaws.com/base/python:3"
READING = "ERROR: failed to build: failed to solve: base: failed to resolve source metadata for"
NPM = BuildSecret("npm", b"npm_Ab3dEf6hIj9lMn2pQr5t")
FORK = Event("pull_request", Commit(COMMIT), "refs/pull/1/merge", fork=True)


def run(folder: Path, event: Event | None = None, *, in_actions: bool = True) -> Run:
    made = run_builder.run(folder, runner=Runner(in_actions=in_actions))
    return dataclasses.replace(made, event=event or made.event)


def explained(here: Run, words: str) -> BuildFailed:
    with pytest.raises(BuildFailed) as caught, build_failures.explaining(here, GivenSecrets()):
        raise BuildFailed("The image could not be built", why=words, fix="f")
    return caught.value


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (ECR, "unexpected status from HEAD request to https://x/v2/base/python/manifests/3: 401 Unauthorized"),
        (ECR, "no basic auth credentials"),
        (
            "ghcr.io/org/base:1",
            "failed to authorize: failed to fetch anonymous token: unexpected status: 403 Forbidden",
        ),
        ("docker.io/org/base:1", "pull access denied, repository does not exist or may require authorization"),
    ],
)
def test_a_base_image_that_a_registry_refuses_is_named(tmp_path: Path, name: str, words: str) -> None:
    error = explained(run(tmp_path), f"#1 DONE\n{READING} {name}: {words}")
    assert error.what == f"The base image {name} cannot be pulled: it is private, or does not exist"
    assert words in error.why


@pytest.mark.parametrize(
    ("event", "in_actions", "why", "fix"),
    [
        (FORK, True, "GitHub gives pull requests from forks neither secrets nor an OIDC", "Push the branch to this"),
        (None, True, "The job that builds has no login for any registry", "Name it in the input `private_bases`"),
        (None, False, "The registry refused to show it", "Run `docker login` for its registry, or fetch it first with"),
    ],
)  # fmt: skip
def test_the_reason_is_that_of_the_run(
    tmp_path: Path, event: Event | None, why: str, fix: str, *, in_actions: bool
) -> None:
    error = explained(run(tmp_path, event, in_actions=in_actions), f"{READING} {ECR}: 401 Unauthorized")
    assert error.why.startswith(why)
    assert error.fix.startswith(fix)


@pytest.mark.parametrize(
    "words",
    [f"{READING} {ECR}: not found", f"{READING} docker.io/x: 429 Too Many Requests", "exit code: 1: 401 Unauthorized"],
)
def test_any_other_failure_of_a_pull_is_told_as_it_is(tmp_path: Path, words: str) -> None:
    assert explained(run(tmp_path), words).what == "The image could not be built"


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
    with pytest.raises(BuildFailed) as caught, build_failures.explaining(run, found):
        raise BuildFailed("The image could not be built", why=f"ERROR: failed to solve: {words}", fix="f")
    assert (caught.value.what, caught.value.why) == (f"The build needs {what}, and this run has none", why)
    assert ("BUILD_S" in caught.value.fix) is in_actions


def test_any_other_failure_is_told_as_it_is(tmp_path: Path) -> None:
    failure = BuildFailed("The image could not be built", why="exit code: 1", fix="f")
    with (
        pytest.raises(BuildFailed) as caught,
        build_failures.explaining(run_builder.run(tmp_path), GivenSecrets((NPM,))),
    ):
        raise failure
    assert caught.value is failure
