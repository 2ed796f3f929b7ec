"""What the command loads, and what becomes of it when nobody reads its log: each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-I", str(ROOT / "src" / "goldenpath")]
LOADED = """
import sys
sys.path.insert(0, sys.argv[1])
from goldenpath import cli
cli.run([sys.argv[2], "--help"])
print(*sys.modules, sep="\\n", file=sys.stderr)
"""
# Each costs more than a release with nothing to do may.
HEAVY = {
    "github",
    "jsonschema",
    "rich",
    "moto",
    "docker",
    "isal",
    "tarfile",
    "goldenpath.registries",
    "goldenpath.adopt",
}
pytestmark = pytest.mark.tools


@pytest.mark.parametrize("name", ["ecr-push", "preflight"])
def test_a_release_loads_what_it_needs_and_no_more(name: str) -> None:
    ran = subprocess.run([sys.executable, "-I", "-c", LOADED, ROOT / "src", name], capture_output=True, check=True)
    loaded = set(ran.stderr.decode().split())
    assert f"goldenpath.stages.{name.replace('-', '_')}" in loaded
    assert not loaded & HEAVY


def test_a_log_that_nobody_reads_any_more_ends_nothing() -> None:
    with subprocess.Popen([*COMMAND, "policy", "show"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert (child.stderr.read(), child.wait(timeout=60)) == (b"", 0)
