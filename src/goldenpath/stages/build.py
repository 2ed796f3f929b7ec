"""build: one candidate from the checkout, as an OCI image layout with one digest."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from goldenpath.errors import BuildFailed, SourceUnusable
from goldenpath.model import codec, inputs
from goldenpath.model.candidate import Candidate, PlatformImage
from goldenpath.model.layout import Layout
from goldenpath.model.verdict import Mode
from goldenpath.release.revision import REVISION
from goldenpath.stages import bases, build_secrets, frontends, joining, missing_bases, pull_bases
from goldenpath.stages.base import EVIDENCE_OUTPUT, Outcome, Run, Stage
from goldenpath.stages.gitleaks_gate import require_checkout
from goldenpath.stages.joining import Built
from goldenpath.tools import builder, buildx, checkout, git

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.tools.builder import Builder
    from goldenpath.tools.buildx import Order

_NAMED_AT_MOST = 3


def run(run: Run) -> Outcome:
    """Make the candidate in the work folder; one of an earlier run is gone before this one begins."""
    request, work = run.request, run.work
    work.refuse_inside(request.build_context)
    work.forget(work.candidate)
    require_checkout(run)
    require_dockerfile(request.source, request.build_context, request.dockerfile_path)
    warnings = warn_of_changes(run)
    checked_out = checkout.read(request.source, run.event.commit)
    try:
        shutil.rmtree(work.layout, ignore_errors=True)
        work.layout.mkdir(parents=True)
        order = _order(run)
        built = (
            joining.join(run, request.candidates, order, checked_out.digest)
            if request.candidates
            else build(run, order)
        )
    except OSError as error:
        raise codec.disk_trouble(error, work.layout) from error
    described = describe(run, Layout(work.layout), order, built.by)
    candidate = replace(described, checkout=checked_out.digest, frontends=built.frontends, bases=built.bases)
    codec.write(work.candidate, candidate)
    names = ", ".join(image.platform for image in candidate.platforms)
    done = "joined" if request.candidates else "built"
    return Outcome(
        sentence=f"{done} {candidate.digest} for {names}, {candidate.size / 1e6:.1f} MB",
        warnings=(*warnings, *built.warnings),
        outputs={
            "digest": candidate.digest,
            "platforms": ",".join(each.platform for each in candidate.platforms),
            "handover": "\n".join(map(str, handover(run))),
        },
    )


def handover(run: Run) -> Iterator[Path]:
    """Yield each file and folder that the jobs after this one need and that no job before it handed over.

    Of a candidate that was joined that is the index: the jobs of its platforms handed over the images.
    """
    layout = Layout(run.work.layout)
    if run.request.candidates:
        yield from (layout.path / "oci-layout", layout.path / "index.json", layout.blob(layout.root().digest))
    else:
        yield layout.path
    yield run.work.candidate


def require_dockerfile(source: Path, context: Path, dockerfile: Path) -> None:
    """Raise `BuildFailed` when there is nothing to build; where a Dockerfile lies elsewhere, say so."""
    if not context.is_dir():
        raise BuildFailed(
            f"the build context {context} is not a folder",
            fix="name one, relative to the repository, with `build_context` (--build-context)",
        )
    if not dockerfile.is_file():
        there = [name for name in git.tracked(source) if name.rpartition("/")[2] == "Dockerfile"]
        raise BuildFailed(
            f"there is no Dockerfile at {dockerfile}",
            why=f"the repository has {', '.join(there[:_NAMED_AT_MOST])}" if there else "",
            fix="write one, or say where it is, relative to the repository, with `dockerfile_path` (--dockerfile-path)",
        )


def warn_of_changes(run: Run) -> tuple[str, ...]:
    """Return a warning for tracked files that differ from the commit: what is built would not be what was scanned.

    Raises `SourceUnusable` instead where a gate blocks.
    """
    changed = git.changed(run.request.source)
    if not changed:
        return ()
    what = f"{len(changed)} tracked files differ from the commit {run.event.commit.short}: {', '.join(changed[:5])}"
    if Mode.BLOCKING in run.environment.modes.values():
        raise SourceUnusable(
            what, why="the image would hold what no gate has seen", fix="commit them, or take the changes back"
        )
    return (what,)


def build(run: Run, order: Order) -> Built:
    """Build the candidate.

    Raises `FrontendRefused` and `BaseRefused`, and `SecretInImage` when it holds a secret of its build.
    """
    with (
        build_secrets.collected(run) as given,
        tempfile.TemporaryDirectory(prefix="goldenpath-dockerfile-") as folder,
    ):
        # What another job fetched is believed only where its evidence says so (docs/adr/0026-base-images.md).
        work = run.work.believing(run.request.evidence) if run.runner.in_actions else run.work
        fetched = pull_bases.fetched(work)
        order = build_secrets.ordered(bases.with_fetched(order, work, fetched), given)
        settled = frontends.settled(run, order, Path(folder))
        # At a terminal the next build is quicker by what this one leaves; a workflow run leaves nothing to another one.
        keep = not run.runner.in_actions
        program = run.program("buildx")
        with builder.provide(program, run.say, frontends=run.environment.frontends, keep=keep) as chosen:
            run.say(f"building {order.dockerfile.name} with {chosen.description}")
            with build_secrets.explaining(run, given), missing_bases.explaining(run):
                found = bases.resolved(
                    chosen, settled.order, settled.images, run.environment, Path(folder), fetched.records
                )
                for each in found.images or ():
                    run.say(f"base image {each.reference}")
                buildx.build_layout(chosen, found.order, run.work.layout, sources=found.sources)
            unsearched = build_secrets.require_absent(given, Layout(run.work.layout))
    other = () if chosen.is_pinned else (_other_version(chosen),)
    warnings = (*given.warnings, *unsearched, *settled.warnings, *found.warnings, *other)
    return Built(chosen.description, settled.images, found.images, warnings)


def _other_version(chosen: Builder) -> str:
    return (
        f"BuildKit {chosen.version or 'of an unknown version'} built the image, as this machine is configured; runners "
        f"and other machines build with {builder.pinned_version()}, and may get another digest for the same commit"
    )


def describe(run: Run, layout: Layout, order: Order, builder: str) -> Candidate:
    """Return the record of what is in `layout`, every byte of it checked."""
    layout.verify()
    root = layout.root()
    return Candidate(
        digest=root.digest,
        media_type=root.media_type,
        platforms=tuple(
            PlatformImage(
                platform=layout.platform(image),
                digest=image.descriptor.digest,
                config=image.manifest.config.digest,
                layers=len(image.manifest.layers),
                size=sum(layer.size for layer in image.manifest.layers),
            )
            for image in layout.images()
        ),
        size=sum(each.size for each in layout.descriptors()),
        commit=run.event.commit,
        source=run.event.source_url,
        version=_version(run),
        created=order.labels["org.opencontainers.image.created"],
        builder=builder,
    )


def _order(run: Run) -> Order:
    request, event = run.request, run.event
    epoch = git.commit_time(request.source, event.commit)
    return buildx.Order(
        context=request.build_context,
        dockerfile=request.dockerfile_path,
        epoch=epoch,
        labels={
            REVISION: event.commit,
            "org.opencontainers.image.source": event.source_url,
            # The commit's time, not the clock's: the same commit gives the same bytes.
            "org.opencontainers.image.created": datetime.fromtimestamp(epoch, UTC).isoformat(),
            "org.opencontainers.image.version": _version(run),
        },
        annotations={REVISION: event.commit},
        build_args=request.build_args,
        build_contexts=request.build_contexts,
        target=request.target,
        platforms=request.platforms,
    )


def _version(run: Run) -> str:
    return str(run.request.version or run.event.release_version or "")


STAGE = Stage(
    name="build",
    help="Build the image with BuildKit into an OCI image layout: the candidate that is scanned and released.",
    inputs=(
        inputs.ENVIRONMENT, inputs.SOURCE, inputs.BUILD_CONTEXT, inputs.DOCKERFILE_PATH, inputs.BUILD_ARGS,
        inputs.BUILD_CONTEXTS, inputs.BUILD_SECRETS, inputs.SECRET, inputs.BUILD_SSH_KEY, inputs.SSH, inputs.TARGET,
        inputs.PLATFORMS, inputs.CANDIDATES, inputs.VERSION, inputs.WORK_DIR, inputs.EVIDENCE,
    ),
    outputs={
        "digest": "The candidate's digest, the same in every report and in the registry.",
        "platforms": "The platforms it was built for, separated by commas.",
        "handover": "What later jobs need of the candidate and no earlier job handed over, one path a line.",
        **EVIDENCE_OUTPUT,
    },
    run=run,
)  # fmt: skip
