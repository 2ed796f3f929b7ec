"""Which providers a Terraform folder locks, and what is no lock."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.registries.terraform.terraform_double import said, started

from goldenpath.registries.terraform import locks
from goldenpath.registries.terraform.locks import LockedProvider
from goldenpath.shared.errors import ProvidersUnlocked, StateLocked

ROOT = Path(__file__).resolve().parents[4]
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


STATE_LOCK = """Error message: operation error S3: PutObject, StatusCode: 412, RequestID: x
Lock Info:
  ID:        a0e2b948-2e04-2c3a-06eb-459556e10cd5
  Path:      state/envs/dev/terraform.tfstate
  Operation: OperationTypeApply
  Who:       runner@vm-7
  Version:   1.11.4
  Created:   2026-11-21 06:50:29.342949376 +0000 UTC
  Info:      


Terraform acquires a state lock to protect the state from being written
"""  # noqa: W291  as Terraform writes it


def test_a_held_lock_is_told_with_its_holder_and_how_to_free_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terraform, _ = started(monkeypatch, code=1, stdout=said("Error acquiring the state lock", STATE_LOCK))
    with pytest.raises(StateLocked) as refused:
        terraform.apply(Path("/w/p"))
    assert refused.value.why == (
        "lock a0e2b948-2e04-2c3a-06eb-459556e10cd5, held by runner@vm-7 since 2026-11-21T06:50:29.342949+00:00, for "
        "OperationTypeApply"
    )
    assert "`terraform force-unlock a0e2b948-2e04-2c3a-06eb-459556e10cd5`" in refused.value.fix


OBJECT = (
    b'{"ID":"a0e2b948","Operation":"OperationTypeApply","Info":"","Who":"runner@vm-7","Version":"1.11.4",'
    b'"Created":"2026-11-21T06:50:29.342949376Z","Path":"state/envs/dev/terraform.tfstate"}'
)


@pytest.mark.parametrize("created", [b"2026-11-21T06:50:29Z", b"2026-11-21T06:50:29.3Z"])
def test_a_lock_is_read_from_its_object_however_exact_its_time_is(created: bytes) -> None:
    lock = locks.read_state_lock(OBJECT.replace(b"2026-11-21T06:50:29.342949376Z", created))
    assert lock
    assert (lock.who, lock.created.replace(microsecond=0).isoformat()) == ("runner@vm-7", "2026-11-21T06:50:29+00:00")
    assert locks.read_state_lock(OBJECT).created.microsecond == 342949  # type: ignore[union-attr]


@pytest.mark.parametrize("content", [b"", b"{}", OBJECT.replace(b"2026-11", b"soon"), OBJECT.replace(b'"ID"', b'"X"')])
def test_an_object_that_is_no_lock_is_nobodys(content: bytes) -> None:
    assert locks.read_state_lock(content) is None


@pytest.mark.parametrize(
    ("operation", "is_for_apply"),
    [("OperationTypeApply", True), ("OperationTypeInvalid", True), ("untaint", True), ("OperationTypePlan", False)],
)
def test_the_locks_of_an_apply_and_of_its_recovery_are_known(operation: str, *, is_for_apply: bool) -> None:
    lock = locks.read_state_lock(OBJECT.replace(b"OperationTypeApply", operation.encode()))
    assert lock
    assert lock.is_for_apply is is_for_apply


@pytest.mark.parametrize("detail", ["", "Lock Info:\n  ID: 1-2-3\n", STATE_LOCK.replace("2026-11", "soon")])
def test_a_lock_that_says_too_little_is_quoted(detail: str) -> None:
    error = locks.state_locked(detail)
    assert error.why == detail.strip()
    assert "`terraform force-unlock ID`" in error.fix
