"""Terraform whose program is not started: it records each command and answers as it was told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest  # noqa: TC002  with its annotations

from goldenpath.registries.terraform.program import Terraform
from goldenpath.shared import process
from goldenpath.shared.process import Completed

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


def said(summary: str, detail: str = "", severity: str = "error") -> bytes:
    told = {"severity": severity, "summary": summary, "detail": detail}
    return json.dumps({"@level": severity, "type": "diagnostic", "diagnostic": told}).encode() + b"\n"
