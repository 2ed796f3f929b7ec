"""The examples at the end of each command's help. A test has every one of them read by the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROLE = "--role-arn arn:aws:iam::123456789012:role/my-app-dev"
_STAGE = "--environment dev --ecr-repository my-app"
_STATE = "--state-bucket my-state"
_REGISTRY = "--environment dev --name my-app"
_REQUEST = f"{_REGISTRY} --owner team-web --risk low"
_ACCOUNT = "--account 123456789012"
_CLONES = "--platform ../platform --source ../my-app"

# By the words of a command; each example stands after `goldenpath` and these words.
_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "build": ("--environment dev", "--environment dev --platforms linux/amd64,linux/arm64"),
    "completion": ("bash", "fish"),
    "deliver": (
        _STAGE,
        "--environment local --ecr-repository my-app --quiet",
        f"{_STAGE} {_ROLE} --json",
    ),
    "doctor": ("", "--offline --strict", "--platform --state-bucket my-state --environment dev"),
    "ecr-push": (f"{_STAGE} {_ROLE}",),
    "evidence": (f"--since 2026-10-01 --environment prod {_CLONES} --repository octo-org/my-app --keep records",),
    "explain": ("gate-blocked", "CVE-2020-14343"),
    "gitleaks-gate": ("--environment prod",),
    "iam apply-policy": (f"{_ACCOUNT} --environment dev {_STATE}",),
    "iam plan-policy": (f"{_ACCOUNT} --environment dev {_STATE}",),
    "iam pull-policy": (f"{_ACCOUNT} --ecr-repository base-images",),
    "iam push-policy": (f"{_ACCOUNT} --ecr-repository my-app",),
    "iam trust-policy": (f"{_ACCOUNT} --repository octo-org/my-app --ref refs/heads/main",),
    "init": ("--dry-run", "--ecr-repository my-app", "--monorepo"),
    "local demo": ("",),
    "local down": ("",),
    "local status": ("",),
    "local up": ("", "--repository my-app --environment dev --engine"),
    "notify": ("--environment prod --ecr-repository my-app --delivery-result failure --delivery-verdict block",),
    "policy explain": ("--environment prod --ref refs/heads/main",),
    "policy show": ("", "--json"),
    "policy validate": ("", ".goldenpath.yml"),
    "pre-commit": ("",),
    "preflight": (f"{_STAGE} {_ROLE}",),
    "pull-bases": ("--environment dev --private-bases registry.example.com/team/base:1",),
    "pull-request-comment": (_STAGE,),
    "registry adopt": (_REQUEST,),
    "registry apply": (f"{_REGISTRY} {_STATE} --digest sha256:{'a1b2c3d4' * 8}",),
    "registry apply-merged": ("--environment dev --pull-request 42",),
    "registry catalogue": ("",),
    "registry find-merged": ("--trusted ../main",),
    "registry hygiene": ("",),
    "registry in-use-policies": (_ACCOUNT,),
    "registry lifecycle": (_REGISTRY, f"{_REGISTRY} --preview"),
    "registry list": ("", "--json"),
    "registry plan": (f"{_REGISTRY} {_STATE}",),
    "registry propose": (_REQUEST,),
    "registry protect": ("",),
    "registry request": (f"{_REQUEST} --domain payments",),
    "registry retire": (_REGISTRY, f"{_REGISTRY} --step remove"),
    "release repair": ("receipt.json", "receipt.json --yes"),
    "release show": ("receipt.json",),
    "release verify": ("receipt.json",),
    "report build": ("", "--output report.html"),
    "report open": ("",),
    "rescan": (_STAGE,),
    "compare-release": (_STAGE,),
    "sarif-upload": ("--environment prod",),
    "sbom": (_STAGE,),
    "settle": ("--by team-web --reason 'revoked on 2024-05-02, ticket SEC-12'",),
    "summary": ("--environment dev",),
    "tools install": ("", "trivy syft"),
    "tools list": ("",),
    "tools verify": ("",),
    "trivy-gate": (_STAGE,),
}


def of(command: str) -> tuple[str, ...]:
    """Return the examples of `command`, its words behind `goldenpath`; those of a group are of the commands in it."""
    own = _ARGUMENTS.get(command)
    if own is not None:
        return tuple(f"goldenpath {command} {arguments}".rstrip() for arguments in own)
    below = (name for name in _ARGUMENTS if name.startswith(f"{command} "))
    return tuple(f"goldenpath {name} {_ARGUMENTS[name][0]}".rstrip() for name in below)


def epilog(command: str) -> str:
    """Return the end of the help of `command`, in a form that click does not wrap; empty where it has no example."""
    listed = "\n".join(f"  {example}" for example in of(command))
    return f"\b\nExamples:\n{listed}" if listed else ""
