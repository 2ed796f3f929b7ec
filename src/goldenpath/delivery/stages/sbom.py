"""sbom: list the packages of the candidate, as SPDX and as CycloneDX."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.image import unpacked_layers
from goldenpath.delivery.model import inputs, stage_requests
from goldenpath.delivery.model.layout import Layout, narrowed
from goldenpath.delivery.model.stage_requests import ImageRequest
from goldenpath.delivery.scanners import result_cache, syft
from goldenpath.delivery.stage import EVIDENCE_OUTPUT, Outcome, Run, Stage
from goldenpath.shared import codec
from goldenpath.shared.errors import CandidateChanged, ScannerFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from goldenpath.delivery.model.layout import LayoutImage
    from goldenpath.delivery.scanners.result_cache import KeptResult
    from goldenpath.delivery.scanners.syft import Sbom
    from goldenpath.shared.toolchain import Program


def run(run: Run) -> Outcome:
    """Take inventory of every platform; the first one's documents have the plain names."""
    return ahead(run)()


def ahead(run: Run) -> Callable[[], Outcome]:
    """Take inventory of every platform, and return the function that writes the documents."""
    run.work.forget(*run.work.path.glob("sbom.*.json"))
    candidate = run.work.read_candidate()
    layout = Layout(run.work.layout)
    layout.require_whole(candidate.digest)
    inventories: dict[str, Sbom] = {}
    for platform, image in layout.by_platform().items():
        run.say(f"taking inventory of {candidate.digest[:19]} for {platform}")
        inventories[platform] = scan(run, layout, image)
    return partial(_written, run, inventories)


def _written(run: Run, inventories: Mapping[str, Sbom]) -> Outcome:
    counted = []
    for number, (platform, inventory) in enumerate(inventories.items()):
        counted.append(f"{inventory.packages} packages for {platform}")
        codec.write_bytes(_named(run.work.spdx, platform, number), inventory.spdx)
        codec.write_bytes(_named(run.work.cyclonedx, platform, number), inventory.cyclonedx)
    return Outcome(
        sentence=f"inventory: {', '.join(counted)}",
        outputs={"spdx": str(run.work.spdx), "cyclonedx": str(run.work.cyclonedx)},
    )


def scan(run: Run, layout: Layout, image: LayoutImage) -> Sbom:
    """Return the inventory of `image`, at a terminal one that was kept.

    Raises `CandidateChanged` when syft looked at anything else.
    """
    program = run.program("syft")
    name = stage_requests.of(ImageRequest, run.request).ecr_repository
    identity = ("syft", program.version, program.sha256, *syft.OUTPUTS, name, image.descriptor.digest)
    with result_cache.of(program).result(*identity) as result:
        inventory = _kept(result) or _scan(run, layout, image, program, name)
        if result and not result.facts:
            documents = dict(zip(syft.OUTPUTS, (inventory.spdx, inventory.cyclonedx), strict=True))
            result.keep({"packages": str(inventory.packages)}, documents)
    if inventory.digest != image.descriptor.digest:
        raise CandidateChanged(
            f"syft took inventory of {inventory.digest}, and the candidate's image is {image.descriptor.digest}",
            fix="Run `goldenpath build` again, then every stage after it",
        )
    return inventory


def _kept(result: KeptResult | None) -> Sbom | None:
    if result is None or not result.facts:
        return None
    try:
        return syft.parse(*((result.folder / output).read_bytes() for output in syft.OUTPUTS))
    except (OSError, ScannerFailed):
        result.forget()
        return None


def _scan(run: Run, layout: Layout, image: LayoutImage, program: Program, name: str) -> Sbom:
    with (
        unpacked_layers.shared_or_own(run.layers) as layers,
        tempfile.TemporaryDirectory(prefix="goldenpath-layout-") as folder,
    ):
        single = narrowed(layout, image, Path(folder), layers.of(layout, image))
        return syft.scan(program, single.path, name)


def _named(path: Path, platform: str, number: int) -> Path:
    if number == 0:
        return path
    return path.with_name(path.name.replace("sbom.", f"sbom.{platform.replace('/', '-')}.", 1))


STAGE = Stage(
    name="sbom",
    help="Take inventory of the candidate with syft: an SPDX and a CycloneDX document.",
    inputs=(inputs.ENVIRONMENT, inputs.SOURCE, inputs.ECR_REPOSITORY, inputs.WORK_DIR, inputs.EVIDENCE),
    outputs={
        "spdx": "Path of the SPDX JSON document.",
        "cyclonedx": "Path of the CycloneDX JSON document.",
        **EVIDENCE_OUTPUT,
    },
    run=run,
    reads_files=True,
    ahead=ahead,
    timed=True,
)
