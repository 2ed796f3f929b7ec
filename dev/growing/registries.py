"""What is done with the registries of an environment, however many its `ecr.tf` has. No program runs but git.

Each case prepares its input of a size in a new folder, and returns the work that is measured.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from dev.growing.case import Case, Work
from tests.tools.registry_files import write_crowded

from goldenpath.local.demo import sample
from goldenpath.registries import catalogue, hygiene, platform_git, request, retirement, review
from goldenpath.registries.aws.ecr import EcrImage
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.hygiene import EnvironmentReport, RegistryReport
from goldenpath.registries.images import lifecycle
from goldenpath.registries.images.lifecycle import LifecycleImage
from goldenpath.registries.merge import entries
from goldenpath.registries.terraform import plan_json
from goldenpath.registries.unregistered import AccountReport, RepositoryOrigin, UnregisteredRepository

ROOT = Path(__file__).resolve().parents[2]
TODAY = dt.date(2026, 11, 28)
NOW = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
_REGISTRIES = (1, 10, 100, 300, 1_000)


def _crowded(count: int, folder: Path) -> tuple[Path, str]:
    write_crowded(folder, count)
    path = ecr_tf.path_of(folder, "dev")
    return path, path.read_text()


def _requested(count: int, folder: Path) -> Work:
    path, text = _crowded(count, folder)
    wanted = {"environment": "dev", "name": "one-more", "owner": "team", "risk": "low", "requester": "", "domain": ""}
    asked = request.parse_request(wanted)
    return lambda: ecr_tf.with_request(text, asked, path)


def _deprecated(count: int, folder: Path) -> Work:
    path, text = _crowded(count, folder)
    last = ecr_tf.parse(text, "dev", path)[-1]
    return lambda: retirement.with_deprecation(text, last, TODAY, path)


def _taken_out(count: int, folder: Path) -> Work:
    path, text = _crowded(count, folder)
    last = ecr_tf.parse(text, "dev", path)[-1]
    return lambda: ecr_tf.without_entry(text, last.name, path)


def _catalogue(count: int, folder: Path) -> Work:
    _crowded(count, folder)
    module = folder / "modules" / "aws_ecr"
    module.mkdir(parents=True)
    (module / "risk.tf").write_bytes((ROOT / "modules" / "aws_ecr" / "risk.tf").read_bytes())
    return lambda: catalogue.write(folder)


def _images(count: int) -> tuple[EcrImage, ...]:
    return tuple(
        EcrImage(
            f"sha256:{number:064x}", (f"dev-{number:07x}",) if number % 3 else (), 1, NOW - dt.timedelta(days=number)
        )
        for number in range(count)
    )


_POLICY = json.dumps({
    "rules": [
        {"rulePriority": 1, "selection": {"tagStatus": "tagged", "tagPatternList": ["prod-*"],
                                          "countType": "imageCountMoreThan", "countNumber": 90}},
        {"rulePriority": 2, "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed",
                                          "countNumber": 7}},
        {"rulePriority": 3, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 20}},
    ]
})  # fmt: skip


def _lifecycle(count: int, _: Path) -> Work:
    rules = lifecycle.parse_lifecycle(_POLICY)
    stored = [
        LifecycleImage(image.digest, frozenset(image.tags), (NOW - image.pushed).days) for image in _images(count)
    ]
    return lambda: lifecycle.expired_images(rules, stored)


def _hygiene(count: int, folder: Path) -> Work:
    path, text = _crowded(count, folder)
    registries, rules, images = ecr_tf.parse(text, "dev", path), lifecycle.parse_lifecycle(_POLICY), _images(30)
    scans = {image.digest: {"CRITICAL": 1} for image in hygiene.scannable(images)}

    def work() -> None:
        seen = tuple(
            hygiene.with_image_counts(RegistryReport(registry, ("no owner",)), images, scans, rules, NOW)
            for registry in registries
        )
        strays = tuple(
            UnregisteredRepository(f"stray-{number}", f"uri/stray-{number}", RepositoryOrigin.UNKNOWN)
            for number in range(count)
        )
        hygiene.report([EnvironmentReport("dev", seen, AccountReport(strays))])

    return work


def _plan(count: int) -> bytes:
    """Return the plan of one registry, as Terraform tells it in an environment of `count`."""
    address = 'module.ecr_repositories["app-{:04}"].aws_ecr_repository.this'
    state = [
        {"address": address.format(number), "type": "aws_ecr_repository", "mode": "managed",
         "values": {"name": f"app-{number:04}", "tags": {"owner": "team"}}}
        for number in range(count)
    ]  # fmt: skip
    changed = {"actions": ["create"], "before": None, "after": {"name": "one-more", "tags": {"owner": "team"}}}
    quiet = {"actions": ["no-op"], "before": {}, "after": {}}
    changes = [{"address": resource["address"], "type": resource["type"], "change": quiet} for resource in state]
    changes.append({"address": address.replace("{:04}", "x"), "type": "aws_ecr_repository", "change": changed})
    return json.dumps({
        "format_version": "1.2", "terraform_version": "1.11.4", "configuration": {"root_module": {}},
        "planned_values": {"root_module": {"resources": state}}, "prior_state": {"values": {"root_module": {
            "resources": state}}}, "resource_changes": changes, "variables": {},
    }).encode()  # fmt: skip


def _reviewed(count: int, _: Path) -> Work:
    raw = _plan(count)

    def work() -> None:
        plan = plan_json.parse_plan(raw)
        record = review.PlanRecord.of(plan, "dev", "app-x", "octocat")
        body = review.description(
            record, plan, "a line\n" * 20 * count, review.PullRequestText("Create", {"owner": "team"})
        )
        review.read_record(body).require(plan)
        review.require_plan_shown(record, plan, body)

    return work


def _merged(count: int, folder: Path) -> Work:
    """Compare two commits, the second of which has one registry less."""
    path, text = _crowded(count, folder)
    sample.git(folder, "init", "--quiet", "--initial-branch=main")
    sample.commit(folder, "All")
    path.write_text(ecr_tf.without_entry(text, ecr_tf.parse(text, "dev", path)[-1].name, path))
    sample.commit(folder, "One less")
    before, after = (platform_git.resolve(folder, name) for name in ("HEAD^", "HEAD"))

    def work() -> None:
        entries.require_nothing_else(folder, entries.changed_entries(folder, before, after), before, after)

    return work


CASES = (
    Case("registries-request", "registries", "a registry is written into `ecr.tf`", "registries", _REGISTRIES,
         _requested),
    Case("registries-deprecate", "registries", "a registry is deprecated in `ecr.tf`", "registries", _REGISTRIES,
         _deprecated),
    Case("registries-remove", "registries", "a registry is taken out of `ecr.tf`", "registries", _REGISTRIES,
         _taken_out),
    Case("registries-catalogue", "registries", "the catalogue", "registries", _REGISTRIES, _catalogue),
    Case("registries-hygiene", "registries", "the hygiene report, 30 images each", "registries", _REGISTRIES,
         _hygiene),
    Case("registries-review", "registries", "a plan is described, recorded and compared", "registries", _REGISTRIES,
         _reviewed),
    Case("registries-merged", "registries", "what a merge changed", "registries", _REGISTRIES, _merged),
    Case("registries-lifecycle", "registries", "what a lifecycle policy expires", "images", (10, 100, 1_000, 10_000),
         _lifecycle),
)  # fmt: skip
