"""From a request to a repository: real Terraform, its state and lock in an S3 emulator, ECR as the emulator has it."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.environments import WITH_REGISTRIES
from tests.terraform_provider import world as worlds
from tests.tools.terraform_fmt import formatted

from goldenpath.cli import goldenpath
from goldenpath.delivery.release import binding
from goldenpath.registries import compliance, review
from goldenpath.registries.aws.ecr import PlatformEcr
from goldenpath.registries.config import ecr_tf, hcl_edit
from goldenpath.registries.images import lifecycle
from goldenpath.registries.images.lifecycle import LifecycleImage
from goldenpath.registries.request import parse_request
from goldenpath.registries.terraform import locks, planning, plans, program
from goldenpath.registries.terraform.program import Terraform
from goldenpath.shared import process
from goldenpath.shared.errors import (
    PlanDrifted,
    PlanUnexpected,
    RegistryUnknown,
    StateLocked,
    TerraformFailed,
    ToolMissing,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.terraform_provider.world import World

pytestmark = pytest.mark.tools
MANIFEST = json.dumps({
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 2, "digest": "sha256:" + "0" * 64},
    "layers": [],
})  # fmt: skip


@pytest.fixture
def world(terraform_world: World) -> World:
    terraform_world.forget()
    return terraform_world


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return worlds.checkout(tmp_path)


def asked(checkout: Path, name: str = "my-app", risk: str = "medium", environment: str = "dev") -> None:
    fields = {"environment": environment, "name": name, "owner": "team-web", "risk": risk}
    assert ecr_tf.add(checkout, parse_request(fields))


def made(world: World, checkout: Path, name: str = "my-app", environment: str = "dev") -> None:
    place = world.workspace(checkout, environment)
    planning.apply(place, name, plans.plan_digest(planning.plan(place, name), environment))


def names(world: World, region: str = worlds.REGION) -> list[str]:
    found = world.client("ecr", region).describe_repositories()["repositories"]
    return sorted(each["repositoryName"] for each in found)


@pytest.mark.parametrize("environment", WITH_REGISTRIES)
def test_a_requested_registry_comes_to_be_in_its_environment_and_alone(
    world: World, checkout: Path, environment: str
) -> None:
    asked(checkout, environment=environment)
    made(world, checkout, environment=environment)
    assert names(world) == ["my-app"]
    keys = [each["Key"] for each in world.client("s3").list_objects_v2(Bucket=worlds.BUCKET)["Contents"]]
    assert keys == [f"envs/{environment}/terraform.tfstate"]


@pytest.mark.parametrize("risk", ["low", "medium", "high"])
def test_ecr_says_what_the_risk_brings(world: World, checkout: Path, risk: str) -> None:
    asked(checkout, risk=risk)
    made(world, checkout)
    ecr = world.client("ecr")
    found = ecr.describe_repositories(repositoryNames=["my-app"])["repositories"][0]
    brought = {str(key): value for key, value in ecr_tf.load_controls(checkout).items()}[risk]
    assert found["imageTagMutability"] == brought.mutability
    assert found["encryptionConfiguration"]["encryptionType"] == brought.encryption
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}
    policy = json.loads(ecr.get_lifecycle_policy(repositoryName="my-app")["lifecyclePolicyText"])
    # Untagged images and caches go by age; signatures and what is in use stay, all of them.
    assert {rule["selection"]["countNumber"] for rule in policy["rules"]} == {7, 30, 100000, brought.keep}
    tags = {tag["Key"]: tag["Value"] for tag in ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]}
    assert tags == {
        "goldenpath.idp/id": "REGISTRY_MY_APP",
        "goldenpath.idp/owner": "team-web",
        "goldenpath.idp/risk": risk,
        "goldenpath.idp/environment": "dev",
        "goldenpath.idp/managed-by": "terraform",
    }


def test_a_registry_of_before_is_given_its_environment_by_an_ordinary_plan(world: World, checkout: Path) -> None:
    asked(checkout)
    made(world, checkout)
    registry = ecr_tf.find(checkout, "dev", "my-app")
    brought, reader = ecr_tf.load_controls(checkout)[registry.risk], PlatformEcr(world.variables)
    arn = world.client("ecr").describe_repositories()["repositories"][0]["repositoryArn"]
    world.client("ecr").untag_resource(resourceArn=arn, tagKeys=[binding.TAG])
    assert compliance.deviations(registry, brought, reader.describe("my-app")) == (
        "tag goldenpath.idp/environment is missing, not dev",
    )
    found = planning.plan(world.workspace(checkout), "my-app")
    assert "| tags: goldenpath.idp/environment = dev |" in review.changes_table(found)
    planning.apply(world.workspace(checkout), "my-app", plans.plan_digest(found, "dev"))
    assert compliance.deviations(registry, brought, reader.describe("my-app")) == ()


def test_a_release_in_use_outlives_any_number_of_dev_builds(world: World, checkout: Path) -> None:
    asked(checkout, risk="low")
    made(world, checkout)
    policy = world.client("ecr").get_lifecycle_policy(repositoryName="my-app")["lifecyclePolicyText"]
    release = LifecycleImage("release", frozenset({"a1b2c3d", "dev-a1b2c3d", "prod-a1b2c3d"}), days=300)
    builds = [
        LifecycleImage(f"build-{day}", frozenset({f"{day:07x}", f"dev-{day:07x}"}), days=day) for day in range(200)
    ]
    signatures = [LifecycleImage(f"signature of {one.digest}", frozenset({f"sha256-{index:064x}.sig"}), days=one.days)
                  for index, one in enumerate([release, *builds])]  # fmt: skip
    gone = lifecycle.expired_images(lifecycle.parse_lifecycle(policy), [release, *builds, *signatures])
    assert gone == {f"build-{day}": 40 for day in range(20, 200)}


def test_a_second_apply_has_nothing_to_do(world: World, checkout: Path) -> None:
    asked(checkout)
    place = world.workspace(checkout)
    reviewed = plans.plan_digest(planning.plan(place, "my-app"), "dev")
    planning.apply(place, "my-app", reviewed)
    assert planning.apply(place, "my-app", reviewed).changes == ()


def test_the_same_request_planned_elsewhere_has_the_same_digest(world: World, tmp_path: Path) -> None:
    digests = set()
    for copy in ("one", "two"):
        checkout = worlds.checkout(tmp_path / copy)
        asked(checkout)
        digests.add(plans.plan_digest(planning.plan(world.workspace(checkout), "my-app"), "dev"))
    assert len(digests) == 1


def test_an_unknown_target_is_an_error_though_terraform_calls_it_no_changes(world: World, checkout: Path) -> None:
    place = world.workspace(checkout)
    with pytest.raises(RegistryUnknown, match="There is no registry 'nobody' in dev"):
        planning.plan(place, "nobody")
    place.terraform.init({"bucket": worlds.BUCKET, "key": "k", "region": worlds.REGION, "use_path_style": "true"})
    place.work_dir.mkdir(exist_ok=True)
    assert place.terraform.plan(place.saved, plans.target("nobody")).changes == ()


def test_a_plan_that_changed_after_its_review_is_not_applied(world: World, checkout: Path) -> None:
    asked(checkout)
    place = world.workspace(checkout)
    reviewed = plans.plan_digest(planning.plan(place, "my-app"), "dev")
    path = ecr_tf.path_of(checkout, "dev")
    path.write_text(path.read_text().replace('"team-web"', '"team-other"'))
    with pytest.raises(PlanDrifted, match="The plan is not the one that was reviewed"):
        planning.apply(place, "my-app", reviewed)
    assert names(world) == []


def test_a_repository_that_someone_changed_by_hand_is_drift(world: World, checkout: Path) -> None:
    asked(checkout)
    made(world, checkout)
    place = world.workspace(checkout)
    settled = plans.plan_digest(planning.plan(place, "my-app"), "dev")
    world.client("ecr").put_image_scanning_configuration(
        repositoryName="my-app", imageScanningConfiguration={"scanOnPush": False}
    )
    found = planning.plan(place, "my-app")
    repository = 'module.ecr_repositories["my-app"].aws_ecr_repository.this'
    assert [each.address for each in found.drift] == [repository]
    assert [(each.address, each.actions) for each in found.changes] == [(repository, ("update",))]
    with pytest.raises(PlanDrifted, match="changed outside of Terraform") as refused:
        planning.apply(place, "my-app", settled)
    assert repository in refused.value.why


def test_a_change_of_encryption_would_lose_every_image_and_is_refused(world: World, checkout: Path) -> None:
    asked(checkout, risk="medium")
    made(world, checkout)
    path = ecr_tf.path_of(checkout, "dev")
    before, entry, after = path.read_text().partition('"my-app" = {')
    path.write_text(before + entry + after.replace('"medium"', '"high"', 1))
    with pytest.raises(PlanUnexpected, match="every image in it would be lost"):
        planning.plan(world.workspace(checkout), "my-app")


def test_a_held_lock_stops_the_run_and_says_who_holds_it(world: World, checkout: Path) -> None:
    asked(checkout)
    held = {"ID": "1-2-3", "Operation": "OperationTypeApply", "Who": "someone@runner", "Path": "", "Info": "",
            "Version": "1.11.4", "Created": "2026-11-21T04:00:00Z"}  # fmt: skip
    lock = "envs/dev/terraform.tfstate.tflock"
    world.client("s3").put_object(Bucket=worlds.BUCKET, Key=lock, Body=json.dumps(held).encode())
    place = world.workspace(checkout)
    # A plan changes nothing, and takes no lock.
    reviewed = plans.plan_digest(planning.plan(place, "my-app"), "dev")
    with pytest.raises(StateLocked, match="state is locked by another run") as refused:
        planning.apply(place, "my-app", reviewed)
    assert "someone@runner" in refused.value.why
    world.client("s3").delete_object(Bucket=worlds.BUCKET, Key=lock)
    assert planning.apply(place, "my-app", reviewed).changes


def test_an_ephemeral_build_has_a_state_of_its_own(world: World, checkout: Path) -> None:
    path = checkout / "envs" / "dev" / "terraform.tfvars"
    path.write_text('environment = "dev"\nbuild_id = "21-11-26-01"\ncluster_lifecycle = "ephemeral"\n')
    made(world, checkout, "hello-web")
    keys = [each["Key"] for each in world.client("s3").list_objects_v2(Bucket=worlds.BUCKET)["Contents"]]
    assert keys == ["envs/dev/builds/21-11-26-01/terraform.tfstate"]


def test_an_apply_that_failed_half_way_converges_when_run_again(world: World, checkout: Path) -> None:
    asked(checkout)
    place = world.workspace(checkout)
    first = planning.plan(place, "my-app")
    ecr = world.client("ecr")
    ecr.create_repository(repositoryName="my-app")
    with pytest.raises(TerraformFailed, match="terraform apply failed") as refused:
        place.terraform.apply(place.saved)
    assert "already exists" in refused.value.why
    ecr.delete_repository(repositoryName="my-app")
    planning.apply(place, "my-app", plans.plan_digest(first, "dev"))
    assert names(world) == ["my-app"]


def test_a_deprecated_registry_refuses_pushes_by_its_policy(world: World, checkout: Path) -> None:
    asked(checkout)
    made(world, checkout)
    path = ecr_tf.path_of(checkout, "dev")
    leaving = {"deprecated_since": "2026-11-21", "remove_after": "2026-12-21"}
    path.write_text(hcl_edit.with_fields(path.read_text(), ecr_tf.BLOCK, ecr_tf.MAP, "my-app", leaving))
    made(world, checkout)
    policy = json.loads(world.client("ecr").get_repository_policy(repositoryName="my-app")["policyText"])
    assert [(each["Effect"], each["Principal"]) for each in policy["Statement"]] == [("Deny", "*")]


def test_a_registry_that_left_the_file_is_removed_by_a_reviewed_plan(world: World, checkout: Path) -> None:
    asked(checkout)
    made(world, checkout)
    made(world, checkout, "hello-web")
    place = world.workspace(checkout)
    with pytest.raises(PlanUnexpected, match=r"my-app is still described in envs/dev/ecr\.tf"):
        planning.plan(place, "my-app", removal=True)
    path = ecr_tf.path_of(checkout, "dev")
    path.write_text(hcl_edit.without_entry(path.read_text(), ecr_tf.BLOCK, ecr_tf.MAP, "my-app"))
    shown = planning.plan(place, "my-app", removal=True)
    assert {each.actions for each in shown.changes} == {("delete",)}
    planning.apply(place, "my-app", plans.plan_digest(shown, "dev"), removal=True)
    assert names(world) == ["hello-web"]


def test_a_repository_that_holds_images_is_not_destroyed_by_a_removal(world: World, checkout: Path) -> None:
    asked(checkout)
    made(world, checkout)
    world.client("ecr").put_image(repositoryName="my-app", imageManifest=MANIFEST, imageTag="a1b2c3d")
    path = ecr_tf.path_of(checkout, "dev")
    path.write_text(hcl_edit.without_entry(path.read_text(), ecr_tf.BLOCK, ecr_tf.MAP, "my-app"))
    place = world.workspace(checkout)
    digest = plans.plan_digest(planning.plan(place, "my-app", removal=True), "dev")
    with pytest.raises(TerraformFailed) as refused:
        planning.apply(place, "my-app", digest, removal=True)
    assert "RepositoryNotEmptyException" in refused.value.why
    assert names(world) == ["my-app"]


def test_a_bucket_that_is_not_there_is_told_as_terraform_tells_it(world: World, checkout: Path) -> None:
    asked(checkout)
    world.client("s3").delete_bucket(Bucket=worlds.BUCKET)
    with pytest.raises(TerraformFailed) as refused:
        planning.plan(world.workspace(checkout), "my-app")
    assert "S3 bucket" in refused.value.why


def test_a_machine_without_terraform_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="no-terraform cannot be started"):
        Terraform(tmp_path, tmp_path / "work", program="no-terraform").init({})


def test_our_rendering_is_what_terraform_writes(world: World, checkout: Path) -> None:
    for name in ("zz-last", "a0", "team/nested.name", "my-app"):
        asked(checkout, name)
    text = ecr_tf.path_of(checkout, "dev").read_text()
    assert formatted(text) == text


def random_entries(seed: int) -> dict[str, dict[str, str]]:
    chance = random.Random(seed)  # noqa: S311  a reproducible sample, no secret
    words = ["a", "id", "a-long-name", "${x}", "%{y}", '"', "\\", "é", "x y", "#", "/*", "}"]
    return {
        f"app-{chance.randrange(99)}": {field: chance.choice(words) for field in ("id", "owner", "a_long_field")}
        for _ in range(8)
    }


@pytest.mark.parametrize("seed", range(8))
def test_terraform_reads_and_formats_random_entries_as_we_do(tmp_path: Path, seed: int) -> None:
    text, wanted = "locals {\n  # Ours.\n  ecr_repositories = {}\n}\n", random_entries(seed)
    for name, fields in wanted.items():
        text = hcl_edit.with_entry(text, ecr_tf.BLOCK, ecr_tf.MAP, name, fields)
    (tmp_path / "ecr.tf").write_text(text)
    assert formatted(text) == text
    asked_for = b"jsonencode(local.ecr_repositories)\n"
    done = process.run(program.find_program(), "console", cwd=tmp_path, stdin=asked_for, timeout=60)
    assert json.loads(json.loads(done.stdout)) == wanted


def test_nothing_is_left_in_the_checkout_and_the_locks_stay_as_they_are(world: World, checkout: Path) -> None:
    made(world, checkout, "hello-web")
    left = [
        path for path in (checkout / "envs").rglob(".*") if path.name not in {".gitignore", locks.PROVIDER_LOCK_FILE}
    ]
    assert left == []
    for path in (checkout / "envs").rglob(locks.PROVIDER_LOCK_FILE):
        assert path.read_bytes() == (worlds.ROOT / path.relative_to(checkout)).read_bytes()


def test_the_digest_that_plan_prints_is_the_one_that_apply_takes(
    world: World, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in world.variables.items():
        monkeypatch.setenv(name, value)
    words = [f"--checkout={checkout}", f"--work-dir={checkout}/work", f"--state-bucket={worlds.BUCKET}"]
    chosen = ["--environment=dev", "--name=hello-web"]
    shown = CliRunner().invoke(goldenpath, ["registry", "plan", *words, *chosen], catch_exceptions=False).output
    assert 'create               module.ecr_repositories["hello-web"].aws_ecr_repository.this\n' in shown
    digest = shown.partition("digest: ")[2].strip()
    done = CliRunner().invoke(
        goldenpath, ["registry", "apply", *words, *chosen, f"--digest={digest}"], catch_exceptions=False
    )
    assert "hello-web: applied; changes: 2" in done.output
    again = CliRunner().invoke(
        goldenpath, ["registry", "apply", *words, *chosen, f"--digest={digest}"], catch_exceptions=False
    )
    assert "hello-web: nothing was to do" in again.output


def test_state_and_registry_are_in_the_region_that_was_asked_for(
    world: World, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {**world.variables, "AWS_REGION": "us-east-1"}
    with worlds.stand_in(variables) as reattach:
        for name, value in {**variables, "TF_REATTACH_PROVIDERS": reattach}.items():
            monkeypatch.setenv(name, value)
        words = [f"--checkout={checkout}", f"--work-dir={checkout}/work", f"--state-bucket={worlds.BUCKET}",
                 "--environment=dev", "--name=hello-web"]  # fmt: skip
        shown = CliRunner().invoke(goldenpath, ["registry", "plan", *words], catch_exceptions=False).output
        digest = f"--digest={shown.partition('digest: ')[2].strip()}"
        CliRunner().invoke(goldenpath, ["registry", "apply", *words, digest], catch_exceptions=False)
    assert names(world) == []
    assert names(world, "us-east-1") == ["hello-web"]
