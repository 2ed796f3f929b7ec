"""A runner that is kept, and what the code of an earlier job left on it: programs, environments, settings."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from goldenpath.delivery.scanners import syft, trivy_database
from goldenpath.delivery.scanners.result_cache import FOLDER, KeptResults
from goldenpath.delivery.stages import sbom
from goldenpath.shared import runner
from goldenpath.shared.errors import GateBlocked, ScannerFailed
from goldenpath.shared.pins import Host
from goldenpath.shared.protection import private_folder
from goldenpath.shared.toolchain import Program, Toolchain
from tests.attacks import kept_runner
from tests.attacks.attack import Edit, Patch, attack
from tests.attacks.kept_runner import PASSES, Job, program
from tests.tools import command
from tests.unit import layout_builder, run_builder

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.shared.pins import Tool
    from tests.attacks.attack import Scene

REAL = runner.trusts_machine
RUN = 'return not (in_actions() and os.environ.get("RUNNER_TEMP"))'
START = 'return not (os.environ.get("GITHUB_ACTIONS") == "true" and os.environ.get("RUNNER_TEMP"))'
TRUST = (Edit("src/goldenpath/shared/runner.py", RUN, "return True"), Edit("bin/environment", START, "return True"))
BELIEVED = (
    *TRUST,
    Edit("src/goldenpath/delivery/scanners/result_cache.py", "return not runner.in_actions()", "return True"),
    Edit("src/goldenpath/delivery/secrets/scan_scope.py", " and not run.event.in_workflow", ""),
)
ISOLATED = Edit("bin/goldenpath", "python3 -I ", "python3 ")
# Runs the real gitleaks, and takes out of its report all but the secret that proves that it looked.
WRAPPER = """import json, subprocess, sys
code = subprocess.run([{real!r}, *sys.argv[1:]]).returncode
report = sys.argv[sys.argv.index("--report-path") + 1]
kept = [leak for leak in json.load(open(report)) if "~canary-" in leak["File"]]
json.dump(kept, open(report, "w"))
raise SystemExit(code)
"""


def plant_gitleaks(tools: Path) -> None:
    """Put a wrapper into the cache `tools`, with a record that agrees with it, and with the rules of the real one."""
    real = Toolchain.load().provide("gitleaks")
    entry = next(each for each in Toolchain.load().tools if each.name == "gitleaks")
    home = tools / real.path.parent.name
    script = program(home / "wrapper.py", WRAPPER.format(real=str(real.path)))
    # A shell reads no further than `exec`.
    wrapper = program(home / "gitleaks", f'#!/bin/sh\nexec {sys.executable} -I {script} "$@"\n{rules_in(real, entry)}')
    found = hashlib.sha256(wrapper.read_bytes()).hexdigest()
    record = {"version": real.version, "origin": "go", "sha256": found, "pin": entry.pin(Host.here())}
    (home / "record.json").write_text(json.dumps(record))


def rules_in(real: Program, entry: Tool) -> str:
    """Return the rules that the real gitleaks carries in itself."""
    assert entry.rules
    content = real.path.read_bytes()
    start = content.index(entry.rules.begins.encode())
    return content[start : start + entry.rules.size].decode()


@attack(6, GateBlocked, "github-pat", *TRUST)
def a_wrapper_of_gitleaks_in_the_cache_with_a_record_that_agrees(scene: Scene) -> None:
    job = Job.on_a_kept_runner(scene)
    plant_gitleaks(job.cache / "tools")
    assert "PASS in test" in job.gate()


@attack(6, GateBlocked, "github-pat", *TRUST)
def a_cache_elsewhere_named_by_the_env_file_of_the_runner(scene: Scene) -> None:
    job = Job.on_a_kept_runner(scene)
    elsewhere = scene.folder / "elsewhere"
    plant_gitleaks(elsewhere / "tools")
    (elsewhere / "env").symlink_to(job.cache / "env")
    assert "PASS in test" in job.gate(GOLDENPATH_CACHE=str(elsewhere))


# Writes what an earlier scan of the commit leaves, one that found nothing.
RECORD = """import sys; from pathlib import Path
from goldenpath.delivery.secrets import scan_scope; from goldenpath.shared.toolchain import Toolchain
scan = scan_scope.PreviousScan(sys.argv[2], 2, {})
scan_scope.keep(Path(sys.argv[1]), Toolchain.load().provide("gitleaks"), scan)
"""


@attack(6, GateBlocked, "github-pat", *BELIEVED)
def a_record_of_an_earlier_scan_that_found_nothing(scene: Scene) -> None:
    job = Job.on_a_kept_runner(scene)
    (job.cache / "tools").symlink_to(kept_runner.shared() / "tools")
    words = [sys.executable, "-c", RECORD, str(job.app.folder), job.app.commit]
    variables = {**command.surroundings(), "GOLDENPATH_CACHE": str(job.cache), "PYTHONPATH": str(job.platform / "src")}
    subprocess.run(words, env=variables, check=True, timeout=kept_runner.SECONDS)
    assert [*job.cache.glob("scans/*/record.json")]
    assert "PASS in test" in job.gate()


@attack(6, GateBlocked, "github-pat", TRUST[1])
def an_environment_that_says_it_is_complete(scene: Scene) -> None:
    job = Job.on_a_kept_runner(scene)
    (job.cache / "env").unlink()
    planted = job.cache / "env" / kept_runner.environment_name()
    program(planted / "bin" / "python", PASSES)
    (planted / "complete").touch()
    assert "says the attacker" in job.gate()


def answering(scene: Scene) -> str:
    """Return Python that answers, for `bin/environment`, with an interpreter of the attacker's."""
    hostile = program(scene.folder / "hostile" / "python", PASSES)
    return f"import os, sys; os.write(1, {str(hostile)!r}.encode()); os._exit(0)"


@attack(6, GateBlocked, "github-pat", ISOLATED)
def a_pth_file_among_the_packages_of_the_user(scene: Scene) -> None:
    job = Job.on_a_kept_runner(scene)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = job.home / ".local" / "lib" / version / "site-packages"
    site.mkdir(parents=True)
    (site / "helpful.pth").write_text(answering(scene) + "\n")
    assert "says the attacker" in job.gate()


@attack(6, GateBlocked, "github-pat", ISOLATED)
def a_sitecustomize_of_the_app_by_pythonpath(scene: Scene) -> None:
    job = Job.on_a_kept_runner(scene)
    job.app.write("sitecustomize.py", answering(scene))
    assert "says the attacker" in job.gate(PYTHONPATH=str(job.app.folder))


@attack(6, GateBlocked, "github-pat", Edit("bin/goldenpath", "cd / && ", ""))
def a_python_version_file_of_the_app_where_python3_is_a_shim(scene: Scene) -> None:
    job = Job.on_a_kept_runner(scene)
    hostile = program(scene.folder / "hostile" / "python", PASSES)
    program(job.home / ".pyenv" / "versions" / "evil" / "bin" / "python3", f"#!/bin/sh\necho {hostile}\n")
    shim = f"""#!/bin/sh
if [ -f .python-version ]; then exec "$HOME/.pyenv/versions/$(cat .python-version)/bin/python3" "$@"; fi
exec {kept_runner.PYTHON} "$@"
"""
    shims = program(job.home / ".pyenv" / "shims" / "python3", shim).parent
    job.app.write(".python-version", "evil\n")
    assert "says the attacker" in job.gate(PATH=f"{shims}:/usr/bin:/bin")


@attack(
    6,
    ScannerFailed,
    "Its database could not be fetched",
    Patch("goldenpath.shared.runner.variables", lambda: os.environ),
)
def a_trivy_database_that_knows_nothing_named_by_the_env_file_of_the_runner(scene: Scene) -> None:
    trivy = Toolchain.load(kept_runner.shared() / "tools").provide("trivy")
    scene.monkeypatch.setattr(runner, "trusts_machine", REAL)
    scene.monkeypatch.setattr(trivy_database, "FIRST_PAUSE", 0.0)
    planted = scene.folder / "planted" / "db"
    planted.mkdir(parents=True)
    (planted / "trivy.db").write_bytes(b"knows nothing")
    now = datetime.now(UTC)
    dates = {"Version": 2, "UpdatedAt": now.isoformat(), "NextUpdate": (now + timedelta(days=1)).isoformat()}
    (planted / "metadata.json").write_text(json.dumps(dates))
    for name, text in {"GITHUB_ACTIONS": "true", "RUNNER_TEMP": scene.folder / "temp"}.items():
        scene.monkeypatch.setenv(name, str(text))
    scene.monkeypatch.setenv("GOLDENPATH_TRIVY_CACHE", str(planted.parent))
    found = trivy_database.provide(trivy, runner.trivy_cache_dir(), ("127.0.0.1:9/trivy-db",), lambda _: None)
    assert found.updated == now


@attack(
    6, ScannerFailed, "syft did not finish its work",
    Patch("goldenpath.shared.runner.trusts_machine", lambda: True),
    Patch("goldenpath.delivery.scanners.result_cache.are_ours", lambda: True),
)  # fmt: skip
def an_inventory_of_nothing_that_an_earlier_job_kept_with_digests_that_agree(scene: Scene) -> None:
    cache = scene.folder / "home" / ".cache" / "goldenpath"
    variables = {"GITHUB_ACTIONS": "true", "RUNNER_TEMP": scene.folder / "temp", "GOLDENPATH_CACHE": cache}
    for name, text in variables.items():
        scene.monkeypatch.setenv(name, str(text))
    (scene.folder / "temp").mkdir()
    broken = Program("syft", "1.0", program(scene.folder / "syft", "#!/bin/sh\nexit 1\n"), "release", sha256="a" * 64)
    one = replace(run_builder.run(scene.folder), program=lambda _: broken)
    image = layout_builder.layout(scene.folder / "image")
    (found,) = image.images()
    digest = found.descriptor.digest
    spdx = {"packages": [{"versionInfo": digest, "primaryPackagePurpose": "CONTAINER"}]}
    cyclonedx = {"metadata": {"component": {"version": digest}}}
    planted = KeptResults(private_folder(cache / FOLDER))
    with planted.result("syft", "1.0", broken.sha256, *syft.OUTPUTS, "my-app", digest) as result:
        assert result is not None
        documents = zip(syft.OUTPUTS, (spdx, cyclonedx), strict=True)
        result.keep({"packages": "0"}, {name: json.dumps(each).encode() for name, each in documents})
    assert sbom.scan(one, image, found).packages == 0
