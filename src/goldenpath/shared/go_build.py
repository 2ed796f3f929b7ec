"""Build programs from source with Go, with every module checked against Go's checksum database.

Source of the facts: "Go Modules Reference" (`-mod=mod`, "Authenticating modules", the variables that switch that off)
and `go help environment`.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.shared import process, runner
from goldenpath.shared.errors import ToolFailed, ToolHashMismatch, ToolMissing, ToolTimeout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.shared.pins import Tool

BUILD_SECONDS = 3600.0
ASK_SECONDS = 60.0
OLDEST_GO = "1.26"
_CHECKS_OFF = ("GONOSUMDB", "GOPRIVATE", "GOINSECURE")


def build(tool: Tool, target: Path, home: Path) -> None:
    """Build `tool` from the very version in the table into the file `target`; Go keeps its caches below `home`.

    A module of its own requires exactly that version, because some programs cannot be installed directly (their
    `go.mod` excludes versions, or their list of versions is not served). Raises `ToolMissing` when there is no Go or
    it cannot build this, and `ToolHashMismatch` when the checksum database knows other bytes.
    """
    if tool.go is None:
        raise ToolMissing(f"{tool.name} has no Go source in the table", fix="Download its release")
    environment = {**_environment(home), "GOEXPERIMENT": tool.go.experiment}
    with tempfile.TemporaryDirectory(prefix=f"goldenpath-go-{tool.name}-") as folder:
        module = f"module goldenpath.tool/{tool.name}\n\ngo {OLDEST_GO}\n\nrequire {tool.go.module} v{tool.version}\n"
        Path(folder, "go.mod").write_text(module, encoding="utf-8")
        flags = f"-s -w {tool.filled(tool.go.ldflags)}".rstrip()
        command = ["go", "build", "-mod=mod", "-trimpath", "-ldflags", flags, "-o", str(target), tool.go.package]
        try:
            process.run(*command, timeout=BUILD_SECONDS, cwd=Path(folder), environment=environment)
        except (ToolFailed, ToolTimeout) as error:
            raise _failed(tool, error) from error


def _environment(home: Path) -> dict[str, str]:
    """Return what Go is started with: caches of its own, and nothing that weakens its checks.

    The user's settings are put aside (`GOENV=off`), but for the one that says where modules come from.
    Raises `ToolMissing` when Go is not here, or when it was made not to check.
    """
    chosen = {name: value for name in ("GOPROXY",) if (value := runner.variables().get(name))}
    settings = {
        "GOENV": "off",
        "GOFLAGS": "-modcacherw -buildvcs=false",
        "GOPATH": str(home),
        "GOCACHE": str(home / "build"),
        "GOWORK": "off",
        "CGO_ENABLED": "0",
        **_ask(("GOPROXY",), chosen),
    }
    effective = _ask(("GOSUMDB", *_CHECKS_OFF), settings)
    if effective["GOSUMDB"] in ("", "off") or any(effective[name] for name in _CHECKS_OFF):
        raise ToolMissing(
            "This Go does not check what it downloads",
            why="its own defaults (go.env in GOROOT) set " + " ".join(f"{k}={v}" for k, v in effective.items() if v),
            fix="Install Go from its makers, or restore GOSUMDB in that file",
        )
    return settings


def _ask(names: tuple[str, ...], environment: Mapping[str, str]) -> dict[str, str]:
    """Return Go's own settings `names` as they are under `environment`. Raises `ToolMissing` when Go is not here."""
    try:
        printed = process.run("go", "env", "-json", *names, timeout=ASK_SECONDS, environment=environment)
    except (ToolFailed, ToolTimeout) as error:
        raise ToolMissing("The Go on this machine does not work", why=error.why, fix=error.fix) from error
    return {name: str(value) for name, value in json.loads(printed.stdout).items()}


def _failed(tool: Tool, error: ToolFailed | ToolTimeout) -> ToolMissing | ToolHashMismatch:
    if "SECURITY ERROR" in error.why or "checksum mismatch" in error.why:
        return ToolHashMismatch(
            f"The source of {tool.name} {tool.version} is not what Go's checksum database knows; it was not built",
            why=error.why,
            fix="Do not use it; find out who changed it: the project, your module proxy, or something in between",
        )
    return ToolMissing(
        f"{tool.name} {tool.version} could not be built with Go", why=error.why or error.what, fix=error.fix
    )
