"""build: build the candidate from the checkout, as an OCI image layout with one digest."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from goldenpath.delivery.builds import (
    base_facts,
    bases,
    build_cache,
    build_failures,
    build_secrets,
    builder,
    buildx,
    context_artifact,
    dockerfiles,
    frontends,
    incomplete_source,
    joining,
)
from goldenpath.delivery.builds.artifact_files import placed
from goldenpath.delivery.builds.joining import BuildResult, normal
from goldenpath.delivery.checkout import checkout, checkout_changes, whole_checkout
from goldenpath.delivery.layers import rewrite
from goldenpath.delivery.model import image_layers, inputs
from goldenpath.delivery.model.candidate import Candidate, PlatformImage
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.registry import sdk_preload
from goldenpath.delivery.release.release_tags import version_of
from goldenpath.delivery.stage import EVIDENCE_OUTPUT, Outcome, Run, Stage
from goldenpath.shared import codec, git, oci
from goldenpath.shared.errors import BuildFailed, SourceUnusable
from goldenpath.shared.oci import REVISION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.builds.builder import Builder
    from goldenpath.delivery.builds.buildx import BuildOrder
    from goldenpath.delivery.builds.context_artifact import Addition
    from goldenpath.delivery.checkout.checkout import Checkout

_NAMED_AT_MOST = 3


def run(run: Run) -> Outcome:
    """Make the candidate in the work folder, after the candidate of an earlier run is removed."""
    request, work = run.request, run.work
    work.refuse_inside(request.build_context)
    work.forget(work.candidate)
    whole_checkout.require_checkout(request.source, run.event.commit, run.say)
    require_dockerfile(request.source, request.build_context, request.dockerfile_path)
    with context_artifact.opened(run) as added:
        return _made(run, added)


def _made(run: Run, added: Addition) -> Outcome:
    """Make the candidate of the commit and of the files that are `added` to it."""
    request, work = run.request, run.work
    checked_out = checkout.read(request.source, run.event.commit)
    missing = () if request.candidates else incomplete_source.require(run, checked_out)
    context_artifact.require_sent(run, added)
    warnings = (*warn_of_changes(run, checked_out), *missing)
    try:
        shutil.rmtree(work.layout, ignore_errors=True)
        work.layout.mkdir(parents=True)
        order = _order(run)
        built = (
            joining.join(run, request.candidates, order, checked_out.digest, added)
            if request.candidates
            else build(run, order, added)
        )
    except OSError as error:
        raise codec.disk_trouble(error, work.layout) from error
    described = describe(run, Layout(work.layout), order, built)
    candidate = replace(
        described,
        checkout=checked_out.digest,
        frontends=built.frontends,
        bases=built.bases,
        context_artifact=added.record,
        cache=built.cache,
    )
    codec.write(work.candidate, candidate)
    names = ", ".join(image.platform for image in candidate.platforms)
    done = "joined" if request.candidates else "built"
    return Outcome(
        sentence=f"{done} {candidate.digest} for {names}, {candidate.size / 1e6:.1f} MB{added.sentence_end}",
        warnings=(*warnings, *built.warnings),
        outputs={
            "digest": candidate.digest,
            "platforms": ",".join(image.platform for image in candidate.platforms),
            "handover": "\n".join(map(str, handover(run))),
            "build_cache_digest": built.cache_written,
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
    """Raise `BuildFailed` when there is no Dockerfile; the error names Dockerfiles in other places."""
    if not context.is_dir():
        raise BuildFailed(
            f"The build context {context} is not a folder",
            fix="Name one, relative to the repository, with `build_context` (--build-context)",
        )
    if not dockerfile.is_file():
        others = dockerfiles.candidates(git.tracked(source))
        raise BuildFailed(
            f"There is no Dockerfile at {dockerfile}",
            why=f"The repository has {', '.join(others[:_NAMED_AT_MOST])}" if others else "",
            fix="Write one, or say where it is, relative to the repository, with `dockerfile_path` (--dockerfile-path)",
        )


def warn_of_changes(run: Run, checked_out: Checkout) -> tuple[str, ...]:
    """Return a warning for tracked files that differ from the commit: the build would contain unscanned changes.

    Raises `SourceUnusable` instead where a gate blocks.
    """
    changed = checkout_changes.changed(run.request.source, run.event.commit, checked_out)
    if not changed:
        return ()
    count = "1 tracked file differs" if len(changed) == 1 else f"{len(changed)} tracked files differ"
    what = f"{count} from the commit {run.event.commit.short}: {', '.join(changed[:5])}"
    if run.environment.blocks:
        raise SourceUnusable(what, why="No gate has scanned these changes", fix="Commit the changes, or undo them")
    return (what,)


def build(run: Run, order: BuildOrder, added: Addition) -> BuildResult:
    """Build the candidate, with what is `added` in the build context.

    Raises `FrontendRefused` and `BaseRefused`, and `SecretInImage` when it holds a secret of its build.
    """
    with (
        build_secrets.collected(run) as given,
        tempfile.TemporaryDirectory(prefix="goldenpath-dockerfile-") as folder,
    ):
        # What another job fetched is believed only where its evidence says so (docs/adr/0026-base-images.md).
        work = run.work.believing(run.request.evidence) if run.runner.in_actions else run.work
        fetched = bases.fetched(work)
        written, order = order, build_secrets.with_secrets(bases.with_fetched(order, work, fetched), given)
        settled = frontends.choose(run, order, Path(folder))
        # At a terminal the next build is quicker by what this one leaves; a workflow run leaves nothing to another one.
        keep = not run.runner.in_actions
        program = run.program("buildx")
        with builder.provide(program, run.say, frontends=run.environment.frontends, keep=keep) as chosen:
            run.say(f"building {order.dockerfile.name} with {chosen.description}")
            cache = build_cache.planned(run, chosen, given, private_bases=bool(fetched.images))
            with build_failures.explaining(run, given):
                resolved = bases.resolved(
                    chosen, settled.order, settled.images, run.environment, Path(folder), fetched.records
                )
                for image in resolved.images or ():
                    run.say(f"base image {image.reference}")
                with (
                    placed(added.files, added.root),
                    base_facts.looking_up(run, resolved.images, written, fetched) as learned,
                ):
                    undated = rewrite.export(run, chosen, resolved, added, cache.options)
                    images = learned.images()
            unsearched = build_secrets.require_absent(given, Layout(run.work.layout))
    other = () if chosen.is_pinned else (_other_version(chosen),)
    warnings = (
        *given.warnings,
        *unsearched,
        *settled.warnings,
        *resolved.warnings,
        *learned.warnings,
        *other,
        *undated,
    )
    origins = dict(zip(map(normal, order.platforms or ("",)), resolved.origins, strict=False))
    return BuildResult(chosen.description, settled.images, images, warnings, origins, cache.used, cache.written())


def _other_version(chosen: Builder) -> str:
    return (
        f"BuildKit {chosen.version or 'of an unknown version'} built the image, as this machine is configured; runners "
        f"and other machines build with {builder.pinned_version()}, and may get another digest for the same commit"
    )


def describe(run: Run, layout: Layout, order: BuildOrder, built: BuildResult) -> Candidate:
    """Return the record of the image in `layout`. Raises `BuildFailed` for an empty image."""
    root = layout.root()
    require_layers(layout, order)
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
                origins=built.origins_of(layout.platform(image)),
                content=image_layers.of_image(layout, image, built.origins_of(layout.platform(image))),
            )
            for image in layout.images()
        ),
        size=sum(descriptor.size for descriptor in layout.descriptors()),
        commit=run.event.commit,
        source=run.event.source_url,
        version=_version(run),
        created=order.labels[oci.CREATED],
        builder=built.by,
        ecr_repository=run.request.ecr_repository or "",
    )


def require_layers(layout: Layout, order: BuildOrder) -> None:
    """Raise `BuildFailed` for an image without layers: ECR stores none."""
    for image in layout.images():
        if not image.manifest.layers:
            raise BuildFailed(
                "The image is empty: it has no layers",
                why=f"No instruction of the Dockerfile adds a file for {layout.platform(image)}, and "
                "Amazon ECR does not store such an image",
                fix=f"Add a COPY, ADD or RUN instruction to {order.dockerfile.name}, or name the stage to build with "
                "`target` (--target)",
            )


def _order(run: Run) -> BuildOrder:
    request, event = run.request, run.event
    epoch = git.commit_time(request.source, event.commit)
    return buildx.BuildOrder(
        context=request.build_context,
        dockerfile=request.dockerfile_path,
        epoch=epoch,
        tells_epoch=buildx.EPOCH.encode() in request.dockerfile_path.read_bytes(),
        labels=labels_of(run, epoch),
        annotations={REVISION: event.commit},
        build_args=request.build_args,
        build_contexts=request.build_contexts,
        target=request.target,
        platforms=request.platforms,
    )


def labels_of(run: Run, epoch: int) -> dict[str, str]:
    """Return the labels of the image; an empty one would replace what the Dockerfile itself says, so it is left out."""
    known = {
        oci.REVISION: run.event.commit,
        oci.SOURCE: run.event.source_url,
        # The commit's time, not the clock's: the same commit gives the same bytes.
        oci.CREATED: datetime.fromtimestamp(epoch, UTC).isoformat(),
        oci.VERSION: _version(run),
    }
    return {name: text for name, text in known.items() if text}


def _version(run: Run) -> str:
    return str(version_of(run) or "")


STAGE = Stage(
    name="build",
    help="Build the image with BuildKit into an OCI image layout: the candidate that is scanned and released.",
    inputs=(
        inputs.ENVIRONMENT, inputs.SOURCE, inputs.BUILD_CONTEXT, inputs.DOCKERFILE_PATH, inputs.BUILD_ARGS,
        inputs.BUILD_CONTEXTS, inputs.CONTEXT_ARTIFACT, inputs.CONTEXT_ARTIFACT_FOLDER, inputs.CONTEXT_ARTIFACT_ID,
        inputs.CONTEXT_ARTIFACT_DIGEST, inputs.BUILD_SECRETS, inputs.SECRET, inputs.BUILD_SSH_KEY, inputs.SSH,
        inputs.TARGET, inputs.PLATFORMS, inputs.CANDIDATES, inputs.VERSION, inputs.WORK_DIR, inputs.EVIDENCE,
        inputs.BUILT_FOR, inputs.BUILD_CACHE, inputs.BUILD_CACHE_KEY,
    ),
    outputs={
        "digest": "The candidate's digest, the same in every report and in the registry.",
        "platforms": "The platforms it was built for, separated by commas.",
        "handover": "The files that later jobs need and no earlier job handed over, one path per line.",
        "build_cache_digest": "Digest of the build cache that this build wrote; empty where it wrote none.",
        **EVIDENCE_OUTPUT,
    },
    run=run,
    preload=sdk_preload.load,
    timed=True,
)  # fmt: skip
