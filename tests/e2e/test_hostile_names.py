"""What a stranger wrote travels through the whole workflow: shown, never obeyed. tests/tools tries many more values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e import events, platform_copy
from tests.e2e.delivery_runs import CALLER
from tests.e2e.outcomes import ALL_RAN, assert_nothing_released, assert_released
from tests.tools import apps

if TYPE_CHECKING:
    from goldenpath.local.server import Local
    from tests.e2e.delivery_runs import Deliver
    from tests.tools.apps import App

pytestmark = pytest.mark.e2e

CANARY = "canary"
DISPATCHED = """
name: delivery
on: workflow_dispatch
jobs:
  delivery:
    permissions:
      contents: read
      id-token: write
      security-events: write
      actions: read
    uses: {platform}/.github/workflows/_build-and-release.yml@main
    with:
      environment: dev
      ecr_repository: my-app
{inputs}    secrets: inherit
"""
GIVEN = "      {name}: ${{{{ github.event.inputs.value }}}}\n"
# Those of a group are refused by jobs that do not wait for each other: `preflight` and the first gate, `build`, `scan`.
GROUPS = (("version", "build_context"), ("platforms",), ("trivy_exit_code",))
VALUE = """1$(touch canary)`touch canary`'; touch canary; '"; touch canary; "
::set-output name=image::evil
image=evil
%0A::error::evil"""


@pytest.mark.parametrize("names", GROUPS, ids=" and ".join)
def test_inputs_are_never_executed_and_forge_no_output(
    deliver: Deliver, emulator: Local, app: App, tmp_path: Path, names: tuple[str, ...]
) -> None:
    given = "".join(GIVEN.format(name=name) for name in names)
    app.write(CALLER, DISPATCHED.format(platform=platform_copy.SLUG, inputs=given)).save("Deliver")
    ended = deliver(events.dispatch(app, value=VALUE))
    assert (ended.code, ended.jobs["verdict"]) == (1, "failure"), ended.story
    assert [name for name in names if f"`{name}`: " not in ended.text] == [], ended.text
    assert "evil" not in "".join(ended.outputs("build").values())
    assert not [line for line in ended.log if line.get("command") == "error" and line.get("arg") == "evil"]
    assert_nothing_released(emulator)
    assert not list(tmp_path.rglob(CANARY))


def test_names_of_branches_commits_and_files_are_shown_and_never_obeyed(
    deliver: Deliver, emulator: Local, app: App, tmp_path: Path
) -> None:
    branch = "x$(touch${IFS}canary)"
    app.write(CALLER, DISPATCHED.format(platform=platform_copy.SLUG, inputs=""))
    for name in ("$(touch canary).py", "a\n::set-output name=image::evil.py", "|<img src=x>@team.py"):
        app.write(name, f'TOKEN = "{apps.secret()}"\n')
    app.git("checkout", "--quiet", "-b", branch)
    app.save("$(touch canary)\n\n::set-output name=image::evil")
    ended = deliver(events.dispatch(app, f"refs/heads/{branch}", value="x"))
    assert (ended.code, ended.jobs) == (0, ALL_RAN), ended.story
    assert_released(ended, emulator, app.commit[:7], f"dev-{app.commit[:7]}", "latest")
    assert "evil.py" not in ended.outputs("build").get("image", "")
    whole = ended.summary.partition("## ")[2]
    assert "<img" not in ended.summary
    assert "`src=x>@team.py:1`" in whole
    assert "@team" not in whole.replace("`src=x>@team.py:1`", "")  # code mentions nobody
    assert [level for level, place, _ in ended.annotations if place.startswith("$(touch canary).py")] == ["warning"]
    assert not list(tmp_path.rglob(CANARY))
