"""The IAM documents of a release: which workflow runs may assume a role, and what a role or a session may do.

Sources: Amazon ECR user guide, "IAM permissions for pushing an image" and "Pulling an image"; GitHub, "Configuring
OpenID Connect in Amazon Web Services" and "OpenID Connect reference" (the `sub` of a repository whose subject claims
are immutable: `repo:owner@1/name@2:…`); AWS, "IAM and AWS STS condition context keys" (STS knows GitHub's claims
`environment`, `job_workflow_ref`, `ref` and `repository_id` since January 2026).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.shared.errors import BadInput
from goldenpath.shared.names import AUDIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.shared.names import AccountId, EcrRepository, Region, RoleArn, SigningProfile

# The actions of one release, and nothing else. `GetAuthorizationToken` knows no resource.
PUSH_ACTIONS = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchDeleteImage",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:ListTagsForResource",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
# What ECR's managed signing needs of whoever pushes, on the profile of a rule. (ECR user guide, "Managed signing".)
SIGN_ACTIONS = ("signer:GetSigningProfile", "signer:SignPayload")
# The settings of a registry that preflight reports. They know no resource.
REGISTRY_ACTIONS = ("ecr:DescribeRegistry", "ecr:GetSigningConfiguration")
# The actions that read a release back.
READ_ACTIONS = (
    "ecr:BatchGetImage",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:GetDownloadUrlForLayer",
    "ecr:ListTagsForResource",
)
ISSUER = "token.actions.githubusercontent.com"
# A user that an enterprise manages has its short code behind `_`.
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(_[A-Za-z0-9]+)?/[A-Za-z0-9._-]+")
# A `$` could begin a variable of IAM, whose value is put in its place.
_ENVIRONMENT = re.compile(r"[^*?:$]+")
_REF = re.compile(r"refs/[^\s?:$]+")
_WORKFLOW = re.compile(
    r"[\w.-]+/[\w.-]+/\.github/workflows/[\w.-]+\.ya?ml@(refs/(heads|tags)/[^\s*?:$]+|[0-9a-f]{40}|[0-9a-f]{64})",
    re.ASCII,
)


@dataclass(frozen=True)
class Subject:
    """The workflow runs of one `repository` (`owner/name`) that a role trusts.

    Their job is bound to one of the GitHub `environments`, or to none where none is named, and they run on one of
    `refs`, in which `*` is a wildcard. The job is one of `workflows` (`owner/name/.github/workflows/file.yml@ref`), or
    any where `any_workflow`. With `pull_requests`, runs for pull requests from branches of the repository are trusted
    too. With both ids known, the form of `sub` that carries them is trusted as well. With an `enterprise_id`, only runs
    of that enterprise are.
    """

    repository: str
    environments: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    any_workflow: bool = False
    pull_requests: bool = False
    owner_id: str = ""
    repository_id: str = ""
    enterprise_id: str = ""

    @property
    def claims(self) -> dict[str, tuple[str, ...]]:
        """Every value that GitHub may give these runs, by claim; no values where any will do."""
        return {
            "sub": tuple(f"repo:{name}:{context}" for name in self._names for context in self._contexts),
            # Somebody else can take a name that was given up. Nobody can take a number.
            "repository_id": (self.repository_id,) if self.repository_id else (),
            "environment": self.environments,
            "ref": self._refs,
            "job_workflow_ref": self.workflows,
            "enterprise_id": (self.enterprise_id,) if self.enterprise_id else (),
        }

    @property
    def _names(self) -> tuple[str, ...]:
        owner, _, name = self.repository.partition("/")
        if not (self.owner_id and self.repository_id):
            return (self.repository,)
        return (self.repository, f"{owner}@{self.owner_id}/{name}@{self.repository_id}")

    @property
    def _contexts(self) -> tuple[str, ...]:
        """How a `sub` ends. That of a job with an environment names it, and no ref."""
        bound = tuple(f"environment:{name}" for name in self.environments)
        proposed = ("pull_request",) if self.pull_requests else ()
        return (*(bound or tuple(f"ref:{ref}" for ref in self.refs)), *proposed)

    @property
    def _refs(self) -> tuple[str, ...]:
        # GitHub's own, of the merge that a pull request proposes.
        return (*self.refs, "refs/pull/*/merge") if self.pull_requests and self.refs else self.refs


def trust_policy(partition: str, account: str, subject: Subject, audience: str = AUDIENCE) -> dict[str, Any]:
    """Return the trust policy of a role for `subject` only; every claim of it must hold at once.

    The OIDC token must be for `audience`.

    Raises `BadInput` that lists all mistakes, for words that would trust more than they seem to.
    """
    if mistakes := list(_mistakes(subject)):
        raise BadInput(
            "The role would not trust what you mean",
            why="; ".join(mistakes),
            fix="Correct the options; docs/release.md has the commands for each environment",
        )
    exact: dict[str, Any] = {f"{ISSUER}:aud": audience}
    patterns: dict[str, Any] = {}
    for claim, values in subject.claims.items():
        if values:
            # `StringLike` only where it is meant: in it every `*` and `?` matches more than it says.
            wild = any("*" in value for value in values)
            (patterns if wild else exact)[f"{ISSUER}:{claim}"] = list(values) if len(values) > 1 else values[0]
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:{partition}:iam::{account}:oidc-provider/{ISSUER}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": exact} | ({"StringLike": patterns} if patterns else {}),
    }
    return _document(statement)


def session_policy(
    region: Region,
    role: RoleArn,
    repository: EcrRepository,
    *,
    account: AccountId | None = None,
    read_only: bool = False,
    signing_profiles: Sequence[SigningProfile] = (),
) -> dict[str, Any]:
    """Return the IAM policy of a session that may release to `repository`, and nothing else.

    The repository is in `account`; without one, in the role's own. One that is `read_only` may not even release, and
    may read the settings of the registry instead. ECR may sign a release with `signing_profiles` only.
    """
    place = role.split(":")[1], region, account or role.account
    if read_only:
        return _document(*_statements(READ_ACTIONS, *place, repository, more=REGISTRY_ACTIONS))
    return _document(*_pushing(*place, repository, signing_profiles))


def push_policy(
    partition: str,
    region: Region,
    account: str,
    repository: EcrRepository,
    signing_profiles: Sequence[SigningProfile] = (),
) -> dict[str, Any]:
    """Return the IAM policy of who may release to one repository, and do nothing else.

    ECR may sign what is pushed with `signing_profiles`.
    """
    return _document(*_pushing(partition, region, account, repository, signing_profiles, more=REGISTRY_ACTIONS))


def pull_policy(partition: str, region: Region, account: str, repositories: Sequence[EcrRepository]) -> dict[str, Any]:
    """Return the IAM policy of who may pull the images of `repositories`, and do nothing else."""
    return _document(*_statements(READ_ACTIONS, partition, region, account, *repositories))


def _pushing(
    partition: str,
    region: Region,
    account: str,
    repository: EcrRepository,
    profiles: Sequence[SigningProfile],
    more: Sequence[str] = (),
) -> Iterator[dict[str, Any]]:
    status = ("ecr:DescribeImageSigningStatus",) if profiles else ()
    yield from _statements(sorted((*PUSH_ACTIONS, *status)), partition, region, account, repository, more=more)
    if profiles:
        yield {"Effect": "Allow", "Action": list(SIGN_ACTIONS), "Resource": _one_or_several(profiles)}


def _statements(
    actions: Sequence[str],
    partition: str,
    region: Region,
    account: str,
    *repositories: EcrRepository,
    more: Sequence[str] = (),
) -> Iterator[dict[str, Any]]:
    arns = [f"arn:{partition}:ecr:{region}:{account}:repository/{name}" for name in repositories]
    of_registry = sorted(("ecr:GetAuthorizationToken", *more))
    yield {"Effect": "Allow", "Action": _one_or_several(of_registry), "Resource": "*"}
    yield {"Effect": "Allow", "Action": list(actions), "Resource": _one_or_several(arns)}


def _one_or_several(values: Sequence[str]) -> list[str] | str:
    return list(values) if len(values) > 1 else values[0]


def _document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _mistakes(subject: Subject) -> Iterator[str]:
    if not _REPOSITORY.fullmatch(subject.repository):
        yield f"{subject.repository!a} is not owner/name"
    yield from (f"{environment!a} is not the name of a GitHub environment" for environment in subject.environments
                if not _ENVIRONMENT.fullmatch(environment))  # fmt: skip
    yield from (f"{ref!a} is not a ref like refs/heads/main" for ref in subject.refs if not _REF.fullmatch(ref))
    if not subject.environments and not subject.refs and not subject.pull_requests:
        yield "neither an environment nor a ref was named, and every branch would be trusted"
    if subject.environments and subject.pull_requests:
        yield "pull requests are checked without an environment: give them a role of their own, which may only read"
    if bool(subject.owner_id) is not bool(subject.repository_id):
        yield "the two numeric ids belong together"
    numbers = (subject.owner_id, subject.repository_id, subject.enterprise_id)
    yield from (f"{number!a} is not a number" for number in numbers
                if number and not (number.isascii() and number.isdigit()))  # fmt: skip
    yield from _workflow_mistakes(subject)


def _workflow_mistakes(subject: Subject) -> Iterator[str]:
    if subject.any_workflow and subject.workflows:
        yield "`--workflow` and `--any-workflow` contradict one another"
    if not subject.any_workflow and not subject.workflows:
        yield (
            "no workflow was named with `--workflow`: any workflow of the repository could assume the role, without "
            "passing a gate. `--any-workflow` allows that"
        )
    for workflow in subject.workflows:
        if "*" in workflow or "?" in workflow:
            yield (
                f"{workflow!a} has a wildcard: the app could call the oldest version of the gates, or one that anybody "
                "pushed under a matching name. Name each version that is supported with a `--workflow` of its own"
            )
        elif not _WORKFLOW.fullmatch(workflow):
            yield (
                f"{workflow!a} is not owner/name/.github/workflows/file.yml@ref with a whole ref, like refs/heads/main "
                "or refs/tags/v1.2.3, or a full commit id"
            )
