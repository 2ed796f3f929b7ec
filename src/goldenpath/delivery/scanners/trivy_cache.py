"""Keep trivy's analysis of layers at a terminal. Vulnerabilities are looked up again in every scan.

trivy keeps its analysis of a layer by the layer's diff id, its analyzers and its options (aquasecurity/trivy,
`pkg/cache`). The analysis also depends on trivy itself, on the Java database, on the bytes behind the diff id, and on
whether trivy takes the layer for one of a base image, in which it looks for no secrets. It guesses that from the
instructions that add no layer, and from the layer's place. So all of these are compared here.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.model.image_config import ImageConfig
    from goldenpath.delivery.model.layout import LayoutImage
    from goldenpath.delivery.scanners.result_cache import KeptResult, KeptResults
    from goldenpath.shared.names import Digest

_SCANS, _RULES = "fanal", "rules"
# Characters of an instruction that adds no layer; trivy looks for "CMD" within the first 25.
_INSTRUCTION = 40


@dataclass(frozen=True)
class LayerAnalysis:
    """The folder `cache` in which trivy keeps its analysis, and the layers that it `knows` from there.

    `rules` is the name of trivy's rules for secrets: a part of trivy's own key, and nothing that an image could guess.
    """

    cache: Path
    rules: str
    knows: frozenset[Digest]
    _result: KeptResult = field(repr=False)
    _places: dict[str, str] = field(repr=False)

    def keep(self) -> None:
        """Keep trivy's analysis of every layer so far: its scan ended well."""
        self._result.keep({**self._result.facts, **self._places, _RULES: self.rules})

    def forget(self) -> None:
        """Keep nothing of it: the scan failed."""
        self._result.forget()


@contextmanager
def kept(
    results: KeptResults, cache: Path, image: LayoutImage, config: ImageConfig, depends_on: tuple[str, ...]
) -> Iterator[LayerAnalysis | None]:
    """Give what is kept of earlier scans that `depends_on` the same; `cache` has the databases.

    `None` where nothing can be kept, and where a layer stands elsewhere than in the scan that saw it.
    """
    layers = image.manifest.layers
    if len(layers) != len(config.layers):
        yield None
        return
    diff_ids = dict(zip(config.layers, layers, strict=True))
    places = {diff_id: f"{config.layers.index(diff_id)} {layer.digest}" for diff_id, layer in diff_ids.items()}
    with results.result("trivy", *depends_on, *_instructions(config)) as result:
        if result is None or any(result.facts.get(diff_id, place) != place for diff_id, place in places.items()):
            yield None
            return
        with tempfile.TemporaryDirectory(prefix="goldenpath-trivy-") as name:
            if not _is_linked(Path(name), cache, result.folder / _SCANS):
                yield None
                return
            known = frozenset(layer.digest for diff_id, layer in diff_ids.items() if diff_id in result.facts)
            yield LayerAnalysis(Path(name), result.facts.get(_RULES) or uuid4().hex, known, result, places)


def _is_linked(folder: Path, cache: Path, scans: Path) -> bool:
    """Link the databases of `cache` and the `scans` into `folder`, and tell whether the disk took it."""
    try:
        scans.mkdir(exist_ok=True)
        for linked in (*(path for path in cache.iterdir() if path.name != _SCANS), scans):
            (folder / linked.name).symlink_to(linked)
    except OSError:
        return False
    return True


def _instructions(config: ImageConfig) -> Iterator[str]:
    for step in config.history or ():
        yield step.created_by[:_INSTRUCTION] if step.empty_layer else ""
