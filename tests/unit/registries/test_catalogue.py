from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.registries import catalogue
from goldenpath.registries.catalogue import CatalogueFiles

ROOT = Path(__file__).resolve().parents[3]
EMPTY = "locals {\n  ecr_repositories = {}\n}\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("envs/dev/ecr.tf", "envs/prod/ecr.tf"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(EMPTY)
    risks = tmp_path / "modules" / "aws_ecr" / "risk.tf"
    risks.parent.mkdir(parents=True)
    risks.write_text((ROOT / "modules" / "aws_ecr" / "risk.tf").read_text())
    return tmp_path


def test_the_committed_catalogue_is_the_one_that_the_environments_give() -> None:
    listed = catalogue.collect(ROOT)
    assert (ROOT / catalogue.FOR_PEOPLE).read_text() == catalogue.as_markdown(listed)
    assert [each.name for each in listed if each.environment == "dev"] == ["hello-web"]


def test_the_catalogue_tells_people_what_is_leaving_and_what_is_kept_longer(checkout: Path) -> None:
    entry = (
        '{\n    "a0" = {\n      id = "REGISTRY_A0"\n      owner = "b"\n      risk = "high"\n'
        '      deprecated_since = "2026-11-01"\n      remove_after = "2026-12-01"\n      retention = { keep = 90 }\n'
        '      immutability_exclusions = ["latest"]\n    }\n  }'
    )
    (checkout / "envs" / "dev" / "ecr.tf").write_text(EMPTY.replace("{}", entry))
    catalogue.write(checkout.joinpath("."))
    assert (
        "| `a0` (deprecated since 2026-11-01, removed after 2026-12-01) | b | - | high | immutable_with_exclusion "
        "| KMS | 90 | `REGISTRY_A0` |\n"
    ) in (checkout / catalogue.FOR_PEOPLE).read_text()
    assert '"keep": 90' in (checkout / catalogue.FOR_PROGRAMS).read_text()


def test_a_catalogue_says_which_of_its_files_changed(checkout: Path) -> None:
    (checkout / catalogue.FOR_PEOPLE).parent.mkdir(parents=True)
    (checkout / catalogue.FOR_PEOPLE).write_text(catalogue.as_markdown(()))
    both = (catalogue.FOR_PROGRAMS, catalogue.FOR_PEOPLE)
    assert catalogue.write(checkout) == CatalogueFiles(both, (catalogue.FOR_PROGRAMS,), 0)
    assert catalogue.write(checkout) == CatalogueFiles(both, (), 0)


def test_a_catalogue_of_nothing_says_so() -> None:
    assert catalogue.as_markdown(()).endswith("There are none yet.\n")
