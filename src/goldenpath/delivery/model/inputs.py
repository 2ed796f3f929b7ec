"""Every input of the pipeline, declared once.

The command's options, the `inputs` of each `action.yml` and the tables in the documents are generated from this table.
`read` turns raw strings into one checked `Request` and reports all mistakes together.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldenpath.delivery.model import build_secrets, evidence
from goldenpath.delivery.model.delivery_outputs import DeliveryVerdict
from goldenpath.shared import input_text, names
from goldenpath.shared.errors import BadInput
from goldenpath.shared.names import (
    AccountId,
    ArtifactId,
    ContentDigest,
    ContextFolder,
    EcrRepository,
    Platform,
    Ref,
    Region,
    RoleArn,
    Tag,
    Version,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from goldenpath.delivery.model.build_secrets import BuildSecret, SecretSource, SshSource
    from goldenpath.delivery.model.delivery_outputs import JobResult
    from goldenpath.delivery.model.evidence import Report
    from goldenpath.delivery.model.private_base import PrivateBase
    from goldenpath.delivery.model.registry_login import RegistryLogin


@dataclass(frozen=True)
class Input:
    """One input: its `name` (as in `action.yml`), its purpose, its parser, and its default as a user writes it.

    A `secret` input has no command-line option: only its variable carries it. The option of a `repeated` input adds one
    line to it.
    """

    name: str
    help: str
    parse: Callable[[str], Any]
    default: str = ""
    required: bool = False
    secret: bool = False
    repeated: bool = False

    @property
    def option(self) -> str:
        """The command-line option."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable that carries it; a secret has the name that other programs use."""
        return self.name.upper() if self.secret else "GOLDENPATH_" + self.name.upper()


_REGION = Region(names.DEFAULT_REGION)


@dataclass(frozen=True)
class Request:
    """The checked inputs of one run. A field that no input filled has its default; paths are absolute."""

    environment: str = ""
    source: Path = Path()
    ref: Ref | None = None
    ecr_repository: EcrRepository | None = None
    build_context: Path = Path()
    dockerfile_path: Path = Path()
    build_args: tuple[tuple[str, str], ...] = ()
    build_contexts: tuple[tuple[str, str], ...] = ()
    build_secrets: tuple[BuildSecret, ...] = ()
    secret: tuple[SecretSource, ...] = ()
    build_ssh_key: str = field(default="", repr=False)
    ssh: tuple[SshSource, ...] = ()
    context_artifact: Path | None = None
    context_artifact_folder: ContextFolder | None = None
    context_artifact_id: ArtifactId | None = None
    context_artifact_digest: ContentDigest | None = None
    target: str = ""
    platforms: tuple[Platform, ...] = ()
    candidates: Path | None = None
    build_cache: Path | None = None
    build_cache_key: str = ""
    version: Version | None = None
    image_tag: Tag | None = None
    aws_region: Region = _REGION
    role_arn: RoleArn | None = None
    allowed_account_ids: tuple[AccountId, ...] = ()
    audience: str = names.AUDIENCE
    registry_account: AccountId | None = None
    private_bases: tuple[PrivateBase, ...] = ()
    bases_logins: tuple[RegistryLogin, ...] = ()
    push_latest: bool = True
    trivy_exit_code: bool | None = None
    github_token: str = ""
    work_dir: Path = Path()
    released_tag: Tag | None = None
    compare_released: bool = False
    evidence: tuple[Report, ...] = ()
    delivery_result: JobResult | None = None
    delivery_verdict: DeliveryVerdict = DeliveryVerdict.NONE
    delivery_released: bool = False
    reports_artifact_id: ArtifactId | None = None
    webhook_url: str = field(default="", repr=False)
    webhook_key: str = field(default="", repr=False)


ENVIRONMENT = Input(
    "environment", "Environment to deliver to: the platform's rules depend on it.", input_text.name, required=True
)
SOURCE = Input("source", "Folder of the git checkout.", input_text.path, default=".")
# No action has it: in a workflow run GitHub says what the run is of.
REF = Input(
    "ref",
    "Branch or tag that the checkout is of, like `refs/heads/main`, for CI systems that check out a commit and no "
    "branch. The remote `origin` must have it, and it must contain the commit.",
    Ref,
)
ECR_REPOSITORY = Input(
    "ecr_repository", "Name of the ECR repository, like `my-app`.", input_text.repository, required=True
)
BUILT_FOR = replace(
    ECR_REPOSITORY,
    help="Name of the ECR repository that the image is for: it is released nowhere else.",
    required=False,
)
BUILD_CONTEXT = Input("build_context", "Folder that is sent to the build.", input_text.path, default=".")
DOCKERFILE_PATH = Input(
    "dockerfile_path",
    "The Dockerfile, relative to `source`, not to `build_context`.",
    input_text.path,
    default="./Dockerfile",
)
BUILD_ARGS = Input("build_args", "Build arguments, one `NAME=value` a line. Never a secret.", input_text.assignments)
BUILD_CONTEXTS = Input("build_contexts", "Named build contexts, one `name=value` a line.", input_text.assignments)
BUILD_SECRETS = Input(
    "build_secrets",
    "Secrets that RUN steps may mount (`--mount=type=secret,id=NAME`), one `NAME=value` a line; a value of several "
    "lines is `NAME<<END`, its lines, `END`.",
    build_secrets.values,
    secret=True,
)
SECRET = Input(
    "secret",
    "A secret that RUN steps may mount, from a variable or a file, as docker names it: `id=NAME,env=VARIABLE` or "
    "`id=NAME,src=FILE`. One a line; the option can be repeated.",
    build_secrets.sources,
    repeated=True,
)
BUILD_SSH_KEY = Input(
    "build_ssh_key",
    "Private key, without a password, that RUN steps may use (`--mount=type=ssh`).",
    build_secrets.ssh_key,
    secret=True,
)
SSH = Input(
    "ssh",
    "What RUN steps with `--mount=type=ssh` may use, as docker names it: `default` for this user's agent, or "
    "`NAME=SOCKET_OR_KEY_FILE`. One a line; the option can be repeated.",
    build_secrets.ssh_sources,
    repeated=True,
)
TARGET = Input("target", "Stage of the Dockerfile to build; the last one when empty.", input_text.name)
PLATFORMS = Input(
    "platforms", "Platforms, like `linux/amd64,linux/arm64`; the builder's own when empty.", input_text.platforms
)
CONTEXT_ARTIFACT = Input(
    "context_artifact",
    "Folder or zip file with what an earlier job built: scanned as the source is, and part of the build context. It "
    "cannot replace files of the commit.",
    input_text.path,
)
CONTEXT_ARTIFACT_FOLDER = Input(
    "context_artifact_folder",
    "Folder of the build context that `context_artifact` goes to, like `target`; the build context itself when empty.",
    ContextFolder,
)
CONTEXT_ARTIFACT_ID = Input(
    "context_artifact_id",
    "Id of the artifact that `context_artifact` was downloaded from, for the records.",
    ArtifactId,
)
CONTEXT_ARTIFACT_DIGEST = Input(
    "context_artifact_digest",
    "Output of the same name of `gitleaks-gate`: only what it scanned is built. `none` is no artifact.",
    ContentDigest,
)
CANDIDATES = Input(
    "candidates",
    "Folder with a candidate of each platform, built elsewhere: joined, and nothing is built.",
    input_text.path,
)
BUILD_CACHE = Input(
    "build_cache",
    "Folder of the build cache, outside the build context: what an earlier run left there is used where the platform's "
    "rules allow it, and a build without one leaves its own. No cache when empty.",
    input_text.path,
)
BUILD_CACHE_KEY = Input(
    "build_cache_key", "Key under which that cache was found. It ends with the cache's digest.", str
)
VERSION = Input("version", "Version: recorded in the image, and a tag of the release.", Version)
IMAGE_TAG = Input("image_tag", "One more tag of the release, taken as it is; the output `image` names it.", Tag)
AWS_REGION = Input("aws_region", "AWS region of the registry.", Region, default=names.DEFAULT_REGION)
ROLE_ARN = Input("role_arn", "ARN of the IAM role to assume through OIDC; without it, the AWS default chain.", RoleArn)
ALLOWED_ACCOUNT_IDS = Input(
    "allowed_account_ids",
    "AWS accounts that may be released to, separated by commas; any when empty.",
    input_text.accounts,
)
AUDIENCE = Input(
    "audience",
    "Audience of the OIDC token, as the role's trust policy names it; in China `sts.amazonaws.com.cn`.",
    input_text.audience,
    default=names.AUDIENCE,
)
REGISTRY_ACCOUNT = Input(
    "registry_account", "AWS account of the registry, where it is not the account of the role.", AccountId
)
PUSH_LATEST = Input(
    "push_latest",
    "`false` does not move the tag `latest`, also where the platform allows it.",
    input_text.yes_or_no,
    default="true",
)
TRIVY_EXIT_CODE = Input(
    "trivy_exit_code",
    "`1` makes the trivy gate block in this run, also where the platform would only advise; `0` changes nothing.",
    input_text.exit_code,
)
GITHUB_TOKEN = Input(
    "github_token",
    "Token of the run: `sarif-upload` needs `security-events: write`, `pull-request-comment` `pull-requests: write`, "
    "`notify` `issues: write`, "
    "`ecr-push` `contents: read`, to keep `latest` from going back to an earlier commit, and `actions: read` where the "
    "platform's rules demand an approval; `preflight` the latter. `gitleaks-gate` asks with `security-events: read` "
    "whether code scanning is on, where that is required.",
    input_text.secret,
    secret=True,
)
EVIDENCE = Input(
    "evidence",
    "The outputs `evidence` of the stages that ran in other jobs or steps, one a line; a workflow run needs it.",
    evidence.parse,
)
RELEASED_TAG = Input("released_tag", "Tag of the released image; the environment's newest when empty.", Tag)
WORK_DIR = Input(
    "work_dir",
    "Folder in which the stages hand over files, outside the build context; one of the runner's own when empty.",
    input_text.path,
)


def read(inputs: Sequence[Input], raw: Mapping[str, str]) -> Request:
    """Return the checked request in `raw` (input name → text as given; absent or empty means the default).

    Raises `BadInput` that lists every missing and every malformed input.
    """
    values: dict[str, Any] = {}
    mistakes = []
    for declared in inputs:
        text = raw.get(declared.name, "") or declared.default
        if text:
            try:
                values[declared.name] = declared.parse(text)
            except ValueError as error:
                mistakes.append(f"`{declared.name}`: {error}")
        elif declared.required:
            mistakes.append(f"`{declared.name}` is missing")
    if mistakes:
        several = len(mistakes) > 1
        raise BadInput(
            f"{len(mistakes)} inputs cannot be used" if several else "1 input cannot be used",
            why="; ".join(mistakes),
            fix=f"Correct {'them' if several else 'it'}; `--help` of the command describes every input",
        )
    return Request(**_absolute(values))


def _absolute(values: dict[str, Any]) -> dict[str, Any]:
    """Return `values` with absolute paths: `source` against the current folder, the build's own against `source`."""
    source = Path.cwd() / values.get("source", Path())
    of_source = dict.fromkeys(("build_context", "dockerfile_path"), source)
    of_here = dict.fromkeys(("work_dir", "candidates", "context_artifact", "build_cache"), Path.cwd())
    placed = {name: base / values[name] for name, base in (of_source | of_here).items() if name in values}
    return {**values, **placed, "source": source}
