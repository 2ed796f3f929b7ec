"""What attacks on a role share: the trust policy that the command prints, and workflow runs that try to enter."""

from __future__ import annotations

import secrets
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from goldenpath.delivery.registry.iam import Subject
from tests.attacks.attack import Patch, Refused
from tests.tools.conftest import ACCOUNT

if TYPE_CHECKING:
    from goldenpath.local.server import Local
    from tests.attacks.attack import Scene
    from tests.tools.command import Ended

FILE = "mikeybeezy/goldenpath-idp-infra/.github/workflows/_build-and-release.yml"
REPOSITORY = "team/my-app"
_CLAIMS: Any = Subject.claims


def without(*claims: str) -> Patch:
    """Return the patch that leaves `claims` out of the policy that is printed."""
    kept = property(lambda self: {name: each for name, each in _CLAIMS.fget(self).items() if name not in claims})
    return Patch("goldenpath.delivery.registry.iam.Subject.claims", kept)


def printed(scene: Scene, *words: str, repository: str = REPOSITORY) -> str:
    """Return the trust policy that the command prints for a role of `repository`. Raises `Refused`."""
    ids = ("--owner-id=12", "--repository-id=345")
    ended = scene.fixture("inside")(
        "iam", "trust-policy", f"--account={ACCOUNT}", f"--repository={repository}", *ids, *words
    )
    return _done(ended).text


def as_run(scene: Scene, trust: str, **claims: str) -> None:
    """Enter a role with the policy `trust` as the workflow run with `claims`, and look at what may be released.

    Raises `Refused` where AWS does not let it in.
    """
    emulator, app, work = scene.fixture("emulator"), scene.fixture("app"), scene.fixture("work")
    arn = emulator.create_role(f"printed-{secrets.token_hex(4)}", trust=trust)
    usual = {
        "sub": f"repo:{REPOSITORY}:ref:refs/heads/main", "repository": REPOSITORY, "repository_id": "345",
        "ref": "refs/heads/main", "job_workflow_ref": f"{FILE}@refs/heads/main",
    }  # fmt: skip
    url = emulator.environment()["ACTIONS_ID_TOKEN_REQUEST_URL"].partition("?")[0]
    run = {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{url}?{urlencode({**usual, **claims})}", "GOLDENPATH_ROLE_ARN": arn}
    words = (f"--source={app.folder}", f"--work-dir={work.path}", f"--ecr-repository={scene.fixture('repository')}")
    ended = scene.fixture("inside")("preflight", "--environment=prod", *words, more=run)
    assert "may be released to: " in _done(ended).text


def entered(emulator: Local, role: str) -> dict[str, str]:
    """Return the variables that `aws-actions/configure-aws-credentials` leaves for the steps after it."""
    endpoint = emulator.environment()["AWS_ENDPOINT_URL"]
    unsigned = Config(signature_version=UNSIGNED)
    session = boto3.Session(region_name=emulator.region)
    with closing(session.client("sts", endpoint_url=endpoint, config=unsigned)) as sts:
        token = emulator.id_token()
        key = sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="step", WebIdentityToken=token)
    given = key["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def _done(ended: Ended) -> Ended:
    if ended.code:
        raise Refused(ended.error["code"], ended.text)
    return ended
