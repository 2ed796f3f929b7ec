"""What the hygiene report counts; and how ECR is asked for its scans, exactly as its service description has it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from goldenpath.registries import compliance, hygiene
from goldenpath.registries.account import account_facts
from goldenpath.registries.aws.ecr import EcrImage
from goldenpath.registries.config.ecr_tf import RegistryEntry
from goldenpath.registries.hygiene import EnvironmentReport, RegistryReport
from goldenpath.registries.request import Risk
from goldenpath.registries.terraform.planning import TerraformWorkspace
from goldenpath.shared.errors import AccessDenied

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
REGISTRY = RegistryEntry("dev", "my-app", "REGISTRY_MY_APP", "team-web", Risk.LOW)


def image(digest: str, *tags: str, days: int = 0, is_index: bool = False) -> EcrImage:
    return EcrImage(digest, tags, 1, NOW - dt.timedelta(days=days), is_index=is_index)


def test_severe_findings_are_counted_and_tagged_images_without_a_scan() -> None:
    images = (image("a", "dev-a1b2c3d"), image("b", "dev-b1b2c3d"), image("c"))
    scans = {"a": {"CRITICAL": 1, "HIGH": 2, "LOW": 4}, "b": None}
    assert [each.digest for each in hygiene.scannable(images)] == ["a", "b"]
    seen = hygiene.with_image_counts(RegistryReport(REGISTRY, ()), images, scans, (), NOW)
    assert (seen.images, seen.untagged, seen.severe, seen.unscanned) == (3, 1, 3, 1)


UNTAGGED = compliance.parse_lifecycle(
    '{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", '
    '"countNumber": 7}}]}'
)


def test_what_an_index_may_be_made_of_is_neither_expiring_nor_unscanned_and_its_findings_count() -> None:
    images = (image("a", "prod-a1b2c3d", days=30, is_index=True), image("b", days=30), image("c", days=30))
    assert [each.digest for each in hygiene.scannable(images)] == ["b", "c"]
    seen = hygiene.with_image_counts(RegistryReport(REGISTRY, ()), images, {"b": {"HIGH": 1}, "c": None}, UNTAGGED, NOW)
    assert (seen.untagged, seen.expiring, seen.severe, seen.unscanned) == (2, (), 1, 0)


def test_an_index_without_a_tag_expires_as_any_image() -> None:
    images = (image("a", days=30, is_index=True),)
    seen = hygiene.with_image_counts(RegistryReport(REGISTRY, ()), images, {}, UNTAGGED, NOW)
    assert seen.expiring == ("untagged a",)


def test_an_untagged_image_in_a_repository_without_an_index_expires() -> None:
    images = (image("a", "prod-a1b2c3d"), image("b", days=30))
    assert hygiene.with_image_counts(RegistryReport(REGISTRY, ()), images, {"a": {}}, UNTAGGED, NOW).expiring == (
        "untagged b",
    )


def test_the_legend_says_what_is_not_counted() -> None:
    assert "images of a registry that holds an image for several platforms may be its parts" in hygiene.report(())


def test_the_report_leads_with_the_share_that_complies_and_tells_it_by_owner() -> None:
    other = RegistryEntry("dev", "b-app", "REGISTRY_B_APP", "team-b", Risk.LOW)
    seen = (
        RegistryReport(REGISTRY, (), images=3, severe=2),
        RegistryReport(other, ("images are not scanned on push",)),
    )
    text = hygiene.report(
        [EnvironmentReport("dev", seen, ("by-hand",)), EnvironmentReport("prod", not_inspected="no role leads there")]
    )
    assert text.startswith("**Registries that comply with every rule: 1 of 2 (50 %).**")
    assert "| team-b | 0 of 1 (0 %) | 0 |\n| team-web | 1 of 1 (100 %) | 2 |" in text
    assert "- `b-app`: images are not scanned on push\n- `by-hand` is in ECR, but not in envs/dev/ecr.tf" in text
    assert "### prod\n\nNot looked at: no role leads there" in text
    assert hygiene.compliance_rate(()) == "none to look at"


def test_a_template_by_which_a_push_makes_a_repository_is_reported() -> None:
    text = hygiene.report([EnvironmentReport("dev", pushes=("a push under the prefix ROOT makes a repository",))])

    assert "- a push under the prefix ROOT makes a repository" in text


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (("ROOT",), "a push under the prefix ROOT makes a repository that nobody requested"),
        (
            AccessDenied("Not allowed to look", why="AccessDeniedException", fix="Ask"),
            "is unknown: AccessDeniedException",
        ),
    ],
)
def test_what_a_push_makes_by_itself_is_looked_at(
    answer: object, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def templates(_: object) -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    variables = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-2"}
    monkeypatch.setattr(account_facts, "open_templates", templates)
    (note,) = hygiene._pushes(TerraformWorkspace(tmp_path, "dev", "state", "eu-west-2", tmp_path, variables))  # noqa: SLF001

    assert words in note
