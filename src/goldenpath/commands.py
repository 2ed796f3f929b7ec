"""The `tools` commands: the pinned programs that the stages start."""

from __future__ import annotations

import click

from goldenpath.report.console import Progress
from goldenpath.tools.toolchain import Toolchain


@click.group()
def tools() -> None:
    """Install, list and verify the pinned programs that the stages start."""


@tools.command()
@click.argument("names", nargs=-1)
@click.option("--for-tests", is_flag=True, help="Every program, also those that only the project's own tests start.")
def install(names: tuple[str, ...], *, for_tests: bool) -> None:
    """Install NAMES, or what the pipeline needs: from the release, checked against its hash, or built with Go."""
    progress = Progress()
    toolchain = Toolchain.load(say=progress.say)
    chosen = names or tuple(tool.name for tool in toolchain.entries(None if for_tests else "pipeline"))
    for name in chosen:
        with progress.working(name):
            program = toolchain.provide(name)
        progress.line(f"✓ {program.name} {program.version} ({program.origin}) {program.path}")


@tools.command("list")
def list_tools() -> None:
    """List every pinned program, and whether it is installed."""
    toolchain, progress = Toolchain.load(), Progress()
    for tool in toolchain.entries():
        program = toolchain.installed(tool.name)
        progress.line(f"{tool.name:<12} {tool.version:<10} {program.origin if program else 'not installed'}")


@tools.command()
def verify() -> None:
    """Check every installed program against its recorded hash."""
    toolchain, progress = Toolchain.load(), Progress()
    for tool in toolchain.entries():
        if program := toolchain.installed(tool.name):
            progress.line(f"✓ {program.name} {program.version} is unchanged")
