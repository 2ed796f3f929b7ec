"""The applies that the campaign of broken applies breaks: what each finds at AWS, and what it is to bring."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.registries.terraform import plans

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.terraform_provider.world import World

NAME = "hello-web"
TODAY = dt.date.today()  # noqa: DTZ011  a day on both sides of midnight is allowed
ENTRY = {"id": '"REGISTRY_HELLO_WEB"', "owner": '"team-web"', "requester": '"octocat"', "domain": '"shop"'}
HIGH = {**ENTRY, "risk": '"high"'}
_DATES = {
    "deprecated_since": f'"{TODAY - dt.timedelta(days=60)}"', "remove_after": f'"{TODAY - dt.timedelta(days=20)}"',
}  # fmt: skip
_NOW = {"deprecated_since": f'"{TODAY}"', "remove_after": f'"{TODAY + dt.timedelta(days=40)}"'}
IMPORTS = "".join(
    f'import {{\n  to = {plans.target(NAME)}.{kind}.this\n  id = "{NAME}"\n}}\n'
    for kind in ("aws_ecr_repository", "aws_ecr_lifecycle_policy")
)


@dataclass(frozen=True)
class Situation:
    """An apply: the fields of the entry `before` and `after` it, where `None` is no entry.

    `by_hand` changes something at AWS in between; with `imports` the state does not know the registry before.
    """

    name: str
    before: dict[str, str] | None
    after: dict[str, str] | None
    by_hand: Callable[[World], object] = lambda _: None
    imports: bool = False


def _unscanned(world: World) -> None:
    world.client("ecr").put_image_scanning_configuration(
        repositoryName=NAME, imageScanningConfiguration={"scanOnPush": False}
    )


SITUATIONS = (
    Situation("create", None, HIGH),
    Situation("change its retention", HIGH, {**HIGH, "retention": "{ keep = 90 }"}),
    Situation(
        "change every setting", HIGH,
        {**HIGH, "owner": '"team-new"', "retention": "{ keep = 90 }", "immutability_exclusions": '["cache-*"]'},
        by_hand=_unscanned,
    ),
    Situation("deprecate", HIGH, {**HIGH, **_NOW}),
    Situation("undeprecate", {**HIGH, **_NOW}, HIGH),
    Situation("remove", {**HIGH, **_DATES}, None),
    Situation("adopt", HIGH, {**HIGH, "owner": '"team-new"'}, imports=True),
)  # fmt: skip
