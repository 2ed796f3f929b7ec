"""Tags of registries that somebody else adds: which they are by the configuration, and that they are left alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.terraform_provider import world as worlds

from goldenpath.registries.terraform import planning, plans, program
from goldenpath.shared import process
from goldenpath.shared.errors import PlanDrifted

if TYPE_CHECKING:
    from pathlib import Path

    from tests.terraform_provider.world import World

pytestmark = pytest.mark.tools
OURS = ("goldenpath.idp/", "goldenpath.idp/owner", "goldenpath.idp/managed-by", "goldenpath.idp/m", "goldenpath.idp/x")
FOREIGN = ("CreatedBy", "auto:x", "g", "gold", "goldenpath.com/x", "goldenpath.idp", "G", "_x", "+", "1", "team/x")


def test_each_tag_without_our_prefix_is_foreign_and_none_with_it(tmp_path: Path) -> None:
    text = (worlds.ROOT / "envs/dev/main.tf").read_text()
    (tmp_path / "main.tf").write_text(text[text.index("locals {") : text.index("# The region is")])
    keys = next(line.partition("=")[2] for line in text.splitlines() if line.strip().startswith("keys "))
    asked = f"jsonencode([local.foreign_tags, {keys.strip()}])\n".encode()
    done = process.run(program.find_program(), "console", cwd=tmp_path, stdin=asked, timeout=60)
    prefixes, whole = json.loads(json.loads(done.stdout))
    ignored = {key for key in (*OURS, *FOREIGN) if key in whole or key.startswith(tuple(prefixes))}
    assert ignored == set(FOREIGN)


def test_tags_that_an_auto_tagger_added_stay_and_ours_are_put_right(terraform_world: World, tmp_path: Path) -> None:
    terraform_world.forget()
    place, ecr = terraform_world.workspace(worlds.checkout(tmp_path)), terraform_world.client("ecr")
    reviewed = plans.plan_digest(planning.plan(place, "hello-web"), "dev")
    planning.apply(place, "hello-web", reviewed)
    arn = ecr.describe_repositories()["repositories"][0]["repositoryArn"]

    def tags() -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in ecr.list_tags_for_resource(resourceArn=arn)["tags"]}

    before = tags()
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "CreatedBy", "Value": "an auto-tagger"}])
    settled = planning.plan(place, "hello-web")
    assert (settled.changes, settled.drift) == ((), ())
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "goldenpath.idp/owner", "Value": "team-x"}])
    found = planning.plan(place, "hello-web")
    with pytest.raises(PlanDrifted, match="changed outside of Terraform"):
        plans.require_reviewed(found, "dev", reviewed)
    planning.apply(place, "hello-web", plans.plan_digest(found, "dev"))
    assert tags() == {**before, "CreatedBy": "an auto-tagger"}
