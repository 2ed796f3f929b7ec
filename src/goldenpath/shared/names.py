"""The names of a release, checked when they are made: a value of one of these types has the right form.

Grammar of tags and digests: OCI Distribution Specification 1.1, "Pulling manifests", and OCI Image Specification 1.1,
"Descriptor". Grammar of repository names: Amazon ECR API reference, `CreateRepository`.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, ClassVar, Self

SHORT_SHA = 7
# Regions begin so outside of the partition `aws` (botocore, `partitions.json`).
_PARTITIONS = {
    "cn-": "aws-cn",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
}
# The repository on GitHub that holds the platform: its workflows, its documents.
PLATFORM = "mikeybeezy/goldenpath-idp-infra"
# Where a registry is unless something else is named, and the audience of an OIDC token that STS asks for.
DEFAULT_REGION = "eu-west-2"
AUDIENCE = "sts.amazonaws.com"
# What the secrets of roles begin with, and the secret of a role that serves every environment.
ROLE_SECRETS = "TF_AWS_IAM_ROLE_"
ANY_ROLE = "AWS_ROLE_ARN"


def role_secret(environment: str) -> str:
    """Return the name of the secret that holds the ARN of the role of `environment` only."""
    return f"{ROLE_SECRETS}{environment.upper()}"


# The secret of the role that may pull base images.
BASES_ROLE = role_secret("bases")


class Name(str):
    """A string that matches the `pattern` of its class; anything else raises `ValueError` with the rule in words."""

    __slots__ = ()
    pattern: ClassVar[re.Pattern[str]]
    rule: ClassVar[str]

    def __new__(cls, raw: str) -> Self:
        """Check `raw` and return it as this type."""
        if not cls.pattern.fullmatch(raw):
            raise ValueError(f"{_shown(raw)} is not {cls.rule}")
        return super().__new__(cls, raw)


class Digest(Name):
    """The identity of bytes: `sha256:` and 64 hexadecimal digits."""

    pattern = re.compile(r"sha256:[0-9a-f]{64}")
    rule = "a digest (`sha256:` and 64 hexadecimal digits)"

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Return the digest of `content`."""
        return cls("sha256:" + hashlib.sha256(content).hexdigest())

    @property
    def hex(self) -> str:
        """The digits without the algorithm."""
        return self.removeprefix("sha256:")


class Commit(Name):
    """A full git commit id."""

    pattern = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
    rule = "a full commit id (40 hexadecimal digits)"

    @property
    def short(self) -> str:
        """The first seven digits, as tags carry them."""
        return self[:SHORT_SHA]


class Ref(Name):
    """The full name of a branch or tag in git. Source: git-check-ref-format(1)."""

    pattern = re.compile(
        r"refs/(?:heads|tags)/(?!-)(?!.*(?:\.\.|@\{|//|/\.|\.lock(?:/|$)))[^\x00-\x20\x7f~^:?*\[\\./][^\x00-\x20\x7f~^:?*\[\\]*"
        r"(?<![/.])"
    )
    rule = "the full name of a branch or tag (like `refs/heads/main` or `refs/tags/v1.4.2`)"

    @property
    def is_tag(self) -> bool:
        """Whether it is a tag."""
        return self.startswith("refs/tags/")


class Tag(Name):
    """A tag of an image."""

    pattern = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
    rule = "a tag (letters, digits, `_`, `.` and `-`; at most 128; not starting with `.` or `-`)"


class EcrRepository(Name):
    """The name of a repository in ECR."""

    pattern = re.compile(r"(?=.{2,256}$)[a-z0-9]+(?:[._-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*")
    rule = "an ECR repository name (2 to 256 of a-z, 0-9, and single `.`, `_`, `-`, `/` between them)"


class EnvironmentName(Name):
    """The name of an environment, as the platform's rules may have it."""

    pattern = re.compile(r"[a-z][a-z0-9]{1,15}")
    rule = "the name of an environment (2 to 16 of a-z and 0-9, starting with a letter)"


class StageName(Name):
    """The name of a stage of the pipeline."""

    pattern = re.compile(r"[a-z][a-z0-9-]{0,39}")
    rule = "the name of a stage (like `trivy-gate`)"


class ImageRepository(Name):
    """The address that an image is pulled from, without a tag: a registry's host, and the repository in it."""

    pattern = re.compile(r"[a-z0-9]+(?:[.-]+[a-z0-9]+)*(?::[0-9]{1,5})?/" + EcrRepository.pattern.pattern, re.ASCII)
    rule = "the address of a repository (like `123456789012.dkr.ecr.eu-west-2.amazonaws.com/my-app`)"

    @property
    def name(self) -> EcrRepository:
        """The name of the repository in its registry."""
        return EcrRepository(self.partition("/")[2])


class Platform(Name):
    """An operating system and architecture, as `linux/amd64` or `linux/arm/v7`."""

    pattern = re.compile(r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9]+)?")
    rule = "a platform (like `linux/amd64`)"


class Version(Name):
    """A version that can be a tag."""

    pattern = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
    rule = "a version that can be a tag (like `1.4.2`)"


class Region(Name):
    """An AWS region."""

    pattern = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]")
    rule = "an AWS region (like `eu-west-2`)"

    @property
    def aws_partition(self) -> str:
        """The partition that the region is in, as ARNs begin: `aws` but for a few."""
        return next((name for prefix, name in _PARTITIONS.items() if self.startswith(prefix)), "aws")


class RoleArn(Name):
    """The ARN of an IAM role."""

    pattern = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}", re.ASCII)
    rule = "the ARN of an IAM role (like `arn:aws:iam::123456789012:role/deliver-dev`)"

    @property
    def account(self) -> str:
        """The account that the role is in."""
        return self.split(":")[4]


class SigningProfile(Name):
    """The ARN of a signing profile of AWS Signer."""

    # botocore's model of ECR, `SigningProfileArn`.
    pattern = re.compile(r"arn:aws(-[a-z]+)*:signer:[a-z0-9-]+:[0-9]{12}:/signing-profiles/[a-zA-Z0-9_]{2,64}")
    rule = "the ARN of a signing profile (like `arn:aws:signer:eu-west-2:123456789012:/signing-profiles/release`)"


class AccountId(Name):
    """The number of an AWS account."""

    pattern = re.compile(r"[0-9]{12}")
    rule = "an AWS account id (12 digits)"


class ArtifactId(Name):
    """The id of an artifact of a workflow run."""

    pattern = re.compile(r"[0-9]{1,19}")
    rule = "the id of one artifact (a number, the output `artifact-id` of actions/upload-artifact)"


class ContextFolder(Name):
    """A folder inside the build context, by its path there."""

    pattern = re.compile(r"(?!/)(?!(?:.*/)?\.\.(?:/|$))[^\\\x00-\x1f\x7f]{1,1024}")
    rule = "a folder inside the build context (like `target`)"


class ContentDigest(Name):
    """The digest of the paths and bytes of an artifact's files, or `none` where there was no artifact."""

    pattern = re.compile(r"none|sha256:[0-9a-f]{64}")
    rule = "the digest that gitleaks-gate puts out (`sha256:` and 64 hexadecimal digits, or `none`)"

    @classmethod
    def none(cls) -> Self:
        """Return the word for no artifact."""
        return cls("none")


def _shown(raw: Any) -> str:  # noqa: ANN401  whatever a caller passed
    text = ascii(raw)
    limit = 80
    return text if len(text) <= limit else text[: limit - 1] + "…'"
