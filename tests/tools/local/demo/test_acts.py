"""The demo's acts on real programs: what is delivered, what is stopped, and what the registry holds afterwards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.tools.command import ROOT

from goldenpath.delivery.builds import dockerfiles
from goldenpath.delivery.github import code_scanning
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.local import state
from goldenpath.local.control import Seed
from goldenpath.local.demo import acts, demo, refusals
from goldenpath.local.images import base_images
from goldenpath.shared import output, runner
from goldenpath.shared.console import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.tools

APP = ROOT / "examples" / acts.APP


@pytest.fixture
def setup(variables: Mapping[str, str], tmp_path: Path) -> Iterator[acts.DemoSetup]:
    """What the acts need in a workflow run: the demo's own database, and an emulator of their own."""
    run = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": "f" * 40, "RUNNER_TEMP": str(tmp_path / "runner")}
    bases = base_images.stand_ins(dockerfiles.base_names((APP / "Dockerfile").read_text()), print)
    with runner.adopted({**variables, **run}), runner.adopted(demo.terminal_variables()):
        found = state.up(tmp_path / acts.EMULATOR, seed=Seed(repositories=(acts.APP,), roles=(acts.ROLE,)))
        with runner.adopted({**demo.own_database(), **found.environment}):
            yield acts.DemoSetup(APP, tmp_path, bases, found)
        state.down(tmp_path / acts.EMULATOR)


def test_the_app_reaches_prod_and_a_secret_and_a_vulnerable_package_do_not(
    setup: acts.DemoSetup, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_scanning, "_FIRST_PAUSE", 0.01)
    with output.chosen(as_json=True):
        result = acts.play(setup, Progress())
    receipts = [WorkFolder(setup.work(name)).read_receipt() for name in (acts.DEV, acts.PROD)]
    (digest,) = {receipt.digest for receipt in receipts}
    commit = receipts[0].commit[:7]
    assert refusals.Registry(acts.APP, setup.running).images() == {
        digest: tuple(sorted((commit, f"dev-{commit}", f"prod-{commit}", "latest")))
    }
    assert [delivery.ending for delivery in result.deliveries] == ["released", "released", "blocked", "blocked"]
    assert [delivery.image for delivery in result.deliveries[:2]] == [receipt.reference for receipt in receipts]
    assert result.images == refusals.Registry(acts.APP, setup.running).images()
    told = capsys.readouterr().out
    assert re.findall(r"^error\[(.*?)\]: (\w+) blocks the release to prod", told, re.MULTILINE) == [
        ("gate-blocked", "gitleaks"),
        ("gate-blocked", "trivy"),
    ]
    assert "CRITICAL github-pat in hello_web/settings.py:1" in told
    assert "HIGH CVE-2024-34069 in usr/local/lib/" in told
    assert told.rstrip().endswith(f"image   {digest}\n  tags    {commit}, dev-{commit}, latest, prod-{commit}")
    shown = (ROOT / "README.md").read_text().partition(f"```\nStopped before {acts.PROD}\n")[2].partition("```")[0]
    assert [line for line in shown.splitlines() if f"\n{line}\n" not in told] == []
    work = WorkFolder(setup.work(acts.DEV))
    inventory = work.cyclonedx.read_text().replace('":"', '": "')
    assert all(f'"name": "{name}"' in inventory for name in ("jinja2", "libc6"))
    assert int(work.read_verdict(Gate.TRIVY).seen["linux/amd64"].split()[0]) > 50
    assert [attempt.gate for attempt in refusals.ATTEMPTS] == [Gate.GITLEAKS, Gate.TRIVY]
