from __future__ import annotations

import re
from pathlib import Path

import pytest

from goldenpath.registries.terraform import waiting_blocks

ROOT = Path(__file__).parents[4]

OURS = 'import {\n  to = module.ecr_repositories["my-app"].aws_ecr_repository.this\n  id = "my-app"\n}\n'
OTHERS = 'moved {\n  from = aws_ecr_repository.old\n  to   = module.ecr_repositories["my-app2"].x.this\n}\n'
REST = "locals {\n  moved = {\n  }\n}\n"


def test_only_the_waiting_blocks_of_other_registries_are_left_out() -> None:
    assert waiting_blocks.without_others(f"{REST}{OURS}{OTHERS}{REST}", "my-app") == f"{REST}{OURS}{REST}"
    assert waiting_blocks.without_others(f"{OURS}{OTHERS}", "my-app2") == OTHERS
    assert waiting_blocks.without_others(f"{OURS}{OTHERS}", "third") == ""


def test_the_block_that_imports_every_adopted_registry_stays() -> None:
    (text,) = re.findall(
        r"^import \{.*?^\}\n", (ROOT / "envs" / "dev" / "ecr.tf").read_text(), re.MULTILINE | re.DOTALL
    )
    assert "for_each" in text
    assert waiting_blocks.without_others(f"{text}{OTHERS}", "my-app") == text


@pytest.mark.parametrize(
    "addresses",
    [
        'from = module.ecr_repositories["my-app"]\n  to = module.ecr_repositories["other"]',
        'from = module.ecr_repositories["other"]\n  to = module.ecr_repositories["my-app"]',
    ],
)
def test_a_move_into_or_out_of_the_registry_stays_and_is_seen_by_the_plan(addresses: str) -> None:
    text = f"moved {{\n  {addresses}\n}}\n"
    assert waiting_blocks.without_others(text, "my-app") == text


def test_a_checkout_is_copied_only_where_a_block_of_another_registry_waits(tmp_path: Path) -> None:
    checkout, folder = tmp_path / "checkout", tmp_path / "planned"
    (checkout / "envs/dev").mkdir(parents=True)
    (checkout / "modules/m").mkdir(parents=True)
    (checkout / "envs/dev/ecr.tf").write_text(REST)
    (checkout / "envs/dev/imports.tf").write_text(OURS)
    assert waiting_blocks.checkout_without_others(checkout, "dev", "my-app", folder) == checkout
    assert waiting_blocks.checkout_without_others(checkout, "dev", "other", folder) == folder
    assert (folder / "envs/dev/imports.tf").read_text() == ""
    assert (folder / "envs/dev/ecr.tf").read_text() == REST
    assert (checkout / "envs/dev/imports.tf").read_text() == OURS


def test_a_move_into_the_registry_is_named_by_where_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / "envs/dev").mkdir(parents=True)
    (tmp_path / "envs/dev/imports.tf").write_text(OURS + OTHERS)
    assert waiting_blocks.moved_into(tmp_path, "dev", "my-app") == ()
    assert waiting_blocks.moved_into(tmp_path, "dev", "my-app2") == ("aws_ecr_repository.old",)
