"""The IAM documents of a release: which workflow runs may assume a role, and what the role may do.

Sources: GitHub, "Configuring OpenID Connect in Amazon Web Services" and "OpenID Connect reference" (the `sub` of a
repository whose subject claims are immutable: `repo:owner@1/name@2:…`); AWS, "IAM and AWS STS condition context keys"
(STS knows the claim `job_workflow_ref` since January 2026).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from goldenpath.errors import BadInput

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
_CONTEXT = re.compile(r"(environment:[^*?:]+|ref:refs/[^?:]+|pull_request)")
_WORKFLOW = re.compile(r"[\w.-]+/[\w.-]+/\.github/workflows/[\w.-]+\.ya?ml@[^\s?]+")


@dataclass(frozen=True)
class Subject:
    """The workflow runs of one `repository` (`owner/name`) in one of `contexts` (`environment:prod`, `ref:refs/…`).

    With both ids known, the form of `sub` that carries them is meant too.
    """

    repository: str
    contexts: tuple[str, ...]
    owner_id: str = ""
    repository_id: str = ""

    @property
    def claims(self) -> tuple[str, ...]:
        """Every `sub` that GitHub may give these runs."""
        owner, _, name = self.repository.partition("/")
        repositories = [self.repository]
        if self.owner_id and self.repository_id:
            repositories.append(f"{owner}@{self.owner_id}/{name}@{self.repository_id}")
        return tuple(f"repo:{repository}:{context}" for repository in repositories for context in self.contexts)


def trust_policy(partition: str, account: str, subject: Subject, workflow: str = "") -> dict[str, Any]:
    """Return the trust policy of a role for `subject` alone, and only from the reusable `workflow` when it is given.

    Raises `BadInput`, telling all mistakes at once, for words that would trust more than they seem to.
    """
    _check(subject, workflow)
    string_like = {f"{ISSUER}:job_workflow_ref": workflow} if workflow else {}
    claims = list(subject.claims)
    wild = any("*" in claim for claim in claims)
    equal: dict[str, Any] = {f"{ISSUER}:aud": AUDIENCE}
    (string_like if wild else equal)[f"{ISSUER}:sub"] = claims  # type: ignore[assignment]
    condition = {"StringEquals": equal} | ({"StringLike": string_like} if string_like else {})
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:{partition}:iam::{account}:oidc-provider/{ISSUER}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _check(subject: Subject, workflow: str) -> None:
    mistakes = []
    if not _REPOSITORY.fullmatch(subject.repository):
        mistakes.append(f"{subject.repository!a} is not owner/name")
    mistakes += [f"{each!a} is not environment:NAME or ref:refs/…" for each in subject.contexts if not _is_one(each)]
    if not subject.contexts:
        mistakes.append("neither an environment nor a ref was named, and every branch would be trusted")
    if bool(subject.owner_id) is not bool(subject.repository_id):
        mistakes.append("the two numeric ids belong together")
    mistakes += [f"{each!a} is not a number" for each in (subject.owner_id, subject.repository_id)
                 if each and not (each.isascii() and each.isdigit())]  # fmt: skip
    if workflow and not _WORKFLOW.fullmatch(workflow):
        mistakes.append(f"{workflow!a} is not owner/name/.github/workflows/file.yml@ref")
    if mistakes:
        raise BadInput("the role would not trust what you mean", why="; ".join(mistakes), fix="correct the options")


def _is_one(context: str) -> bool:
    return _CONTEXT.fullmatch(context) is not None
