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
cli.run([*sys.argv[2:], "--help"])
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
    "goldenpath.delivery.adoption",
}
# What the SDK takes is spent when AWS is asked, in a delivery while the image is built.
SDK = {"boto3", "botocore", "requests", "cryptography"}
pytestmark = pytest.mark.tools


def loaded(*words: str) -> set[str]:
    """Return the name of every module that is loaded before a command of `words` begins its work."""
    ran = subprocess.run([sys.executable, "-I", "-c", LOADED, ROOT / "src", *words], capture_output=True, check=True)
    return set(ran.stderr.decode().split())


@pytest.mark.parametrize("name", ["ecr-push", "preflight"])
def test_a_release_loads_what_it_needs_and_no_more(name: str) -> None:
    found = loaded(name)
    assert f"goldenpath.delivery.stages.{name.replace('-', '_')}" in found
    assert not found & (HEAVY | SDK)


def test_a_whole_delivery_waits_for_no_sdk_before_it_begins() -> None:
    found = loaded("deliver")
    assert "goldenpath.delivery.stages.ecr_push" in found
    assert not found & (HEAVY - {"isal", "tarfile"} | SDK)


def test_the_gate_that_stops_a_secret_loads_no_network() -> None:
    found = loaded("gitleaks-gate")
    assert "goldenpath.delivery.stages.gitleaks_gate" in found
    assert not found & (HEAVY - {"isal", "tarfile"} | SDK | {"urllib3"})


def test_an_upload_of_findings_waits_for_no_library_of_github() -> None:
    found = loaded("sarif-upload")
    assert "goldenpath.delivery.github.code_scanning" in found
    assert not found & (HEAVY | SDK)


def test_the_list_of_commands_loads_none_of_them() -> None:
    found = loaded()
    assert "goldenpath.cli" in found
    assert not found & (HEAVY | SDK | {"urllib3", "goldenpath.delivery.pipeline", "goldenpath.delivery.stages.build"})


def test_a_log_that_nobody_reads_any_more_ends_nothing() -> None:
    with subprocess.Popen([*COMMAND, "policy", "show"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert (child.stderr.read(), child.wait(timeout=60)) == (b"", 0)
