"""What tests of an account share: a checkout with the account's configuration, and Terraform in it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from tests.terraform_provider import world as worlds

from goldenpath.registries.terraform import program
from goldenpath.registries.terraform.program import Terraform, passed_variables
from goldenpath.shared import process

if TYPE_CHECKING:
    from pathlib import Path

    from tests.terraform_provider.world import World

ACCOUNT = "123456789012"
PLATFORM = {"repository": "our-org/platform", "owner_id": "12", "repository_id": "345"}
APP = {
    "repository": "our-org/my-app",
    "owner_id": "12",
    "repository_id": "678",
    "ecr_repositories": ["my-app"],
    "refs": ["refs/heads/development"],
}
SETTINGS: dict[str, Any] = {
    "allowed_account_ids": [ACCOUNT],
    "state_bucket": "our-state",
    "environments": ["dev"],
    "platform": PLATFORM,
    "apps": {"my-app-dev": APP},
}


def checkout(folder: Path) -> Path:
    """Return a copy of the modules and of the example of an account."""
    for name in ("modules", "examples/account"):
        shutil.copytree(worlds.ROOT / name, folder / name, ignore=shutil.ignore_patterns(".terraform*"))
    return folder


def copy_example(checkout: Path, folder: Path) -> None:
    """Copy the example's own files to `folder`, beside it."""
    for path in (worlds.ROOT / "examples" / "account").iterdir():
        if path.is_file():
            folder.mkdir(exist_ok=True)
            shutil.copy(path, folder / path.name)
    assert folder.parent == checkout / "examples"


def terraform(world: World, folder: Path) -> Terraform:
    """Return Terraform in `folder`, in `world`."""
    return Terraform(folder, folder / "work", world.variables, program.find_program())


def destroy(world: World, driver: Terraform) -> None:
    """Destroy all that the state of `driver` has."""
    environment = {**passed_variables(world.variables), "TF_DATA_DIR": str(driver.working)}
    words = ("destroy", "-auto-approve", "-no-color")
    process.run(program.find_program(), *words, cwd=driver.folder, environment=environment, timeout=120)
