"""The environment matrix: the platform's rules, read from `environments.yaml` beside this file and nowhere else."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any

from goldenpath.delivery.model import frontend, release_tag
from goldenpath.delivery.model.finding import Gate, Severity
from goldenpath.delivery.model.verdict import Mode
from goldenpath.policy import contact, environments
from goldenpath.shared import codec
from goldenpath.shared.errors import UnknownEnvironment
from goldenpath.shared.names import Digest, SigningProfile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.policy.contact import Contact

POLICY_FILE = environments.POLICY_FILE
SCHEMA = environments.SCHEMA
LOCAL = environments.LOCAL
_TAG = "refs/tags/"
DEFAULT_BRANCH, ANY = "default-branch", "any"
# The default of `frontends` if a gate blocks: Docker's own.
OFFICIAL_FRONTENDS = (frontend.OFFICIAL,)
# The default of `verdict_hours`: an approval may take a weekend.
VERDICT_AGE = {Mode.BLOCKING: timedelta(hours=72), Mode.ADVISORY: timedelta(hours=168)}
# The default of `java_database_days`: that database identifies archives and knows no vulnerabilities, so an old one
# misses only the archives that were published since.
JAVA_DATABASE_AGE = {Mode.BLOCKING: timedelta(days=14), Mode.ADVISORY: timedelta(days=30)}
# The default of `java_databases`: trivy's own.
JAVA_DATABASES = ("mirror.gcr.io/aquasec/trivy-java-db:1", "ghcr.io/aquasecurity/trivy-java-db:1")


@dataclass(frozen=True)
class VulnerabilityRule:
    """The vulnerabilities that count: their severities, and whether one without a fix is only reported."""

    severities: frozenset[Severity]
    ignore_unfixed: bool = True


@dataclass(frozen=True)
class Environment:
    """The rules of one environment.

    `database_age` and `java_database_age` are the greatest ages of trivy's two databases, `verdict_age` that of a
    verdict at the push, `base_age` that of base images (`None`: any), and `build_cache_age` that of a build cache
    (`None`: no build cache). `longest_exception` is the longest time that an exception may last from today.

    With `git_tag_allowed` a release of the git tag `v1.2.3` also gets the image tag `v1.2.3`, beside `1.2.3`. With
    `stored_keys_allowed` a workflow run may release with an AWS key that never expires. `tags_from` names the branches
    whose commits a tag may release here, or is `DEFAULT_BRANCH` or `ANY`; with `reviewed_branches` a branch must be the
    default one or protected. `moving_tags` are patterns of the image tags that every release may move.

    `accounts` (ids) and `roles` (ARNs) belong to this environment; if there are none, it may use any that no other
    environment lists. With `code_scanning_required` a repository without code scanning cannot release here. With
    `approval_required` a workflow run releases only from a job that somebody had to approve. With `settled_allowed` a
    gate accepts a revoked secret that only history has, if a reviewed record says so.

    `signing_profiles` are those that ECR's managed signing signs a release with; with `signature_required` a release
    that it did not sign is undone.

    Where it is `notified`, the workflow `_notify.yml` reports deliveries in an issue and to a webhook.

    `frontends` are the images that may read a Dockerfile besides the frontend inside BuildKit, and `base_registries`
    the registries (with a path for a part of a registry) that base images may come from; `None` stands for any.
    """

    name: str
    modes: Mapping[Gate, Mode]
    vulnerabilities: VulnerabilityRule
    image_secrets: bool
    database_age: timedelta
    sarif_upload: bool
    sbom_required: bool
    latest_allowed: bool
    refs: tuple[str, ...]
    longest_exception: timedelta
    git_tag_allowed: bool = False
    stored_keys_allowed: bool = False
    tags_from: tuple[str, ...] | str = ANY
    reviewed_branches: bool = False
    accounts: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    verdict_age: timedelta = VERDICT_AGE[Mode.BLOCKING]
    code_scanning_required: bool = False
    approval_required: bool = False
    frontends: tuple[str, ...] | None = OFFICIAL_FRONTENDS
    moving_tags: tuple[str, ...] = ()
    java_database_age: timedelta = JAVA_DATABASE_AGE[Mode.BLOCKING]
    settled_allowed: bool = False
    base_registries: tuple[str, ...] | None = None
    base_age: timedelta | None = None
    build_cache_age: timedelta | None = None
    signing_profiles: tuple[SigningProfile, ...] = ()
    signature_required: bool = False
    notified: bool = False

    @property
    def blocks(self) -> bool:
        """Whether any gate stops a release here."""
        return Mode.BLOCKING in self.modes.values()

    def allows_ref(self, ref: str) -> bool:
        """Tell whether the git ref `ref` may be released here. A component's tag counts as the tag of its version."""
        names = (ref, *_tags_alike(ref))
        return any(_ref_pattern(pattern).fullmatch(name) for pattern in self.refs for name in names)

    def moves(self, tag: str) -> bool:
        """Tell whether the image tag `tag` may move from one commit to the next here."""
        return any(fnmatchcase(tag, pattern) for pattern in self.moving_tags)

    def branches_of_tags(self, default_branch: str) -> tuple[str, ...] | None:
        """Return the branches whose commits a tag may release here; `None` if any commit may be released."""
        if isinstance(self.tags_from, tuple):
            return self.tags_from
        return None if self.tags_from == ANY else (default_branch,)


@dataclass(frozen=True)
class Policy:
    """The whole matrix; `environments` in the order in which a change travels.

    `digest` is that of the file: it says which version of the rules decided. `databases` are the OCI repositories of
    trivy's database, in the order in which they are tried, and `java_databases` those of its Java database. With
    `unbound_refused` nothing is released to an ECR repository that nothing binds to an environment. `contact` is who
    can help an app team.
    """

    digest: Digest = field(compare=False)
    databases: tuple[str, ...]
    environments: tuple[Environment, ...]
    unbound_refused: bool = False
    java_databases: tuple[str, ...] = JAVA_DATABASES
    contact: Contact | None = None

    def environment(self, name: str) -> Environment:
        """Return the rules of `name`. Raises `UnknownEnvironment`, listing the known ones: there is no default."""
        for environment in self.environments:
            if environment.name == name:
                return environment
        known = ", ".join(environment.name for environment in self.environments)
        raise UnknownEnvironment(
            f"There is no environment {name!a}" if name else "No environment was named",
            why=f"The platform knows {known}",
            fix="Name one of them with --environment (in a workflow: `environment:`)",
        )


@cache
def load() -> Policy:
    """Return the platform's policy. Raises `PolicyInvalid` when its file does not fit its schema."""
    return _policy(environments.text(), environments.read())


def parse(text: str) -> Policy:
    """Return the policy in the YAML `text`. Raises `PolicyInvalid`, naming every wrong field with its line."""
    return _policy(text, environments.parse(text))


def _policy(text: str, tree: Mapping[str, Any]) -> Policy:
    return Policy(
        digest=Digest.of(text.encode()),
        databases=tuple(tree["trivy"]["databases"]),
        environments=tuple(_environment(name, body) for name, body in tree["environments"].items()),
        unbound_refused=tree.get("unbound") == "refused",
        java_databases=tuple(tree["trivy"].get("java_databases", JAVA_DATABASES)),
        contact=contact.of_policy(tree),
    )


def _environment(name: str, body: Mapping[str, Any]) -> Environment:
    trivy = body["trivy"]
    severities = codec.convert(trivy["severities"], frozenset[Severity])
    modes = {gate: Mode(body[gate.value]["mode"]) for gate in Gate}
    strictest = Mode.BLOCKING if Mode.BLOCKING in modes.values() else Mode.ADVISORY
    tags_from = body.get("tags_from") or (DEFAULT_BRANCH if strictest is Mode.BLOCKING else ANY)
    frontends = body.get("frontends") or (OFFICIAL_FRONTENDS if strictest is Mode.BLOCKING else ANY)
    registries = body.get("base_registries", ANY)
    hours = body.get("verdict_hours")
    java_days = trivy.get("java_database_days")
    base_days = body.get("base_days")
    cache_hours = body.get("build_cache_hours")
    is_guarded = body.get("branches") == "reviewed" or body.get("approval") == "required"
    return Environment(
        name=name,
        modes=modes,
        vulnerabilities=VulnerabilityRule(severities, ignore_unfixed=trivy.get("ignore_unfixed", True)),
        image_secrets=trivy["image_secrets"],
        database_age=timedelta(days=trivy["database_days"]),
        java_database_age=timedelta(days=java_days) if java_days else JAVA_DATABASE_AGE[modes[Gate.TRIVY]],
        sarif_upload=body["sarif_upload"],
        sbom_required=body["sbom"] == "required",
        latest_allowed=body["latest_tag"] == "allowed",
        refs=tuple(body["refs"]),
        longest_exception=timedelta(days=body["longest_exception_days"]),
        git_tag_allowed=body.get("git_tag") == "allowed",
        stored_keys_allowed=body.get("stored_keys") == "allowed",
        tags_from=tags_from if isinstance(tags_from, str) else tuple(tags_from),
        reviewed_branches=body.get("branches") == "reviewed",
        accounts=tuple(body.get("accounts", ())),
        roles=tuple(body.get("roles", ())),
        verdict_age=timedelta(hours=hours) if hours else VERDICT_AGE[strictest],
        frontends=None if frontends == ANY else tuple(frontends),
        base_registries=None if registries == ANY else tuple(registries),
        base_age=timedelta(days=base_days) if base_days else None,
        build_cache_age=timedelta(hours=cache_hours) if cache_hours else None,
        code_scanning_required=body["sarif_upload"] and body.get("code_scanning") == "required",
        approval_required=body.get("approval") == "required",
        moving_tags=tuple(body.get("moving_tags", ())),
        signing_profiles=tuple(map(SigningProfile, body.get("signing_profiles", ()))),
        signature_required=body.get("managed_signing") == "required",
        settled_allowed=body[Gate.GITLEAKS.value].get("settled_secrets") == "allowed",
        notified=body.get("notifications", "sent" if is_guarded else "none") == "sent",
    )


def _tags_alike(ref: str) -> tuple[str, ...]:
    """Return `refs/tags/v1.4.2` for `refs/tags/my-web-v1.4.2`; nothing for any other ref."""
    if not ref.startswith(_TAG):
        return ()
    with suppress(ValueError):
        if release := release_tag.parse(ref.removeprefix(_TAG)):
            return (f"{_TAG}v{release.version}",)
    return ()


def _ref_pattern(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*)", pattern)
    return re.compile("".join({"**": ".*", "*": "[^/]*"}.get(part) or re.escape(part) for part in parts), re.DOTALL)
