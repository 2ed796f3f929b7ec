"""At a terminal a layer that an earlier build wrote is used again; whatever is wrong with it, the image is the same."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.builds import buildx
from goldenpath.delivery.builds.bases import Bases
from goldenpath.delivery.builds.buildx import BuildOrder
from goldenpath.delivery.builds.context_artifact import Addition
from goldenpath.delivery.layers import layer_cache, rewrite
from goldenpath.delivery.layers.layer_history import LayerHistory
from goldenpath.delivery.model.build_secrets import BuildSecret
from goldenpath.delivery.model.layout import Layout
from goldenpath.shared import runner
from goldenpath.shared.names import Platform
from goldenpath.shared.runner import Runner
from tests.unit import run_builder
from tests.unit.delivery.builds.test_buildx import REMOTE
from tests.unit.delivery.layers.test_layer_files import TIME
from tests.unit.delivery.layers.test_rewrite import COPY, RUN, built

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from goldenpath.delivery.model.layer_inputs import LayerInputs
    from goldenpath.shared.names import Digest


@dataclass
class Terminal:
    """Builds of one commit on one machine; BuildKit exports a blob only where the layout has none of that name."""

    folder: Path
    times: tuple[int, int] = (TIME, TIME + 1)
    inputs: tuple[LayerInputs, LayerInputs] = (RUN, COPY)
    # How many bytes of layers each export of BuildKit wrote.
    exported: list[int] = field(default_factory=list)

    @property
    def kept(self) -> Path:
        return self.folder / "cache" / "layers"

    @property
    def blobs(self) -> list[Path]:
        return sorted((self.kept / "blobs").iterdir())

    def build(self, *, in_actions: bool = False, secrets: tuple[BuildSecret, ...] = ()) -> Digest:
        run = run_builder.run(self.folder, runner=Runner(in_actions=in_actions))
        shutil.rmtree(run.work.layout, ignore_errors=True)
        run.work.layout.mkdir(parents=True)
        order = BuildOrder(self.folder, self.folder / "Dockerfile", TIME, platforms=(Platform("linux/amd64"),))
        found = Bases(replace(order, secrets=secrets), None, inputs=(self.inputs,))
        assert rewrite.export(run, REMOTE, found, Addition()) == ()
        layout = Layout(run.work.layout)
        layout.verify()
        return layout.root().digest

    def export(self, _: object, __: object, folder: Path, *, sources: object, cache: object) -> None:
        assert (sources, cache) == (None, ())
        whole = built(self.folder / "export")
        new = [each for each in whole.images()[0].manifest.layers if not Layout(folder).blob(each.digest).exists()]
        self.exported.append(sum(each.size for each in new))
        for blob in whole.blobs.iterdir():
            target = Layout(folder).blobs / blob.name
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                blob.rename(target)
        shutil.copy(whole.path / "index.json", folder)
        shutil.rmtree(whole.path)


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    made = Terminal(tmp_path)

    def times(_: LayerHistory, inputs: Sequence[LayerInputs]) -> list[int]:
        return list(made.times[: len(inputs)])

    monkeypatch.setattr(runner, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setattr(buildx, "build_layout", made.export)
    monkeypatch.setattr(LayerHistory, "times", times)
    return made


@pytest.fixture
def cold(terminal: Terminal) -> Digest:
    """The digest of the image in a workflow run, which uses nothing of an earlier build and leaves nothing."""
    digest = terminal.build(in_actions=True)
    assert not terminal.kept.exists()
    terminal.exported.clear()
    return digest


def test_the_second_build_exports_and_writes_no_layer(
    terminal: Terminal, cold: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert terminal.build() == cold
    monkeypatch.setattr("goldenpath.delivery.layers.layer_files.write", None)
    assert terminal.build() == cold
    assert terminal.exported == [30_720, 0]


def test_a_layer_with_another_time_is_exported_after_all_and_once(terminal: Terminal) -> None:
    terminal.build()
    terminal.times = (TIME, TIME + 2)
    changed = terminal.build(in_actions=True)
    terminal.exported.clear()
    assert [terminal.build(), terminal.build()] == [changed, changed]
    assert terminal.exported == [0, 20_480, 0]


def test_what_a_copy_repeats_is_known_without_its_content(terminal: Terminal) -> None:
    terminal.inputs = (COPY, COPY)
    cold = terminal.build(in_actions=True)
    terminal.exported.clear()
    assert [terminal.build(), terminal.build()] == [cold, cold]
    assert terminal.exported == [30_720, 0]


@pytest.mark.parametrize("place", range(3))
def test_a_damaged_layer_means_a_build_without_any(terminal: Terminal, cold: Digest, place: int) -> None:
    terminal.build()
    terminal.blobs[place].write_bytes(b"damaged")
    assert terminal.build() == cold
    assert not (terminal.kept / "blobs").exists()
    assert [terminal.build(), terminal.build()] == [cold, cold]
    assert terminal.exported[-1] == 0


def test_a_layer_that_is_gone_is_written_again(terminal: Terminal, cold: Digest) -> None:
    terminal.build()
    for blob in terminal.blobs:
        blob.unlink()
    assert terminal.build() == cold
    assert len(terminal.blobs) == 3


@pytest.mark.parametrize("damage", [b"", b"x" * 100])
def test_a_damaged_record_is_none(terminal: Terminal, cold: Digest, damage: bytes) -> None:
    terminal.build()
    records = [path for path in (terminal.kept / "made").rglob("*") if path.is_file()]
    assert len(records) == 2
    for path in records:
        path.write_bytes(damage + path.read_bytes()[len(damage) + 1 :])
    assert terminal.build() == cold


def test_another_compressor_writes_every_layer_again(
    terminal: Terminal, cold: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.build()
    monkeypatch.setattr(layer_cache, "_writer", lambda: "another")
    assert terminal.build() == cold
    assert terminal.exported == [30_720, 0, 20_480]


def test_a_folder_that_cannot_be_written_means_a_build_without_it(terminal: Terminal, cold: Digest) -> None:
    terminal.kept.parent.mkdir(parents=True)
    terminal.kept.write_bytes(b"no folder")
    assert terminal.build() == cold


def test_a_folder_that_others_can_write_means_a_build_without_it(terminal: Terminal, cold: Digest) -> None:
    terminal.build()
    terminal.kept.chmod(0o770)
    terminal.exported.clear()
    assert terminal.build() == cold
    assert terminal.exported == [30_720]


def test_what_a_killed_build_left_is_removed(terminal: Terminal) -> None:
    old, new = (terminal.kept / f"build-{each}" for each in ("old", "new"))
    terminal.build()
    for folder in (old, new):
        folder.mkdir()
    os.utime(old, (1, 1))
    terminal.build()
    assert [each.exists() for each in (old, new)] == [False, True]


def test_a_build_with_a_secret_leaves_nothing(terminal: Terminal, cold: Digest) -> None:
    assert terminal.build(secrets=(BuildSecret("token", b"value"),)) == cold
    assert not terminal.kept.exists()


def test_a_workflow_run_uses_nothing_of_an_earlier_build(terminal: Terminal, cold: Digest) -> None:
    terminal.build()
    terminal.exported.clear()
    for blob in terminal.blobs:
        blob.write_bytes(b"planted by an earlier job")
    assert terminal.build(in_actions=True) == cold
    assert terminal.exported == [30_720]


def test_what_was_not_used_for_the_longest_time_goes_first(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal.build()
    old = terminal.blobs
    terminal.times = (TIME, TIME + 2)
    monkeypatch.setattr(layer_cache, "BYTES_AT_MOST", sum(each.stat().st_size for each in old))
    terminal.build()
    # The layer of the earlier time went; those that both builds used stayed.
    assert len(set(old) & set(terminal.blobs)) == 2
    terminal.exported.clear()
    terminal.build()
    assert terminal.exported == [0]
    monkeypatch.setattr(layer_cache, "BYTES_AT_MOST", 0)
    terminal.build()
    assert terminal.blobs == []
    assert list((terminal.kept / "made").iterdir()) == []


def test_the_image_is_no_other_name_of_what_is_kept(terminal: Terminal, cold: Digest) -> None:
    terminal.build()
    layout = Layout(terminal.folder / "work" / "candidate")
    for blob in layout.blobs.iterdir():
        blob.write_bytes(b"changed by somebody")
    assert terminal.build() == cold
    assert terminal.exported[-1] == 0
