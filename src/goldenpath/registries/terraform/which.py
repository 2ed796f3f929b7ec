"""Which Terraform is started: the pinned one in a workflow run, at a terminal the user's own unless ours is there."""

from __future__ import annotations

import shutil

from goldenpath import runner
from goldenpath.tools.toolchain import Toolchain

NAME = "terraform"


def find() -> str:
    """Return the program to start. Raises `ToolMissing`, `ToolHashMismatch`, `DiskTrouble`.

    In a workflow run whatever is called `terraform` on the PATH is left alone: it holds the credentials of an apply.
    """
    toolchain = Toolchain.load()
    if not runner.trusts_machine():
        return str(toolchain.provide(NAME).path)
    ours = toolchain.installed(NAME)
    return str(ours.path) if ours else NAME


def is_of_the_machine(name: str) -> bool:
    """Tell whether `name` is Terraform and this machine has one that may be used: then ours need not be fetched."""
    return name == NAME and runner.trusts_machine() and shutil.which(NAME) is not None
