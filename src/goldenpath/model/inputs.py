"""Every input of the pipeline, declared once.

The command's options, the `inputs` of each `action.yml` and the tables in the documents are generated from this table.
`read` turns raw strings into one checked `Request` and tells all mistakes together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldenpath.errors import BadInput
from goldenpath.model import build_secrets, evidence, private_base, registry_login
from goldenpath.model.names import AccountId, EcrRepository, Platform, Region, RoleArn, Tag, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from goldenpath.model.build_secrets import BuildSecret, SecretSource, SshSource
    from goldenpath.model.evidence import Report
    from goldenpath.model.private_base import PrivateBase
    from goldenpath.model.registry_login import RegistryLogin

# What is left of Linux's PATH_MAX (4,096) for the folders that a path of ours is joined to; its NAME_MAX.
_PATH_BYTES, _NAME_BYTES = 2048, 255


@dataclass(frozen=True)
class Input:
    """One input: its `name` (as in `action.yml`), what it is for, how it is read, and its default as one writes it.

    A `secret` input has no command-line option: it comes by its variable alone. The option of one that is `repeated`
    gives one line of it.
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
        """The environment variable that carries it; a secret has the name that other programs know it by."""
        return self.name.upper() if self.secret else "GOLDENPATH_" + self.name.upper()


@dataclass(frozen=True)
class Request:
    """What one run was asked for. A field that no input filled has its default; paths are absolute."""

    environment: str = ""
    source: Path = Path()
    ecr_repository: EcrRepository | None = None
    build_context: Path = Path()
    dockerfile_path: Path = Path()
    build_args: tuple[tuple[str, str], ...] = ()
    build_contexts: tuple[tuple[str, str], ...] = ()
    build_secrets: tuple[BuildSecret, ...] = ()
    secret: tuple[SecretSource, ...] = ()
    build_ssh_key: str = field(default="", repr=False)
    ssh: tuple[SshSource, ...] = ()
    target: str = ""
    platforms: tuple[Platform, ...] = ()
    candidates: Path | None = None
    version: Version | None = None
    image_tag: Tag | None = None
    aws_region: Region | None = None
    role_arn: RoleArn | None = None
    allowed_account_ids: tuple[AccountId, ...] = ()
    registry_account: AccountId | None = None
    private_bases: tuple[PrivateBase, ...] = ()
    bases_logins: tuple[RegistryLogin, ...] = ()
    push_latest: bool = True
    trivy_exit_code: bool | None = None
    github_token: str = ""
    work_dir: Path = Path()
    released_tag: Tag | None = None
    evidence: tuple[Report, ...] = ()


def assignments(raw: str) -> tuple[tuple[str, str], ...]:
    """Return the `NAME=value` pairs in `raw`, one a line, in their order."""
    pairs = []
    for line in filter(None, (line.strip() for line in raw.splitlines())):
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            raise ValueError(f"{_shown(line)} is not NAME=value")
        pairs.append((name.strip(), value))
    return tuple(pairs)


def _platforms(raw: str) -> tuple[Platform, ...]:
    return tuple(Platform(part.strip()) for part in raw.split(",") if part.strip())


def _accounts(raw: str) -> tuple[AccountId, ...]:
    return tuple(AccountId(part.strip()) for part in raw.split(",") if part.strip())


def _path(raw: str) -> Path:
    if not raw.isprintable():
        raise ValueError("a path cannot hold control characters")
    if len(raw.encode()) > _PATH_BYTES or any(len(part.encode()) > _NAME_BYTES for part in Path(raw).parts):
        raise ValueError("it is longer than a path can be")
    return Path(raw)


def _repository(raw: str) -> EcrRepository:
    host, _, name = raw.partition("/")
    if ".dkr.ecr" in host:
        raise ValueError(f"{_shown(raw)} is an address: give the name alone, like {_shown(name or 'my-app')}")
    return EcrRepository(raw)


def _yes_or_no(raw: str) -> bool:
    if raw not in {"true", "false"}:
        raise ValueError(f"{_shown(raw)} is neither `true` nor `false`")
    return raw == "true"


def _exit_code(raw: str) -> bool:
    if raw not in {"0", "1"}:
        raise ValueError(f"{_shown(raw)} is neither `0` nor `1`")
    return raw == "1"


def _word(raw: str) -> str:
    if raw.startswith("-") or not raw.isprintable():
        raise ValueError(f"{_shown(raw)} starts with `-` or holds control characters")
    return raw


def _secret(raw: str) -> str:
    if not raw.isprintable():
        raise ValueError("it holds control characters")  # and is never shown
    return raw


def _name(raw: str) -> str:
    if len(raw) > _NAME_BYTES:
        raise ValueError(f"{_shown(raw)} is longer than {_NAME_BYTES} characters")
    return _word(raw)


def _shown(raw: str) -> str:
    limit = 80
    return ascii(raw) if len(raw) <= limit else ascii(raw[:limit]) + "…"


ENVIRONMENT = Input(
    "environment", "Environment to deliver to: the platform's rules depend on it.", _name, required=True
)
SOURCE = Input("source", "Folder of the git checkout.", _path, default=".")
ECR_REPOSITORY = Input("ecr_repository", "Name of the ECR repository, like `my-app`.", _repository, required=True)
BUILD_CONTEXT = Input("build_context", "Folder that is sent to the build.", _path, default=".")
DOCKERFILE_PATH = Input(
    "dockerfile_path", "The Dockerfile, relative to `source`, not to `build_context`.", _path, default="./Dockerfile"
)
BUILD_ARGS = Input("build_args", "Build arguments, one `NAME=value` a line. Never a secret.", assignments)
BUILD_CONTEXTS = Input("build_contexts", "Named build contexts, one `name=value` a line.", assignments)
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
TARGET = Input("target", "Stage of the Dockerfile to build; the last one when empty.", _name)
PLATFORMS = Input("platforms", "Platforms, like `linux/amd64,linux/arm64`; the builder's own when empty.", _platforms)
CANDIDATES = Input(
    "candidates", "Folder with a candidate of each platform, built elsewhere: joined, and nothing is built.", _path
)
VERSION = Input("version", "Version: recorded in the image, and a tag of the release.", Version)
IMAGE_TAG = Input("image_tag", "One more tag of the release, taken as it is; the output `image` names it.", Tag)
AWS_REGION = Input("aws_region", "AWS region of the registry.", Region, default="eu-west-2")
PRIVATE_BASES = Input(
    "private_bases",
    "Base images in private registries, one a line, as the Dockerfile names them.",
    private_base.parse_all,
)
BASES_LOGINS = Input(
    "bases_logins",
    "Logins for the registries of `private_bases` that are not Amazon ECR, one `registry user password` a line.",
    registry_login.parse_all,
    secret=True,
)
ROLE_ARN = Input("role_arn", "ARN of the IAM role to assume through OIDC; without it, the AWS default chain.", RoleArn)
ALLOWED_ACCOUNT_IDS = Input(
    "allowed_account_ids", "AWS accounts that may be released to, separated by commas; any when empty.", _accounts
)
REGISTRY_ACCOUNT = Input(
    "registry_account", "AWS account of the registry, where it is not the account of the role.", AccountId
)
PUSH_LATEST = Input(
    "push_latest",
    "`false` leaves the tag `latest` alone, also where the platform allows it.",
    _yes_or_no,
    default="true",
)
TRIVY_EXIT_CODE = Input(
    "trivy_exit_code",
    "`1` makes the trivy gate block in this run, also where the platform would only advise; `0` changes nothing.",
    _exit_code,
)
GITHUB_TOKEN = Input(
    "github_token",
    "Token of the run: `sarif-upload` needs `security-events: write`, `pull-request-comment` `pull-requests: write`, "
    "`ecr-push` `contents: read`, to keep `latest` from going back to an earlier commit, and `actions: read` where the "
    "platform's rules demand an approval; `preflight` the latter. `gitleaks-gate` asks with `security-events: read` "
    "whether code scanning is on, where that is required.",
    _secret,
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
    _path,
)


def read(inputs: Sequence[Input], raw: Mapping[str, str]) -> Request:
    """Return the checked request in `raw` (input name → text as given; absent or empty means the default).

    Raises `BadInput` that lists every missing and every malformed input.
    """
    values: dict[str, Any] = {}
    mistakes = []
    for each in inputs:
        text = raw.get(each.name, "") or each.default
        if text:
            try:
                values[each.name] = each.parse(text)
            except ValueError as error:
                mistakes.append(f"`{each.name}`: {error}")
        elif each.required:
            mistakes.append(f"`{each.name}` is missing")
    if mistakes:
        several = len(mistakes) > 1
        raise BadInput(
            f"{len(mistakes)} inputs cannot be used" if several else "an input cannot be used",
            why="; ".join(mistakes),
            fix="correct " + ("them" if several else "it") + "; `--help` of the command says what each input takes",
        )
    return Request(**_absolute(values))


def _absolute(values: dict[str, Any]) -> dict[str, Any]:
    """Return `values` with absolute paths: `source` against the current folder, the build's own against `source`."""
    source = Path.cwd() / values.get("source", Path())
    placed = {**values, "source": source}
    for name in ("build_context", "dockerfile_path"):
        if name in values:
            placed[name] = source / values[name]
    for name in ("work_dir", "candidates"):
        if name in values:
            placed[name] = Path.cwd() / values[name]
    return placed
