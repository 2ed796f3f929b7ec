"""Which providers a Terraform folder locks, and what is no lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.errors import ProvidersUnlocked
from goldenpath.registries.terraform import locks
from goldenpath.registries.terraform.locks import LockedProvider

ROOT = Path(__file__).resolve().parents[2]
AWS = "registry.terraform.io/hashicorp/aws"
HASHES = ("h1:" + "a" * 43 + "=", "zh:" + "0" * 64)
LOCK = f"""# This file is maintained automatically by "terraform init".

provider "{AWS}" {{
  version     = "6.49.0"
  constraints = ">= 6.8.0, < 7.0.0"
  hashes = [
    "{HASHES[0]}",
    "{HASHES[1]}",
  ]
}}
"""


def locked(folder: Path, text: str) -> Path:
    (folder / ".terraform.lock.hcl").write_text(text)
    return folder


def test_a_provider_is_told_with_its_version_and_hashes(tmp_path: Path) -> None:
    assert locks.locked_providers(locked(tmp_path, LOCK)) == {AWS: LockedProvider("6.49.0", HASHES)}


def test_every_environment_locks_the_same_provider_for_linux_on_both_processors() -> None:
    found = [locks.locked_providers(folder) for folder in sorted((ROOT / "envs").iterdir()) if folder.is_dir()]
    assert len(found) == 4
    assert all(each == found[0] for each in found)
    (provider,) = found[0].values()
    # Terraform checks what it unpacked by `h1`, one a platform, and what it downloaded by `zh`.
    assert len([each for each in provider.hashes if each.startswith("h1:")]) == 14
    assert len([each for each in provider.hashes if each.startswith("zh:")]) == 15


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('  version     = "6.49.0"\n', "", f"it has no version or no hash for {AWS}"),
        (f'    "{HASHES[0]}",\n    "{HASHES[1]}",\n', "", f"it has no version or no hash for {AWS}"),
        (LOCK, "", "it is not of the form that Terraform writes"),
        (LOCK, LOCK + LOCK, "it is not of the form that Terraform writes"),
        (LOCK, LOCK + 'provider "b" { }\n', "it is not of the form that Terraform writes"),
    ],
)
def test_a_lock_that_does_not_pin_every_provider_is_refused(tmp_path: Path, old: str, new: str, why: str) -> None:
    with pytest.raises(ProvidersUnlocked) as refused:
        locks.locked_providers(locked(tmp_path, LOCK.replace(old, new)))
    assert refused.value.why == f".terraform.lock.hcl: {why}"


def test_a_folder_without_a_lock_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ProvidersUnlocked) as refused:
        locks.locked_providers(tmp_path)
    assert refused.value.why == ".terraform.lock.hcl: there is no such file"
    assert refused.value.fix.endswith("docs/setup.md says how to make it: `terraform providers lock`")
