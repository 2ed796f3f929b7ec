"""The WordPress example goes through the real pipeline, on a stand-in base image; test_demo does so with hello-web."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.tools import command
from tests.tools.command import ROOT, Command

from goldenpath.delivery.builds import dockerfiles
from goldenpath.delivery.model.finding import Gate
from goldenpath.local.demo import sample
from goldenpath.local.images import base_images

if TYPE_CHECKING:
    from goldenpath.delivery.model.work_folder import WorkFolder
    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools

# What the image must be seen to hold: of its language, and of its system.
HOLDS = ("php-cli", "libc6")


def test_the_wordpress_example_is_built_checked_and_released(
    goldenpath: Command, emulator: Local, repository: str, work: WorkFolder, tmp_path: Path
) -> None:
    source = sample.repository(ROOT / "examples" / "wordpress", tmp_path / "app", "https://github.com/team/app.git")
    bases = base_images.stand_ins(dockerfiles.base_names((source / "Dockerfile").read_text()), print)
    assert bases
    contexts = "\n".join(f"{image}={context}" for image, context in bases.items())
    goldenpath.run(
        "deliver", "--environment=dev", f"--ecr-repository={repository}", f"--source={source}",
        f"--work-dir={work.path}", f"--build-contexts={contexts}",
    ).ok()  # fmt: skip
    named = command.digests(work)
    assert named == dict.fromkeys(named, emulator.tags(repository)["latest"])
    inventory = work.cyclonedx.read_text().lower()
    assert [each for each in HOLDS if f'"name": "{each}"' not in inventory.replace('":"', '": "')] == []
    assert int(work.read_verdict(Gate.TRIVY).seen["linux/amd64"].split()[0]) > 50
