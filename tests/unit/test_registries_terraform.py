"""How Terraform is started, and how its answers become errors; by exact command."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldenpath import runner
from goldenpath.errors import StateLocked, TerraformFailed
from goldenpath.registries.terraform import locks
from goldenpath.registries.terraform.program import Terraform
from goldenpath.tools import process
from goldenpath.tools.process import Completed

PLAN = json.dumps({"format_version": "1.2", "terraform_version": "1.11.4"}).encode()


class Recorder:
    """Stands where programs are started; keeps each command and answers as it was told."""

    def __init__(self, *, code: int = 0, stdout: bytes = PLAN, stderr: bytes = b"") -> None:
        self.answer = Completed("terraform", code, stdout, stderr, 0.1)
        self.commands: list[list[str]] = []
        self.options: list[dict[str, Any]] = []

    def __call__(self, *command: str | Path, **options: Any) -> Completed:  # noqa: ANN401  process.run's own
        self.commands.append([str(word) for word in command])
        self.options.append(options)
        return self.answer


def started(monkeypatch: pytest.MonkeyPatch, **answer: Any) -> tuple[Terraform, Recorder]:  # noqa: ANN401
    recorder = Recorder(**answer)
    monkeypatch.setattr(process, "run", recorder)
    variables = {"AWS_REGION": "eu-west-2", "TF_VAR_environment": "prod"}
    return Terraform(Path("/envs/dev"), Path("/w"), variables, lock_seconds=7), recorder


def test_a_targeted_plan_is_kept_and_read_from_json(monkeypatch: pytest.MonkeyPatch) -> None:
    terraform, recorder = started(monkeypatch)
    assert terraform.plan(Path("/w/p"), target='module.ecr_repositories["a-b"]').changes == ()
    assert recorder.commands == [
        ["terraform", "plan", "-no-color", "-json", "-input=false", "-lock-timeout=7s", "-out=/w/p",
         '-target=module.ecr_repositories["a-b"]'],
        ["terraform", "show", "-no-color", "-json", "/w/p"],
    ]  # fmt: skip


def test_a_plan_without_a_target_is_for_the_whole_module(monkeypatch: pytest.MonkeyPatch) -> None:
    terraform, recorder = started(monkeypatch)
    terraform.plan(Path("/w/p"))
    assert recorder.commands[0][-1] == "-out=/w/p"


def test_init_opens_the_backend_anew_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    terraform, recorder = started(monkeypatch)
    terraform.init({"key": "k", "bucket": "b"})
    assert recorder.commands == [
        ["terraform", "init", "-no-color", "-json", "-input=false", "-reconfigure", "-backend-config=bucket=b",
         "-backend-config=key=k"],
    ]  # fmt: skip


def test_init_takes_no_provider_that_the_folder_does_not_lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    terraform, recorder = started(monkeypatch)
    (tmp_path / ".terraform.lock.hcl").touch()
    replace(terraform, folder=tmp_path).init({})
    assert recorder.commands[0][-1] == "-lockfile=readonly"


def test_in_a_workflow_run_the_settings_of_the_machine_are_not_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    terraform, recorder = started(monkeypatch)
    terraform.validate()
    assert "TF_CLI_CONFIG_FILE" not in recorder.options[0]["environment"]
    monkeypatch.setattr(runner, "trusts_machine", lambda: False)
    replace(terraform, working=tmp_path / "work").validate()
    settings = Path(recorder.options[1]["environment"]["TF_CLI_CONFIG_FILE"])
    assert settings.read_text() == "provider_installation {\n  direct {}\n}\n"


def test_apply_does_the_saved_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    terraform, recorder = started(monkeypatch)
    terraform.apply(Path("/w/p"))
    assert recorder.commands == [
        ["terraform", "apply", "-no-color", "-json", "-input=false", "-lock-timeout=7s", "/w/p"]
    ]


def test_validate_and_format_are_asked_as_terraform_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    terraform, recorder = started(monkeypatch, stdout=b"a = 1\n")
    terraform.validate()
    assert terraform.format("a=1") == "a = 1\n"
    assert recorder.commands == [["terraform", "validate", "-no-color", "-json"], ["terraform", "fmt", "-"]]
    assert recorder.options[1]["stdin"] == b"a=1"


def test_terraform_runs_in_its_folder_quietly_and_without_our_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    terraform, recorder = started(monkeypatch)
    terraform.validate()
    (options,) = recorder.options
    assert options["cwd"] == Path("/envs/dev")
    assert options["environment"] == {
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "TF_DATA_DIR": "/w",
        "AWS_REGION": "eu-west-2",
    }


def said(summary: str, detail: str = "", severity: str = "error") -> bytes:
    told = {"severity": severity, "summary": summary, "detail": detail}
    return json.dumps({"@level": severity, "type": "diagnostic", "diagnostic": told}).encode() + b"\n"


@pytest.mark.parametrize(
    ("stdout", "stderr", "why"),
    [
        (b'{"type":"version"}\nnot json\n' + said("Bad", "so  it\nis"), b"", "Bad: so it is"),
        (said("Old", severity="warning") + said("Bad") + said("Worse"), b"", "Bad; Worse"),
        (said("Only one"), b"", "Only one"),
        (
            b'{\n "valid": false,\n "diagnostics": [{"severity": "error", "summary": "Unsupported"}]\n}',
            b"",
            "Unsupported",
        ),
        (b"", b"out of memory\n", "out of memory"),
        (b"", b"", "it printed nothing"),
    ],
)
def test_a_failure_quotes_terraforms_own_diagnosis(
    monkeypatch: pytest.MonkeyPatch, stdout: bytes, stderr: bytes, why: str
) -> None:
    terraform, _ = started(monkeypatch, code=1, stdout=stdout, stderr=stderr)
    with pytest.raises(TerraformFailed, match="terraform validate failed") as refused:
        terraform.validate()
    assert refused.value.why == why


LOCK = """Error message: operation error S3: PutObject, StatusCode: 412, RequestID: x
Lock Info:
  ID:        a0e2b948-2e04-2c3a-06eb-459556e10cd5
  Path:      state/envs/dev/terraform.tfstate
  Operation: OperationTypeApply
  Who:       runner@vm-7
  Version:   1.11.4
  Created:   2026-11-21 06:50:29.342949376 +0000 UTC
  Info:      


Terraform acquires a state lock to protect the state from being written
"""  # noqa: W291  as Terraform writes it


def test_a_held_lock_is_told_with_its_holder_and_how_to_free_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terraform, _ = started(monkeypatch, code=1, stdout=said("Error acquiring the state lock", LOCK))
    with pytest.raises(StateLocked) as refused:
        terraform.apply(Path("/w/p"))
    assert refused.value.why == (
        "lock a0e2b948-2e04-2c3a-06eb-459556e10cd5, held by runner@vm-7 since 2026-11-21T06:50:29.342949+00:00, for "
        "OperationTypeApply"
    )
    assert "`terraform force-unlock a0e2b948-2e04-2c3a-06eb-459556e10cd5`" in refused.value.fix


@pytest.mark.parametrize("created", ["2026-11-21 06:50:29 +0000 UTC", "2026-11-21 06:50:29.3 +0000 UTC"])
def test_a_lock_is_read_back_from_its_error_however_exact_its_time_is(created: str) -> None:
    lock = locks.read_state_lock(locks.state_locked(re.sub("Created: .*", f"Created: {created}", LOCK)))
    assert lock
    assert (lock.who, lock.created.replace(microsecond=0).isoformat()) == ("runner@vm-7", "2026-11-21T06:50:29+00:00")


@pytest.mark.parametrize("detail", ["", "Lock Info:\n  ID: 1-2-3\n", LOCK.replace("2026-11", "soon")])
def test_a_lock_that_says_too_little_is_quoted_and_belongs_to_nobody(detail: str) -> None:
    error = locks.state_locked(detail)
    assert error.why == detail.strip()
    assert "`terraform force-unlock ID`" in error.fix
    assert locks.read_state_lock(error) is None
