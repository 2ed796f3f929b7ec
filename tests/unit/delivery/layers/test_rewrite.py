"""The layers of a built image are written again, or the build says why they are not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from goldenpath.delivery.builds import buildx
from goldenpath.delivery.builds.bases import Bases
from goldenpath.delivery.builds.buildx import BuildOrder
from goldenpath.delivery.builds.context_artifact import Addition
from goldenpath.delivery.layers import rewrite
from goldenpath.delivery.model.layer_inputs import ContextPath, LayerInputs, LayerKind
from goldenpath.delivery.model.layout import Descriptor, Layout, PlatformFields, write_index
from goldenpath.shared.errors import BuildFailed
from goldenpath.shared.names import Platform
from goldenpath.shared.oci import CONFIG, INDEX, MANIFEST
from goldenpath.shared.runner import Runner
from tests.unit import layout_builder, run_builder
from tests.unit.delivery.builds.test_buildx import REMOTE
from tests.unit.delivery.layers.test_layer_files import NEW, OLD, TIME, tar
from tests.unit.layout_builder import AMD64, ARM64

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

MARK, BASE = "1970-01-02T03:04:05Z", "2025-05-05T05:05:05.123456789Z"
TAR = "application/vnd.oci.image.layer.v1.tar"
COPY = LayerInputs(LayerKind.COPY, frozenset({ContextPath("context", "/a")}), 3)
RUN = LayerInputs(LayerKind.RUN, frozenset(), 2)


def built(folder: Path, *platforms: PlatformFields, media_type: str = TAR, **config: Any) -> Layout:  # noqa: ANN401
    """Write what BuildKit exports: one layer of the base image, one of a RUN and one of a COPY for each platform."""
    images = [_image(folder, platform, media_type, config) for platform in platforms or (AMD64,)]
    if len(images) > 1:
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": images}
        root = layout_builder.store(folder, INDEX, json.dumps(index).encode())
    else:
        root = Descriptor(MANIFEST, images[0]["digest"], images[0]["size"])
    write_index(folder, root)
    return Layout(folder)


def _image(folder: Path, platform: PlatformFields, media_type: str, changes: dict[str, Any]) -> dict[str, Any]:
    contents = [tar((f"{name}-{platform.architecture}", OLD), (name, NEW)) for name in ("base", "run", "copy")]
    stored = [layout_builder.store(folder, media_type, each) for each in contents]
    config = {
        "architecture": platform.architecture, "os": platform.os, "created": MARK,
        "rootfs": {"type": "layers", "diff_ids": [each.digest for each in stored]},
        "history": [
            {"created": BASE}, {"created": MARK, "empty_layer": True, "comment": "buildkit.dockerfile.v0"},
            *({"created": MARK, "comment": "buildkit.dockerfile.v0"} for _ in range(2)),
        ],
    } | changes  # fmt: skip
    described = [{"mediaType": each.media_type, "digest": each.digest, "size": each.size} for each in stored]
    kept = layout_builder.store(folder, CONFIG, json.dumps(config).encode())
    manifest = {
        "schemaVersion": 2, "mediaType": MANIFEST, "layers": described,
        "config": {"mediaType": CONFIG, "digest": kept.digest, "size": kept.size}, "annotations": {"a": "b"},
    }  # fmt: skip
    written = layout_builder.store(folder, MANIFEST, json.dumps(manifest).encode())
    variant = {"variant": platform.variant} if platform.variant else {}
    described_platform = {"architecture": platform.architecture, "os": "linux", **variant}
    return {"mediaType": MANIFEST, "digest": written.digest, "size": written.size, "platform": described_platform}


def times(inputs: Sequence[LayerInputs]) -> list[int]:
    return [TIME + each.line for each in inputs]


def test_each_own_layer_is_written_and_those_of_the_base_image_stay(tmp_path: Path) -> None:
    layout = built(tmp_path)
    (before,) = layout.images()
    assert rewrite.rewrite(layout, {"": (RUN, COPY)}, times, 1_772_359_200)
    (after,) = layout.images()
    layout.verify()
    config = json.loads(layout.blob(after.manifest.config.digest).read_bytes())
    assert after.manifest.layers[0] == before.manifest.layers[0]
    assert [each.media_type for each in after.manifest.layers[1:]] == [f"{TAR}+gzip"] * 2
    assert {path.name for path in (tmp_path / "blobs" / "sha256").iterdir()} == {
        each.digest.hex for each in layout.descriptors()
    }
    created = "2026-03-01T10:00:00Z"
    assert config["created"] == created
    assert [each["created"] for each in config["history"]] == [BASE, created, created, created]
    assert json.loads(layout.blob(after.descriptor.digest).read_bytes())["annotations"] == {"a": "b"}


def test_a_view_can_ask_how_many_layers_are_written(tmp_path: Path) -> None:
    asked: list[Callable[[], str]] = []
    rewrite.rewrite(built(tmp_path), {"": (RUN, COPY)}, times, TIME, watch=asked.append)
    assert asked[0]().startswith("2 of 2 layers, ")


def test_platforms_in_another_order_get_the_times_of_their_own_inputs(tmp_path: Path) -> None:
    layout = built(tmp_path, ARM64, AMD64)
    asked: list[tuple[LayerInputs, ...]] = []

    def remember(inputs: Sequence[LayerInputs]) -> list[int]:
        asked.append(tuple(inputs))
        return times(inputs)

    inputs = {"linux/amd64": (RUN, COPY), "linux/arm64": (RUN, RUN)}
    assert rewrite.rewrite(layout, inputs, remember, TIME)
    layout.verify()
    assert asked == [(RUN, RUN), (RUN, COPY)]
    assert [each.platform for each in layout.listed()] == [ARM64, AMD64]


def test_an_image_that_adds_no_layer_gets_its_time(tmp_path: Path) -> None:
    layout = built(tmp_path, history=[{"created": BASE}] * 3)
    (before,) = layout.images()
    assert rewrite.rewrite(layout, {"": ()}, times, 1_772_359_200)
    (after,) = layout.images()
    layout.verify()
    assert after.manifest.layers == before.manifest.layers
    assert json.loads(layout.blob(after.manifest.config.digest).read_bytes())["created"] == "2026-03-01T10:00:00Z"


@pytest.mark.parametrize(
    ("inputs", "changes"),
    [
        ({"": (RUN,)}, {}),
        ({"": (RUN, COPY)}, {"history": None}),
        ({"": (RUN, COPY)}, {"history": [{"created": MARK, "comment": "another builder"}] * 3}),
        ({"linux/arm64": (RUN, COPY)}, {}),
        ({"": (RUN, COPY)}, {"media_type": f"{TAR}+zstd"}),
    ],
)
def test_layers_that_the_graph_does_not_explain_stay(
    tmp_path: Path, inputs: dict[str, tuple[LayerInputs, ...]], changes: dict[str, Any]
) -> None:
    layout = built(tmp_path, **changes)
    before = layout.root()
    assert not rewrite.rewrite(layout, inputs, times, TIME)
    assert layout.root() == before


def test_a_layer_that_is_not_the_one_that_was_built_fails_the_build(tmp_path: Path) -> None:
    layout = built(tmp_path)
    layer = layout.images()[0].manifest.layers[1]
    layout.blob(layer.digest).write_bytes(tar(("other", OLD)))
    with pytest.raises(BuildFailed) as caught:
        rewrite.rewrite(layout, {"": (RUN, COPY)}, times, TIME)
    assert caught.value.what == f"The layer {layer.digest} that was built cannot be read"
    assert caught.value.why == "Its bytes are not those that BuildKit reported"


@pytest.mark.parametrize(
    ("inputs", "finals"),
    [
        ((), [True]),
        # What the graph tells does not fit the image.
        (((),), [False, True]),
        (((RUN,),), [False, True]),
    ],
)
def test_a_build_whose_layers_have_no_times_of_their_own_says_why(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    inputs: tuple[tuple[LayerInputs, ...], ...],
    finals: list[bool],
) -> None:
    run = run_builder.run(tmp_path, runner=Runner(in_actions=True))
    run.work.layout.mkdir(parents=True)
    builds: list[bool] = []

    def build(_: object, __: object, folder: Path, *, sources: object, cache: object, is_final: bool = False) -> None:
        assert (sources, cache) == (None, ())
        builds.append(is_final)
        built(folder)

    monkeypatch.setattr(buildx, "build_layout", build)
    order = BuildOrder(tmp_path, tmp_path / "Dockerfile", TIME, platforms=(Platform("linux/amd64"),))
    (warning,) = rewrite.export(run, REMOTE, Bases(order, None, inputs=inputs), Addition())
    assert warning == (
        "Every layer of this image gets a new digest with each commit, and each release uploads all of them. "
        "The frontend or the BuildKit of this build does not report which files each layer is made from."
    )
    assert builds == finals
