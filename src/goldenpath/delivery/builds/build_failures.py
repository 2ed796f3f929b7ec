"""Explain a build that failed because it lacked a base image or a secret: which one, and why this run has none."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from goldenpath.shared.errors import BuildFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.builds.build_secrets import GivenSecrets
    from goldenpath.delivery.stage import Run

# BuildKit's messages (session/secrets, session/sshforward) about a mount that is `required`.
_SECRET = re.compile(r"ERROR: .*secret (?P<name>[\w.-]+): not found", re.ASCII)
_SSH = re.compile(r"ERROR: .*(?:unset ssh forward key|no SSH key) \"?(?P<name>[\w.-]+)", re.ASCII)
# BuildKit's message (containerd, core/remotes/docker). Registries refuse a private and a missing image alike.
_BASE = re.compile(
    r"failed to resolve source metadata for (?P<name>\S+): .*"
    r"(?:401 Unauthorized|403 Forbidden|no basic auth credentials|failed to authorize|authorization failed|denied)"
)
_WITHOUT = "or write `required=false` in the mount where the build can do without"
_PAGE = "docs/workflow.md, Base images"


@contextmanager
def explaining(run: Run, given: GivenSecrets) -> Iterator[None]:
    """Raise the `BuildFailed` of the block again; where the build lacked a secret or a base image, it names that."""
    try:
        yield
    except BuildFailed as error:
        for message, explained in ((_SECRET, _no_secret), (_SSH, _no_ssh), (_BASE, _no_base)):
            if match := message.search(error.why):
                raise explained(run, match["name"], given, error) from error
        raise


def _no_secret(run: Run, name: str, given: GivenSecrets, _: BuildFailed) -> BuildFailed:
    how = f"--secret id={name},env=VARIABLE or --secret id={name},src=FILE"
    if run.runner.in_actions:
        how = f"add the line {name}=${{{{ secrets.… }}}} to the secret BUILD_SECRETS that the caller passes"
    why = _why_no_secret(run)
    if not why and name in given.empty:
        why = f"{name} was named with an empty value: mostly the secret behind it does not exist, or is named otherwise"
    names = ", ".join(secret.id for secret in given.secrets)
    return BuildFailed(
        f"The build needs the secret {name}, and this run has none",
        why=why or (f"The caller gave only these secrets: {names}" if names else "The caller did not give it"),
        fix=f"Give it: {how}; {_WITHOUT}",
    )


def _no_ssh(run: Run, name: str, _given: GivenSecrets, _: BuildFailed) -> BuildFailed:
    how = "Pass the secret BUILD_SSH_KEY" if run.runner.in_actions else f"Give it with --ssh {name}"
    return BuildFailed(
        f"The build needs the SSH agent or key {name}, and this run has none",
        why=_why_no_secret(run) or "The caller did not give it",
        fix=f"{how}; {_WITHOUT}",
    )


def _why_no_secret(run: Run) -> str:
    """Return why GitHub gives this run no secrets; empty where it does."""
    if run.event.fork:
        return "GitHub gives no secrets to pull requests from forks"
    if run.event.by_dependabot:
        return "GitHub gives Dependabot's pull requests only the secrets that are kept for Dependabot"
    return ""


def _no_base(run: Run, name: str, _: GivenSecrets, error: BuildFailed) -> BuildFailed:
    if run.event.fork:
        why = "GitHub gives pull requests from forks neither secrets nor an OIDC token, so no private image was fetched"
        fix = "Push the branch to this repository and open the pull request from there, if the change can be trusted"
    elif run.runner.in_actions:
        why = "The job that builds has no login for any registry"
        fix = f"Name it in the input `private_bases`, exactly as in the Dockerfile; see {_PAGE}"
    else:
        why = "The registry refused to show it"
        fix = (
            "Run `docker login` for its registry, or fetch it first with `goldenpath pull-bases --private-bases "
            f"{name}` and the same --work-dir; see {_PAGE}"
        )
    what = f"The base image {name} cannot be pulled: it is private, or does not exist"
    return BuildFailed(what, why=f"{why}\n{error.why}", fix=fix)
