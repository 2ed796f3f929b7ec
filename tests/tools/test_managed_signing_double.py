"""ECR's managed signing in the emulator: what is signed, with whose rights, and what is left beside the image."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.tools.local.aws.test_ecr import ecr_for
from tests.tools.local.aws.test_images import app, client, client_of, ecr, local

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from tests.tools.local.aws.test_registry_front import Client

    from goldenpath.local.server import Local

__all__ = ["app", "client", "ecr", "local"]

pytestmark = pytest.mark.tools

PROFILE = "arn:aws:signer:eu-west-2:123456789012:/signing-profiles/release"


def sign_all(ecr: ECRClient, pattern: str) -> None:
    rule: Any = {
        "signingProfileArn": PROFILE,
        "repositoryFilters": [{"filter": pattern, "filterType": "WILDCARD_MATCH"}],
    }
    ecr.put_signing_configuration(signingConfiguration={"rules": [rule]})
    assert ecr.get_signing_configuration()["signingConfiguration"]["rules"] == [rule]


def statuses(ecr: ECRClient, app: str, tag: str) -> list[str]:
    described = [
        ecr.describe_image_signing_status(repositoryName=app, imageId={"imageTag": tag})["signingStatuses"]
        for _ in range(2)
    ]
    return [status["status"] for statuses in described for status in statuses]


def test_a_push_is_signed_with_the_rights_of_the_pusher(local: Local, ecr: ECRClient, app: str, client: Client) -> None:
    with pytest.raises(ecr.exceptions.SigningConfigurationNotFoundException):
        ecr.get_signing_configuration()
    sign_all(ecr, "team/*")
    digest = client.push_image(app, "1")
    assert statuses(ecr, app, "1") == ["IN_PROGRESS", "COMPLETE"]
    (referrer,) = ecr.list_image_referrers(repositoryName=app, subjectId={"imageDigest": digest})["referrers"]
    assert referrer["artifactType"] == "application/vnd.cncf.notary.signature"
    subjects = [image.get("subjectManifestDigest") for image in ecr.describe_images(repositoryName=app)["imageDetails"]]
    assert subjects == [None, digest]

    allowed = {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}
    pusher = ecr_for(local, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}))
    limited = client_of(local, pusher)
    limited.push_image(app, "2", b"another")
    limited.close()
    assert statuses(ecr, app, "2") == ["IN_PROGRESS", "FAILED"]
    ecr.delete_signing_configuration()
    client.push_image(app, "3", b"a third")
    assert statuses(ecr, app, "3") == []
