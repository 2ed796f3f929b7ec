"""rescan: scan a released image again, with today's vulnerability database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import structs

from goldenpath.delivery.builds import base_notes
from goldenpath.delivery.model import inputs
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.image_origins import labelled_base
from goldenpath.delivery.registry import public_registry
from goldenpath.delivery.release.revision import revision_of
from goldenpath.delivery.running import gate, released_image
from goldenpath.delivery.scanners import image_inspection
from goldenpath.delivery.stage import Outcome, Run, Stage
from goldenpath.shared.errors import BadInput, GateBlocked
from goldenpath.shared.parallel import alongside
from goldenpath.shared.shown_text import as_markdown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.delivery.model.base_image import BaseImage
    from goldenpath.delivery.model.finding import Findings
    from goldenpath.delivery.model.layout import Layout
    from goldenpath.delivery.release.access import EcrConnection
    from goldenpath.shared.errors import GoldenPathError
    from goldenpath.shared.names import Tag

NAMED_AT_MOST = 5


def run(run: Run) -> Outcome:
    """Fetch the released image and decide on it again, by the environment's rules. Nothing in the registry changes."""
    gate.forget(run, Gate.TRIVY)
    with released_image.open_to_read(run) as connection:
        tag, *earlier = (run.request.released_tag,) if run.request.released_tag else newest_first(run, connection)
        archived = () if run.request.released_tag else archived_releases(run, connection)
        stored = released_image.named(connection, tag)
        run.say(f"fetching {connection.info.uri}:{tag}")
        layout = released_image.pulled(run, connection, stored)
    with alongside() as second:
        bases = second.start(current_bases, layout)
        report = noted(image_inspection.inspect(run, layout), bases.result(), revision_of(stored))
    category = f"rescan/{run.environment.name}/{connection.info.name}"
    outcome = gate.conclude(run, report, category=category, dockerfile=run.dockerfile)
    about = f"{connection.info.name}:{tag}, released from commit {revision_of(stored)[:7] or 'unknown'}"
    return replace(
        outcome,
        sentence=f"{about}: {outcome.sentence}",
        outputs={**outcome.outputs, "image_ref": f"{connection.info.uri}@{stored.digest}", "released_tag": tag},
        stop=exposed(run, about, outcome.stop) if outcome.stop else None,
        summary=f"\n```\n{connection.info.uri}@{stored.digest}\n```\n{_unbound(connection)}{outcome.summary}"
        f"{not_scanned(earlier)}{not_pullable(archived)}",
    )


def current_bases(layout: Layout) -> tuple[BaseImage, ...]:
    """Return the base images that the labels in `layout` name, each with the digest that its tag names today."""
    named = dict.fromkeys(labelled_base(layout.config(image)) for image in layout.images())
    return tuple(structs.replace(base, newest=public_registry.newest(base)) for base in named if base)


def noted(report: Findings, bases: tuple[BaseImage, ...], commit: str) -> Findings:
    """Return `report` with notes on its base images, and on the Dockerfile that it names lines of."""
    report = base_notes.noted(report, bases)
    if not any(finding.origin and finding.origin.line for finding in report.findings):
        return report
    which = f"lines of the Dockerfile are those of the commit {commit[:7] or 'that the image was built from'}"
    return structs.replace(report, notes=(*report.notes, which))


def _unbound(connection: EcrConnection) -> str:
    return f"\n- {as_markdown(connection.unbound)}\n" if connection.unbound else ""


def not_scanned(earlier: Sequence[Tag]) -> str:
    """Return, as Markdown, which earlier releases were not scanned. One of them may run, and ECR cannot say which.

    The last release decides which one is the newest. So a green page has to say what it is about.
    """
    if not earlier:
        return ""
    hint = "Only the newest release was scanned. If an earlier one runs, name it with `released_tag`"
    return f"\n{hint}: {_named(earlier)}.\n"


def not_pullable(archived: Sequence[Tag]) -> str:
    """Return, as Markdown, which releases are archived; nobody can pull them, and the newest may be one of them."""
    if not archived:
        return ""
    return f"\nECR has archived these releases, which cannot be scanned until they are restored: {_named(archived)}.\n"


def _named(tags: Sequence[Tag]) -> str:
    more = f" and {len(tags) - NAMED_AT_MOST} more" if len(tags) > NAMED_AT_MOST else ""
    return ", ".join(f"`{tag}`" for tag in tags[:NAMED_AT_MOST]) + more


def archived_releases(run: Run, connection: EcrConnection) -> tuple[Tag, ...]:
    """Return the tags of the archived releases to the environment, in the order of their names."""
    archive = connection.ecr.archive(connection.info.name)
    return tuple(sorted(tag for tag in archive.tags if tag.startswith(f"{run.environment.name}-")))


def newest_first(run: Run, connection: EcrConnection) -> tuple[Tag, ...]:
    """Return a tag of each release to the environment, the newest first. Raises `BadInput` when there was none."""
    tags = released_image.releases(run, connection)
    if not tags:
        raise BadInput(
            f"{connection.info.name} has no image that was released to {run.environment.name}",
            why=f"None of its tags begins with `{run.environment.name}-`",
            fix="Release to this environment first, or name what to scan with `released_tag`",
        )
    return tags


def exposed(run: Run, about: str, blocked: GoldenPathError) -> GateBlocked:
    """Return the error for an image that is already released, with the way to replace it."""
    return GateBlocked(
        f"{about}, is in {run.environment.name} and would not be released today",
        why=blocked.why,
        fix="Fix the findings as described above and deliver again (a newer base image fixes most of them), or request "
        "an exception (docs/policy.md of the platform)",
    )


STAGE = Stage(
    name="rescan",
    help="Scan a released image with today's database and decide by the environment's rules. Changes nothing.",
    inputs=(
        inputs.ENVIRONMENT, inputs.SOURCE, inputs.ECR_REPOSITORY, inputs.RELEASED_TAG, inputs.DOCKERFILE_PATH,
        inputs.AWS_REGION, inputs.ROLE_ARN, inputs.REGISTRY_ACCOUNT, inputs.ALLOWED_ACCOUNT_IDS, inputs.AUDIENCE,
        inputs.WORK_DIR,
    ),
    outputs={
        "image_ref": "The image that was scanned, by digest.",
        "released_tag": "The tag by which the image was chosen.",
        **gate.GATE_OUTPUTS,
    },
    run=run,
    gate=Gate.TRIVY,
)  # fmt: skip
