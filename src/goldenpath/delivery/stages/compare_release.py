"""compare-release: scan the environment's last release with today's database, to show what a delivery changes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from goldenpath.delivery.model import inputs
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.last_release import LastRelease
from goldenpath.delivery.release import tags
from goldenpath.delivery.running import gate, released_image
from goldenpath.delivery.scanners import image_inspection
from goldenpath.delivery.stage import EVIDENCE_OUTPUT, Outcome, Run, Stage
from goldenpath.shared import codec
from goldenpath.shared.errors import Cancelled, GoldenPathError, ImageArchived
from goldenpath.shared.names import EnvironmentName

if TYPE_CHECKING:
    from goldenpath.delivery.model.layout import Layout
    from goldenpath.delivery.release.access import EcrConnection
    from goldenpath.shared.names import Tag


def run(run: Run) -> Outcome:
    """Fetch and scan the last release into the folder `released`. Whatever is in the way, no delivery fails for it."""
    released = replace(run, work=run.work.released, layers=None)
    shutil.rmtree(released.work.path, ignore_errors=True)  # a release that an earlier run found
    if run.event.is_pull_request or run.event.fork:
        return _without("a pull request is checked, never released, and has no login to the registry")
    try:
        return _compared(released)
    except Cancelled:
        raise
    except ImageArchived as error:
        return _without(error.what)
    except GoldenPathError as error:
        return _failed(error.what, str(error))
    except Exception as error:  # noqa: BLE001  a delivery must not fail for a bug in what only informs
        return _failed("an unexpected error", f"{type(error).__name__}: {error}")
    finally:
        # Its layers may be gigabytes, and nobody needs them after the scan.
        shutil.rmtree(released.work.layout, ignore_errors=True)


def _compared(run: Run) -> Outcome:
    """Return the outcome of the scan; `run` has the folder of the release as its work folder."""
    with released_image.open_to_read(run) as connection:
        newest = next(iter(released_image.releases(run, connection)), None)
        if newest is None:
            return _without(f"{connection.info.name} has no image that was released to {run.environment.name}")
        release, layout = _fetched(run, connection, newest)
    report = image_inspection.inspect(run, layout)
    # The rules decide on it as on a candidate: `report build --released` reads the same files of a re-scan.
    gate.conclude(run, report, category=f"rescan/{run.environment.name}", dockerfile=run.dockerfile)
    run.work.forget(run.work.sarif(Gate.TRIVY))
    codec.write(run.work.release, release)
    count = "1 finding" if len(report.findings) == 1 else f"{len(report.findings)} findings"
    sentence = f"{run.environment.name}'s last release {release.tag} ({release.digest[:19]}) has {count} today"
    return Outcome(sentence, {"released_tag": newest, "released_digest": release.digest})


def _fetched(run: Run, connection: EcrConnection, newest: Tag) -> tuple[LastRelease, Layout]:
    name = connection.info.name
    stored = released_image.named(connection, newest)
    image = connection.ecr.pushed_image(name, stored.digest)
    release = LastRelease(
        EnvironmentName(run.environment.name), stored.digest, tags.readable(image.tags, newest), image.pushed_at
    )
    run.say(f"fetching {connection.info.uri}:{newest}, to compare with it")
    return release, released_image.pulled(run, connection, stored)


def _failed(reason: str, text: str) -> Outcome:
    warning = f"The last release could not be compared, which changes nothing else. {text}"
    return replace(_without(reason), warnings=(warning,))


def _without(reason: str) -> Outcome:
    return Outcome(f"not compared with a release: {reason}", {"released_tag": "", "released_digest": ""})


STAGE = Stage(
    name="compare-release",
    help="Scan the environment's last release with today's database, for what is new, known and gone since then.",
    inputs=(
        inputs.ENVIRONMENT, inputs.SOURCE, inputs.ECR_REPOSITORY, inputs.DOCKERFILE_PATH, inputs.AWS_REGION,
        inputs.ROLE_ARN, inputs.REGISTRY_ACCOUNT, inputs.ALLOWED_ACCOUNT_IDS, inputs.AUDIENCE, inputs.WORK_DIR,
    ),
    outputs={
        "released_tag": "The tag by which the last release was found; empty where none could be scanned.",
        "released_digest": "Its digest.",
        **EVIDENCE_OUTPUT,
    },
    run=run,
)  # fmt: skip
