"""ECR's managed signing, as a release meets it: the rules of the registry, and the status of an image.

Sources: Amazon ECR user guide, "Managed signing" (ECR signs with the identity of whoever pushes); API reference,
`GetSigningConfiguration`, `DescribeImageSigningStatus`, `ListImageReferrers`. A signature is an artifact of the Notary
Project whose subject is the image.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.delivery.model.receipt import SigningState
from goldenpath.shared import ecr
from goldenpath.shared.names import Digest, SigningProfile

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

    from goldenpath.shared.names import AccountId, EcrRepository

SIGNATURE = "application/vnd.cncf.notary.signature"


@dataclass(frozen=True)
class SigningStatus:
    """The status of an image for one signing profile; `reason` says why it failed."""

    profile: SigningProfile
    state: SigningState
    reason: str = ""


def profiles(client: ECRClient, name: EcrRepository) -> tuple[SigningProfile, ...]:
    """Return the profiles that the registry of the client's own credentials signs the repository `name` with.

    Raises the SDK's exceptions, except that there is no configuration.
    """
    try:
        rules = client.get_signing_configuration()["signingConfiguration"]["rules"]
    except client.exceptions.SigningConfigurationNotFoundException:
        return ()
    matching = (
        rule["signingProfileArn"]
        for rule in rules
        if not rule.get("repositoryFilters")
        or any(_matches(name, chosen["filter"]) for chosen in rule["repositoryFilters"])
    )
    return tuple(SigningProfile(profile) for profile in dict.fromkeys(matching))


def statuses(
    client: ECRClient, name: EcrRepository, digest: Digest, account: AccountId | None
) -> tuple[SigningStatus, ...]:
    """Return the status of an image for each profile that it is signed with; none where no rule matched its push."""
    described = client.describe_image_signing_status(
        **ecr.registry(account), repositoryName=name, imageId={"imageDigest": digest}
    )
    return tuple(
        SigningStatus(
            SigningProfile(status["signingProfileArn"]),
            SigningState(status["status"]),
            ": ".join(filter(None, (status.get("failureCode"), status.get("failureReason")))),
        )
        for status in described["signingStatuses"]
    )


def signatures(client: ECRClient, name: EcrRepository, digest: Digest, account: AccountId | None) -> tuple[Digest, ...]:
    """Return the digests of the signatures of an image."""
    listed = client.list_image_referrers(
        **ecr.registry(account),
        repositoryName=name,
        subjectId={"imageDigest": digest},
        filter={"artifactTypes": [SIGNATURE], "artifactStatus": "ANY"},
    )
    return tuple(Digest(referrer["digest"]) for referrer in listed["referrers"])


def _matches(name: str, pattern: str) -> bool:
    """Match a filter of the type `WILDCARD_MATCH`: `*` is its only wildcard."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) is not None
