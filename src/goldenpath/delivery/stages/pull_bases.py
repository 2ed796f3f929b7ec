"""pull-bases: fetch base images from private registries, in a job that runs no code of the app."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from goldenpath.delivery.model import inputs, job_inputs, stage_requests
from goldenpath.delivery.model.private_base import FetchedBases
from goldenpath.delivery.model.stage_requests import BasesRequest
from goldenpath.delivery.registry import oci_pull
from goldenpath.delivery.release import private_bases
from goldenpath.delivery.stage import EVIDENCE_OUTPUT, Outcome, Run, Stage
from goldenpath.shared import codec
from goldenpath.shared.errors import BadInput

if TYPE_CHECKING:
    from goldenpath.delivery.model.private_base import PrivateBase
    from goldenpath.shared.names import Digest


def run(run: Run) -> Outcome:
    """Fetch each image whole into a layout of the work folder, and record which digest its name had."""
    work = run.work
    work.forget(work.bases)
    shutil.rmtree(work.base_layouts, ignore_errors=True)
    request = stage_requests.of(BasesRequest, run.request)
    images = {base.written: _fetched(run, request, base) for base in request.private_bases}
    codec.write(work.bases, FetchedBases(images))
    return Outcome(sentence=f"fetched {', '.join(f'{name} ({digest[:19]}…)' for name, digest in images.items())}")


def _fetched(run: Run, request: BasesRequest, base: PrivateBase) -> Digest:
    run.say(f"fetching {base.written}")
    with private_bases.open_repository(base, request, run.runner) as registry:
        stored = registry.manifest(base.reference)
        if stored is None:
            raise BadInput(
                f"{base.written} does not exist",
                why=f"The repository {base.repository} has no {base.reference}",
                fix="Correct the name in the Dockerfile and in `private_bases`, or push the image"
                + ("; one that ECR has archived must be restored first" if base.ecr else ""),
            )
        folder = run.work.base_layout(stored.digest)
        if not folder.exists():
            oci_pull.pull(registry, stored, folder)
    return stored.digest


STAGE = Stage(
    name="pull-bases",
    help="Fetch base images from private registries, for a build that has no credentials for them.",
    inputs=(
        inputs.ENVIRONMENT, inputs.SOURCE, job_inputs.PRIVATE_BASES, inputs.ROLE_ARN, inputs.AUDIENCE,
        job_inputs.BASES_LOGINS, inputs.WORK_DIR,
    ),
    outputs=EVIDENCE_OUTPUT,
    run=run,
)  # fmt: skip
