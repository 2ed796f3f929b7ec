"""The only place that starts Terraform. Its results are read from its JSON, never scraped from its text.

Source: Terraform's "Machine-Readable UI" (what `-json` prints while it works).
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from goldenpath.registries.terraform import locks
from goldenpath.registries.terraform.plan_json import parse_plan
from goldenpath.shared import codec, process, runner
from goldenpath.shared.errors import TerraformFailed, ToolFailed
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from goldenpath.registries.terraform.plans import TerraformPlan
    from goldenpath.shared.errors import StateLocked
    from goldenpath.shared.process import Completed

INIT_SECONDS, READ_SECONDS, PLAN_SECONDS, APPLY_SECONDS = 300, 60, 600, 1800
# Interrupted, an apply finishes the current resource, writes its state and releases its lock. Killed earlier, it leaves
# resources that no state knows.
PATIENCE_SECONDS = 60
# No questions, and no calls home: Terraform asks checkpoint.hashicorp.com for newer versions by default.
_QUIET = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
# What the AWS provider and the S3 backend need to find AWS and log in. Nothing else of our environment is passed on:
# TF_VAR_* and TF_CLI_ARGS* would make another plan than the files describe, and the job's GitHub token is not
# Terraform's business (docs/adr/0014-the-apply-trusts-the-default-branch.md).
_PASSED = frozenset({
    "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CA_BUNDLE", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE",
    "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
    "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "TF_REATTACH_PROVIDERS",
})  # fmt: skip
# Providers come from the registry in their address, whatever the machine has configured.
# Source: Terraform's "CLI Configuration File".
_FROM_THE_REGISTRY = "provider_installation {\n  direct {}\n}\n"
_ENDPOINT = "AWS_ENDPOINT_URL"
_LOCKED = "Error acquiring the state lock"
# What Terraform says when the lock object was deleted between "it is locked" and "by whom".
_VANISHED = (_LOCKED.encode(), b"unable to retrieve file", b"StatusCode: 404")
LOCK_TRIES = 5
TERRAFORM = "terraform"


class _Diagnostic(msgspec.Struct):
    severity: str
    summary: str
    detail: str = ""


class _JsonLine(msgspec.Struct):
    diagnostic: _Diagnostic | None = None


@dataclass(frozen=True)
class Terraform:
    """Terraform in the root module `folder`; its own working files are in `working`, not beside the code.

    `environment` are the variables of this process; only those of AWS and of Terraform's plugins are passed on.
    """

    folder: Path
    working: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    program: str = "terraform"
    lock_seconds: int = 60

    def init(self, backend: Mapping[str, str]) -> None:
        """Fetch what the module needs and open the state; `backend` are the settings its backend block leaves open.

        Where the folder has a lock file, only the providers in it are used. Raises `TerraformFailed`.
        """
        settings = [f"-backend-config={name}={value}" for name, value in sorted(backend.items())]
        if (self.folder / locks.PROVIDER_LOCK_FILE).exists():
            settings.append("-lockfile=readonly")
        self._run("init", "-json", "-input=false", "-reconfigure", *settings, seconds=INIT_SECONDS)

    def plan(self, out: Path, *targets: str) -> TerraformPlan:
        """Plan the whole module, or only its `targets`, save the plan in the file `out`, and return it.

        Terraform plans nothing for a target that does not exist. Raises `TerraformFailed`.
        """
        chosen = [f"-target={target}" for target in targets]
        # Without a lock: a plan changes nothing, Terraform refuses to apply it once the state has moved on, and a run
        # that was killed while it planned leaves no lock behind that would stop the whole environment (ADR 0046).
        self._run("plan", "-json", "-input=false", "-lock=false", f"-out={out}", *chosen, seconds=PLAN_SECONDS)
        return self.show(out)

    def show(self, saved: Path) -> TerraformPlan:
        """Return the plan in the file `saved`. Raises `TerraformFailed`."""
        return parse_plan(self.show_json(saved))

    def show_json(self, saved: Path) -> bytes:
        """Return the plan in the file `saved` as Terraform's JSON. Raises `TerraformFailed`."""
        return self._run("show", "-json", str(saved), seconds=READ_SECONDS).stdout

    def show_text(self, saved: Path) -> str:
        """Return the plan in the file `saved` in the form for people. Raises `TerraformFailed`."""
        return self._run("show", str(saved), seconds=READ_SECONDS).stdout.decode("utf-8", "replace")

    def apply(self, saved: Path) -> None:
        """Apply exactly the plan in the file `saved`. Raises `StateLocked`, `TerraformFailed` (a stale plan, too)."""
        self._run("apply", "-json", "-input=false", self._wait, str(saved), seconds=APPLY_SECONDS)

    def import_resource(self, address: str, identity: str) -> None:
        """Import the resource that AWS knows as `identity` into the state, at `address`.

        Raises `StateLocked`, `TerraformFailed`.
        """
        self._run("import", "-input=false", self._wait, address, identity, seconds=PLAN_SECONDS)

    def untaint(self, address: str) -> None:
        """Keep the resource at `address`, which a plan would replace. Raises `StateLocked`, `TerraformFailed`."""
        self._run("untaint", self._wait, address, seconds=READ_SECONDS)

    def unlock(self, identity: str) -> None:
        """Release the lock `identity` of the state; its holder must have ended. Raises `TerraformFailed`."""
        self._run("force-unlock", "-force", identity, seconds=READ_SECONDS)

    @property
    def _wait(self) -> str:
        return f"-lock-timeout={self.lock_seconds}s"

    def _settings(self) -> dict[str, str]:
        """Return variables that keep Terraform from reading the `~/.terraformrc` of a runner."""
        # An earlier job of a kept runner can have written it, with a mirror that serves other providers (ADR 0017).
        if runner.trusts_machine():
            return {}
        self.working.mkdir(parents=True, exist_ok=True)
        file = self.working / "settings.tfrc"
        file.write_text(_FROM_THE_REGISTRY, encoding="utf-8")
        return {"TF_CLI_CONFIG_FILE": str(file)}

    def _run(self, command: str, *words: str, seconds: float) -> Completed:
        plain = () if command == "force-unlock" else ("-no-color",)
        environment = {
            **_QUIET,
            **passed_variables(self.environment),
            **self._settings(),
            "TF_DATA_DIR": str(self.working),
        }
        for _ in range(LOCK_TRIES):
            done = process.run(
                self.program, command, *plain, *words,
                timeout=seconds, cwd=self.folder, environment=environment, accept=range(256),
                patience=PATIENCE_SECONDS,
            )  # fmt: skip
            if not lock_vanished(done):
                break
        if done.code:
            raise _failure(command, done)
        return done


def lock_vanished(done: Completed) -> bool:
    """Tell whether a lock was released while Terraform was reading who holds it.

    `-lock-timeout` does not cover this case, and the command ends at once (the same race as in
    hashicorp/terraform#32690). The lock is free and nothing was done, so it can simply be tried again.
    """
    output = done.stdout + done.stderr
    return done.code != 0 and all(words in output for words in _VANISHED)


def passed_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the part of `variables` that Terraform may see."""
    return {name: text for name, text in variables.items() if name in _PASSED or name.startswith(_ENDPOINT)}


def s3_backend(bucket: str, key: str, region: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of the S3 backend for the state `key` in `bucket`."""
    # An emulator has one host name for all buckets, so they are addressed by path. The backend ignores
    # AWS_MAX_ATTEMPTS, which is why that is passed as a setting.
    own = {"use_path_style": "true"} if any(name in variables for name in (_ENDPOINT, f"{_ENDPOINT}_S3")) else {}
    if attempts := variables.get("AWS_MAX_ATTEMPTS"):
        own["max_retries"] = attempts
    return {"bucket": bucket, "key": key, "region": region, **own}


def _failure(command: str, done: Completed) -> StateLocked | TerraformFailed | ToolFailed:
    errors = list(_errors(done.stdout))
    for error in errors:
        if error.summary == _LOCKED:
            return locks.state_locked(error.detail)
    reasons = [
        f"{error.summary}: {' '.join(error.detail.split())}" if error.detail else error.summary for error in errors
    ]
    return TerraformFailed(
        f"terraform {command} failed",
        why="; ".join(reasons) or done.output_tail or "it printed nothing",
        fix="Fix what it says above, then run again: a re-run goes on from where it stopped",
    )


def _errors(stdout: bytes) -> Iterator[_Diagnostic]:
    """Yield the errors in the output of `-json`, one object per line."""
    for line in stdout.splitlines():
        with contextlib.suppress(ValueError):
            diagnostic = codec.decode(line, _JsonLine).diagnostic
            if diagnostic and diagnostic.severity == "error":
                yield diagnostic


def find_program() -> str:
    """Return the program to start. Raises `ToolMissing`, `ToolHashMismatch`, `DiskTrouble`."""
    toolchain = Toolchain.load()
    # In a workflow run only the pinned one: Terraform holds the credentials of an apply, and an earlier job of a kept
    # runner may have put another `terraform` onto the PATH. At a terminal the user's own is used unless ours is there.
    if not runner.trusts_machine():
        return str(toolchain.provide(TERRAFORM).path)
    ours = toolchain.installed(TERRAFORM)
    return str(ours.path) if ours else TERRAFORM


def is_of_the_machine(name: str) -> bool:
    """Tell whether `name` is Terraform and the user's own one will be used, so that ours need not be downloaded."""
    return name == TERRAFORM and runner.trusts_machine() and shutil.which(TERRAFORM) is not None
