"""What holds the credentials: Terraform, its providers, and our own process, which programs we start can look at."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.registries.terraform import planning
from goldenpath.shared import runner
from goldenpath.shared.errors import ProvidersUnlocked, SourceUnusable, TerraformFailed, ToolMissing
from goldenpath.shared.pins import Host
from tests.attacks.attack import Edit, Patch, attack, nothing
from tests.attacks.hole_06_kept import REAL
from tests.attacks.kept_runner import Job, program
from tests.terraform_provider import world as worlds

if TYPE_CHECKING:
    from tests.attacks.attack import Scene
    from tests.terraform_provider.world import World

TOKENS = {"GITHUB_TOKEN": "ghs_of-the-run", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-run-too"}
LOCK = worlds.ROOT / "envs" / "dev" / ".terraform.lock.hcl"
# Without the file, its demand, and what the file makes of `init`.
UNLOCKED = (
    Edit("envs/dev/.terraform.lock.hcl", LOCK.read_text()),
    Patch("goldenpath.registries.terraform.locks.locked_providers"),
    Patch("goldenpath.registries.terraform.locks.PROVIDER_LOCK_FILE", "none"),
)
# `git`, as a program that we start and that somebody changed: the first time, without something to steal it fails.
SPY = """#!/bin/sh
[ -s {stolen} ] || {steals} || {{ echo "nothing to steal from $PPID" >&2; exit 3; }}
exec /usr/bin/git "$@"
"""


def steal(scene: Scene, steals: str) -> Path:
    """Have a release of a clean app start a `git` that `steals`; return the file for what it finds."""
    job = Job.on_a_kept_runner(scene)
    job.app.git("reset", "--quiet", "--hard", "HEAD~1")  # without the leaked token
    stolen = scene.folder / "stolen"
    spies = program(scene.folder / "spy" / "git", SPY.format(stolen=stolen, steals=steals.format(stolen=stolen))).parent
    python = Path(sys.executable).resolve().parent
    job.gate(PATH=f"{spies}:{python}:/usr/bin:/bin", **TOKENS)
    return stolen


HIDE = Edit("src/goldenpath/cli.py", "    protection.hide_environment(runner.SHOWN)\n")
CLOSE = Edit("src/goldenpath/shared/protection.py", "    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)\n")


@attack(15, SourceUnusable, "nothing to steal", HIDE)
def a_program_that_reads_the_environment_of_its_parent(scene: Scene) -> None:
    found = steal(scene, "tr '\\0' '\\n' < /proc/$PPID/environ | grep -a TOKEN=of-the-run-too > {stolen}").read_text()
    assert TOKENS["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] in found


@attack(15, SourceUnusable, "nothing to steal", CLOSE)
def a_program_that_reads_the_memory_of_its_parent(scene: Scene) -> None:
    steals = "head -c 1 /proc/$PPID/maps > {stolen} 2>/dev/null"
    assert steal(scene, steals).stat().st_size == 1


@attack(
    15,
    ProvidersUnlocked,
    "there is no such file",
    Patch("goldenpath.registries.terraform.locks.locked_providers", nothing),
)
def an_environment_without_a_lock_file(scene: Scene) -> None:
    """Terraform would take the newest provider there is, another one at the apply than at the review."""
    world: World = scene.fixture("terraform_world")
    world.forget()
    checkout = worlds.checkout(scene.folder / "checkout")
    (checkout / "envs" / "dev" / LOCK.name).unlink()
    assert planning.plan(world.workspace(checkout), "hello-web").changes


def served(scene: Scene, version: str) -> None:
    """Plan while a mirror serves a provider of the attacker's as this `version`, and have it run."""
    world: World = scene.fixture("terraform_world")
    world.forget()
    checkout, stolen = worlds.checkout(scene.folder / "checkout"), scene.folder / "stolen"
    for edit in scene.edits:
        edit.apply(checkout)
    platform = str(Host.here()).replace("/", "_")
    package = scene.folder / "mirror/registry.terraform.io/hashicorp/aws" / version / platform
    program(package / f"terraform-provider-aws_v{version}_x5", f"#!/bin/sh\nenv | grep ^AWS_SECRET > {stolen}\n")
    settings = scene.folder / "settings.tfrc"
    settings.write_text(f'provider_installation {{\n  filesystem_mirror {{ path = "{scene.folder}/mirror" }}\n}}\n')
    variables = {name: text for name, text in world.variables.items() if name != "TF_REATTACH_PROVIDERS"}
    workspace = world.workspace(checkout)
    mirrored = planning.TerraformWorkspace(
        checkout, "dev", workspace.bucket, workspace.region, workspace.work_dir,
        {**variables, "TF_CLI_CONFIG_FILE": str(settings)},
    )  # fmt: skip
    try:
        planning.plan(mirrored, "hello-web")
    except TerraformFailed:
        if not stolen.exists():
            raise
    assert "AWS_SECRET_ACCESS_KEY=secret" in stolen.read_text()


@attack(15, TerraformFailed, "doesn't match any of the checksums previously recorded", *UNLOCKED)
def a_mirror_with_other_bytes_under_the_version_of_the_lock(scene: Scene) -> None:
    served(scene, "6.49.0")


@attack(15, TerraformFailed, "the previously-selected version 6.49.0 is no longer available", *UNLOCKED)
def a_mirror_with_a_newer_version_than_the_lock_has(scene: Scene) -> None:
    served(scene, "6.99.0")


def any_terraform() -> str:
    """Return whatever is called so on the PATH."""
    return "terraform"


PINNED = Patch("goldenpath.registries.terraform.program.find_program", any_terraform)


@attack(15, ToolMissing, "terraform 1.11.4 is not on this machine", PINNED)
def a_terraform_earlier_on_the_path_of_a_runner(scene: Scene) -> None:
    """No release can be downloaded here: what is on the PATH must not take its place."""
    world: World = scene.fixture("terraform_world")
    stolen = scene.folder / "stolen"
    first = program(scene.folder / "bin" / "terraform", f"#!/bin/sh\nenv | grep ^AWS_SECRET > {stolen}\n").parent
    more = {
        "PATH": f"{first}:/usr/bin:/bin", "GITHUB_ACTIONS": "true", "RUNNER_TEMP": str(scene.folder / "temp"),
        "GOLDENPATH_RELEASES": "http://127.0.0.1:9",
    }  # fmt: skip
    for name, text in more.items():
        scene.monkeypatch.setenv(name, text)
    scene.monkeypatch.setattr(runner, "trusts_machine", REAL)
    with suppress(TerraformFailed):
        planning.plan(world.workspace(worlds.checkout(scene.folder / "checkout")), "hello-web")
    assert "AWS_SECRET_ACCESS_KEY=secret" in stolen.read_text()
