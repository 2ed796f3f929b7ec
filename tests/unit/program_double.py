"""A double of `process.run`: it starts nothing, records every call whole, and answers as it was told to."""

# `process.run` is called with anything.
# ruff: noqa: ANN401

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goldenpath.shared.process import Completed
from goldenpath.shared.toolchain import Program

Action = Callable[..., Completed] | BaseException | Completed


def program(name: str) -> Program:
    return Program(name, "1.0", Path("/bin") / name, "release")


def ended(stdout: str = "", *, code: int = 0, stderr: str = "") -> Completed:
    return Completed("it", code, stdout.encode(), stderr.encode(), 0.0)


@dataclass
class ProgramDouble:
    """Answers calls of `process.run` in turn; a function among the answers is called with the words."""

    answers: list[Action]
    calls: list[tuple[str, ...]] = field(default_factory=list)
    options: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, *command: object, **options: Any) -> Completed:
        words = tuple(str(word) for word in command)
        self.calls.append(words)
        self.options.append(options)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, Completed) else answer(*words)
