"""Resolve base images to digests before the build, and allow the build no other image.

BuildKit itself lists the images that it needs. Reasons and costs: docs/adr/0026-base-images.md.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from goldenpath.delivery.builds import base_facts, buildx
from goldenpath.delivery.model import evidence, frontend, image_origins, layer_inputs, llb
from goldenpath.delivery.model.base_image import IN_A_FOLDER, BaseImage
from goldenpath.delivery.model.image_origins import ImageOrigins
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.model.private_base import FetchedBases
from goldenpath.shared import codec
from goldenpath.shared.errors import BadInput, BaseRefused, BuildFailed, CandidateChanged, EvidenceMismatch
from goldenpath.shared.oci import BASE_DIGEST, BASE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from goldenpath.delivery.builds.builder import Builder
    from goldenpath.delivery.builds.buildx import BuildOrder
    from goldenpath.delivery.model.layer_inputs import LayerInputs
    from goldenpath.delivery.model.work_folder import WorkFolder
    from goldenpath.delivery.rules.matrix import Environment
    from goldenpath.shared.names import Platform

_NOT_LISTED = "The base images of this build cannot be listed: its frontend or its BuildKit does not support it"


@dataclass(frozen=True)
class Bases:
    """The base `images` of a build, and the `order` whose labels name its base.

    `sources` is the file with BuildKit's rules that allow no other image. Where the images cannot be listed, `images`
    and `sources` are `None`, and `warnings` say so. Where they are known, `origins` names for each platform of the
    order the base image and the steps that bring its layers, and `inputs` the inputs of each layer that the build adds.
    """

    order: BuildOrder
    images: tuple[BaseImage, ...] | None
    sources: Path | None = None
    warnings: tuple[str, ...] = ()
    origins: tuple[ImageOrigins | None, ...] = ()
    inputs: tuple[tuple[LayerInputs, ...], ...] = ()


def fetched(work: WorkFolder) -> FetchedBases:
    """Return the images that were fetched into `work`, each checked; none where no job fetched any.

    Raises `EvidenceMismatch` when one is not what the job that fetched it reported.
    """
    if not work.has(work.bases):
        return FetchedBases({})
    bases = work.read_bases()
    for name, digest in bases.images.items():
        try:
            Layout(work.base_layout(digest)).require_whole(digest)
        except CandidateChanged as error:
            raise EvidenceMismatch(
                f"The base image {name} is not the one that was fetched", why=error.what, fix=evidence.RUN_AGAIN
            ) from error
    return bases


def with_fetched(order: BuildOrder, work: WorkFolder, fetched: FetchedBases) -> BuildOrder:
    """Return `order` with each image that was fetched into `work` in the place of the one that the Dockerfile names.

    Raises `BadInput` when the app sets a build context with the same name.
    """
    taken = {name for name, _ in order.build_contexts}
    if twice := [name for name in fetched.images if name in taken]:
        raise BadInput(
            f"{twice[0]} is in `build_contexts` and in `private_bases`",
            why="The build would start from one of them, and the record would name the other",
            fix="Remove it from one of the two",
        )
    layouts = tuple(
        (name, f"{IN_A_FOLDER}{work.base_layout(digest)}@{digest}") for name, digest in fetched.images.items()
    )
    return replace(order, build_contexts=(*order.build_contexts, *layouts))


def resolved(
    chosen: Builder,
    order: BuildOrder,
    frontends: tuple[str, ...],
    rules: Environment,
    folder: Path,
    fetched: Mapping[BaseImage, BaseImage] | None = None,
) -> Bases:
    """Return the base images of `order` by digest, and write the rules that allow the build no others into `folder`.

    `frontends` are the images that read its Dockerfile. Base images that another job `fetched` are in a folder; they
    count as images of their registry. Raises `BaseRefused` when an image is from a registry that the environment does
    not allow, and `BuildFailed` when one cannot be read.
    """
    # BuildKit itself lists the images that it needs: a parser of ours would one day read a Dockerfile differently
    # (docs/adr/0026-base-images.md).
    per_platform = [_graph(chosen, replace(order, platforms=single)) for single in _single(order)]
    graphs = [graph for graph in per_platform if graph is not None]
    # A list of some platforms is no list: the record would say that the others have no base image.
    if len(graphs) < len(per_platform):
        return _unknown(order, rules)
    listed = [llb.images(graph) for graph in graphs]
    named = _by_name(chosen, order, {name for used in listed for name in used.names}, folder)
    known = {name: _of_registry(image, fetched or {}) for name, image in named.items()}
    images = tuple(dict.fromkeys(known.values()))
    require_allowed(images, rules)
    origins = tuple(_origins(used, known) for used in listed)
    labels = _labels({known[used.base] if used.base else None for used in listed}, set(origins))
    file = folder / "sources.json"
    codec.write(file, source_policy(images, frontends))
    inputs = tuple(known_inputs for graph in graphs if (known_inputs := layer_inputs.of(graph)) is not None)
    return Bases(replace(order, labels={**order.labels, **labels}), images, file, origins=origins, inputs=inputs)


def require_allowed(images: tuple[BaseImage, ...] | None, rules: Environment) -> None:
    """Raise `BaseRefused` when one of the base `images` of a candidate is not allowed, or the list is unknown."""
    allowed = rules.base_registries
    if allowed is None:
        return
    if images is None:
        raise _refused(_NOT_LISTED, rules, "Build with the platform's own BuildKit and the frontend inside it")
    if refused := [image for image in images if not image.is_from(allowed)]:
        names = ", ".join(image.name for image in refused)
        verb = "is a base image" if len(refused) == 1 else "are base images"
        raise _refused(f"{names} {verb} that {rules.name} does not allow", rules, "Use a copy of it in one of them")


def joined(lists: Iterable[tuple[BaseImage, ...] | None]) -> tuple[BaseImage, ...] | None:
    """Return the base images of an image of several platforms; `None` where those of one are not known."""
    known: list[BaseImage] = []
    for images in lists:
        if images is None:
            return None
        known += images
    return base_facts.joined(known)


def source_policy(images: Sequence[BaseImage], frontends: Iterable[str] = ()) -> dict[str, Any]:
    """Return BuildKit's rules for a build: no image but `images`, each by its digest, and those of its `frontends`.

    A name with two digests stands for neither: where the Dockerfile writes it without a digest, the build is refused.
    """
    # BuildKit takes the last rule that matches, so this one is for all that no later rule allows.
    rules: list[dict[str, Any]] = [{"action": "DENY", "selector": {"identifier": f"{llb.IMAGE}*"}}]
    # A frontend was checked by its repository; BuildKit resolves its tag.
    repositories = [frontend.parse(reference).repository for reference in frontends]
    rules += [
        {"action": "ALLOW", "selector": {"identifier": f"{llb.IMAGE}{name}{end}"}}
        for name in repositories
        for end in (":*", "@*")
    ]
    names = Counter(image.name for image in images)
    for image in images:
        pinned = f"{llb.IMAGE}{image.reference}"
        named = {"identifier": f"{llb.IMAGE}{image.name}", "matchType": "EXACT"}
        rules.append({"action": "ALLOW", "selector": {"identifier": pinned, "matchType": "EXACT"}})
        # The tag may move while the build runs. This rule converts it to the digest that was checked.
        if names[image.name] == 1:
            rules.append({"action": "CONVERT", "selector": named, "updates": {"identifier": pinned}})
    return {"version": 1, "rules": rules}


def _single(order: BuildOrder) -> list[tuple[Platform, ...]]:
    """Return each platform of `order` by itself: a build graph is of one platform only."""
    return [(platform,) for platform in order.platforms] or [()]


def _graph(chosen: Builder, order: BuildOrder) -> llb.Graph | None:
    text = buildx.graph(chosen, order)
    if text is None:
        return None
    try:
        return llb.read(text)
    except ValueError as error:
        raise BuildFailed(
            "The list of base images cannot be read",
            why=f"BuildKit {chosen.version or 'of an unknown version'} returned something else: {error}",
            fix="Build with the platform's own BuildKit: unset BUILDX_BUILDER and GOLDENPATH_BUILDKIT",
        ) from error


def _of_registry(image: BaseImage, fetched: Mapping[BaseImage, BaseImage]) -> BaseImage:
    if not image.name.startswith(IN_A_FOLDER):
        return image
    return fetched.get(BaseImage(image.name.removeprefix(IN_A_FOLDER), image.digest), image)


def _unknown(order: BuildOrder, rules: Environment) -> Bases:
    require_allowed(None, rules)
    return Bases(order, None, warnings=(f"{_NOT_LISTED}. The record of this image has no base images",))


def _by_name(chosen: Builder, order: BuildOrder, names: set[str], folder: Path) -> dict[str, BaseImage]:
    """Return for each of `names` its image; BuildKit looks up the digest of a name that has none."""
    known = {name: llb.parse(name) for name in sorted(names)}
    if missing := [name for name, image in known.items() if image is None]:
        known |= _looked_up(chosen, order, missing, folder)
    if unresolved := [name for name, image in known.items() if image is None]:
        raise BuildFailed(
            f"The digest of the base image {unresolved[0]} cannot be found",
            why=f"The builder {chosen.name} knows it by its name only",
            fix="Push it to a registry, and name it there",
        )
    return {name: image for name, image in known.items() if image is not None}


def _looked_up(chosen: Builder, order: BuildOrder, names: list[str], folder: Path) -> dict[str, BaseImage | None]:
    """Let BuildKit resolve the digests of `names`: it looks up the image of a named context only when it builds."""
    lines = ["FROM scratch", *(f"COPY --from={name} / /{number}/" for number, name in enumerate(names))]
    # Our own request would not use the same logins, mirrors and proxies as the build.
    dockerfile = folder / "named-contexts" / "Dockerfile"
    codec.write_bytes(dockerfile, "\n".join(lines).encode())
    plain = replace(
        order, context=dockerfile.parent, dockerfile=dockerfile, build_args=(), build_contexts=(), target=""
    )
    graph = _graph(chosen, replace(plain, platforms=_single(order)[0]))
    images = [llb.parse(name) for name in llb.images(graph).names] if graph else []
    by_name = {image.name: image for image in images if image is not None}
    return {name: by_name.get(name) for name in names}


def _origins(images: llb.Images, known: Mapping[str, BaseImage]) -> ImageOrigins | None:
    if images.steps is None:
        return None
    return ImageOrigins(known[images.base].name if images.base else "", images.steps, images.line)


def _labels(bases: set[BaseImage | None], origins: set[ImageOrigins | None]) -> dict[str, str]:
    """Return the labels that name the base image of all platforms and the steps that added the other layers."""
    if bases == {None}:
        return {}
    base = bases.pop() if len(bases) == 1 else None
    # Users of the image read this label to find its base image. A folder of a runner does not help them.
    if base is None or base.is_in_a_folder:
        return image_origins.label(None)
    steps = image_origins.label(origins.pop() if len(origins) == 1 else None)
    return {BASE_NAME: base.name, BASE_DIGEST: base.digest, **steps}


def _refused(what: str, rules: Environment, fix: str) -> BaseRefused:
    return BaseRefused(
        what,
        why=f"For {rules.name} the platform allows base images from {', '.join(rules.base_registries or ())} only",
        fix=f"{fix}, or ask the platform team to list the registry under `base_registries` (docs/policy.md)",
    )
