"""What the hygiene report counts; and how ECR is asked for its scans, exactly as its service description has it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from goldenpath.registries import hygiene
from goldenpath.registries.aws.clusters import ClusterReport
from goldenpath.registries.aws.ecr import EcrImage
from goldenpath.registries.config.ecr_tf import RegistryEntry
from goldenpath.registries.hygiene import EnvironmentReport, RegistryReport
from goldenpath.registries.images import lifecycle
from goldenpath.registries.request import Risk
from goldenpath.registries.unregistered import AccountReport, RepositoryOrigin, UnregisteredRepository

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
REGISTRY = RegistryEntry("dev", "my-app", "REGISTRY_MY_APP", "team-web", Risk.LOW)


def image(digest: str, *tags: str, days: int = 0, **more: Any) -> EcrImage:  # noqa: ANN401  fields of an image
    return EcrImage(digest, tags, 1, NOW - dt.timedelta(days=days), **more)


def test_severe_findings_are_counted_and_tagged_images_without_a_scan() -> None:
    images = (image("a", "dev-a1b2c3d"), image("b", "dev-b1b2c3d"), image("c"))
    scans = {"a": {"CRITICAL": 1, "HIGH": 2, "LOW": 4}, "b": None}
    assert [each.digest for each in hygiene.scannable(images)] == ["a", "b"]
    seen = hygiene.with_image_counts(RegistryReport(REGISTRY, ()), images, scans, (), NOW)
    assert (seen.images, seen.untagged, seen.severe, seen.unscanned) == (3, 1, 3, 1)


UNTAGGED = lifecycle.parse_lifecycle(
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
    account = AccountReport((UnregisteredRepository("by-hand", "uri", RepositoryOrigin.UNKNOWN),))
    text = hygiene.report(
        [EnvironmentReport("dev", seen, account), EnvironmentReport("prod", not_inspected="no role leads there")]
    )
    assert text.startswith("**Registries that comply with every rule: 1 of 2 (50 %).**")
    assert "| team-b | 0 of 1 (0 %) | 0 |\n| team-web | 1 of 1 (100 %) | 2 |" in text
    assert "- `b-app`: images are not scanned on push\n" in text
    assert "- `by-hand` (dev): made by hand: adopt it (create-ecr-registry with `adopt`), or have it deleted" in text
    assert "### prod\n\nNot looked at: no role leads there" in text
    assert hygiene.compliance_rate(()) == "none to look at"


def test_archived_images_are_counted_and_are_neither_stale_nor_unscanned() -> None:
    images = (image("a", "prod-1", days=400, archived=True, archived_at=NOW), image("b", "prod-2"))
    assert [one.digest for one in hygiene.scannable(images)] == ["b"]
    seen = hygiene.with_image_counts(RegistryReport(REGISTRY, ()), images, {"b": {}}, (), NOW)
    assert (seen.images, seen.archived, seen.stale, seen.unscanned) == (2, 1, 0, 0)
    assert "| my-app | team-web | 2 | 1 |" in hygiene.report([EnvironmentReport("dev", (seen,))])


HEX = "ab" * 32


def test_what_vouches_for_an_image_is_neither_untagged_nor_stale_nor_unscanned() -> None:
    images = (
        image(f"sha256:{HEX}", "prod-1"), image("referrer", subject=f"sha256:{HEX}", days=400),
        image("cosign", f"sha256-{HEX}.sig", days=400),
    )  # fmt: skip
    assert [one.digest for one in hygiene.scannable(images)] == [f"sha256:{HEX}"]
    seen = hygiene.with_image_counts(RegistryReport(REGISTRY, ()), images, {}, UNTAGGED, NOW)
    assert (seen.untagged, seen.stale, seen.expiring, seen.orphans) == (0, 0, (), 0)


def test_signatures_of_images_that_are_gone_are_named_with_the_page_that_says_how_to_delete_them() -> None:
    images = (image("cosign", f"sha256-{HEX}.sig"),)
    seen = hygiene.with_image_counts(RegistryReport(REGISTRY, ()), images, {}, (), NOW)
    text = hygiene.report([EnvironmentReport("dev", (seen,))])
    assert "- `my-app`: 1 signatures, attestations or SBOMs are of images that are gone: docs/registries.md" in text


def test_what_is_archived_next_is_told_apart_from_what_expires() -> None:
    rules = lifecycle.parse_lifecycle(
        '{"rules": [{"rulePriority": 10, "selection": {"tagStatus": "tagged", "tagPatternList": ["prod-*"], '
        '"countType": "sinceImagePulled", "countNumber": 90}, "action": {"type": "transition"}}]}'
    )
    images = (image("a", "prod-1", days=100),)
    seen = hygiene.with_image_counts(RegistryReport(REGISTRY, ()), images, {"a": {}}, rules, NOW)
    assert (seen.expiring, seen.archiving) == ((), ("prod-1",))
    assert "- `my-app`: next to be archived: prod-1" in hygiene.report([EnvironmentReport("dev", (seen,))])


def test_what_runs_and_what_is_wrong_with_it_are_in_the_section_of_their_environment() -> None:
    seen = RegistryReport(REGISTRY, (), images=1, running=2, flaws=("prod-1 runs and is 91 days old",))
    running = ClusterReport(clusters=3, notes=("the EKS cluster web was not looked at: no",))
    text = hygiene.report([EnvironmentReport("dev", (seen,), running=running)])
    assert "- `my-app`: prod-1 runs and is 91 days old\n- the EKS cluster web was not looked at: no\n" in text
    assert "2 images of these registries run in 3 clusters." in text
    assert "clusters" not in hygiene.report([EnvironmentReport("dev", (RegistryReport(REGISTRY, ()),))])
