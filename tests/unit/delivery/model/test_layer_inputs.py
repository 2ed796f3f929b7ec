"""What the layers that a build adds are made from, by the build graph."""

from __future__ import annotations

import json
from typing import Any

import pytest

from goldenpath.delivery.model import layer_inputs, llb
from goldenpath.delivery.model.layer_inputs import ContextPath, LayerInputs, LayerKind
from tests.unit.delivery.model.test_llb import ALL, operation, source


def copies(path: str, *inputs: str, onto: int = 0) -> dict[str, Any]:
    action = {"input": str(onto), "secondaryInput": "1", "copy": {"src": path}}
    return operation("file", {"actions": [action]}, *inputs)


def of(last: str, lines: dict[str, list[int]], **operations: dict[str, Any]) -> tuple[LayerInputs, ...]:
    locations = {
        name: {"locations": [{"ranges": [{"start": {"line": each}, "end": {"line": each}} for each in where]}]}
        for name, where in lines.items()
    }
    used = {each["digest"] for operation in operations.values() for each in operation.get("inputs", ())}
    operations |= {name: each for name, each in SOURCES.items() if name in used}
    graph = {"def": {**operations, "end": {"inputs": [{"digest": last}]}}, "source": {"locations": locations}}
    found = layer_inputs.of(llb.read(json.dumps(graph).encode()))
    assert found is not None
    return found


SOURCES = {"base": source("docker-image://python"), "context": source("local://context"), "docs": source("local://d")}


def in_context(*paths: str) -> frozenset[ContextPath]:
    return frozenset(ContextPath("context", each) for each in paths)


def test_a_copy_is_made_from_what_it_copies_and_a_run_from_all_before_it() -> None:
    found = of(
        "top", {"copy": [2], "run": [3, 4], "top": [5]},
        copy=copies("/a", "base", "context"),
        run=operation("exec", {"mounts": [{"dest": "/"}]}, "copy"),
        top=copies("/b", "run", "context"),
    )  # fmt: skip
    assert found == (
        LayerInputs(LayerKind.COPY, in_context("/a"), 2),
        LayerInputs(LayerKind.RUN, in_context("/a"), 4),
        LayerInputs(LayerKind.COPY, in_context("/b"), 5),
    )


def test_a_copy_from_another_stage_is_made_from_what_that_stage_is_made_from() -> None:
    (found,) = of(
        "top", {"stage": [2], "run": [3], "top": [9]},
        stage=copies("/src", "base", "context"),
        run=operation("exec", {"mounts": [{"dest": "/"}]}, "stage"),
        top=copies("/out", "base", "run"),
    )  # fmt: skip
    assert found == LayerInputs(LayerKind.COPY, in_context("/src"), 9)


@pytest.mark.parametrize(
    ("mount", "read"), [({"selector": "/lock"}, "/lock"), ({}, "/")], ids=["a part of a context", "a whole context"]
)
def test_a_run_is_made_from_what_it_mounts(mount: dict[str, Any], read: str) -> None:
    mounts = [{"dest": "/"}, {"dest": "/m", "input": "1", **mount}]
    (found,) = of("run", {}, run=operation("exec", {"mounts": mounts}, "base", "docs"))
    assert found == LayerInputs(LayerKind.RUN, frozenset({ContextPath("d", read)}), 0)


def test_a_run_on_the_base_image_is_made_from_no_file_of_a_context() -> None:
    (found,) = of("run", {}, run=operation("exec", {"mounts": [{"dest": "/"}]}, "base"))
    assert found == LayerInputs(LayerKind.RUN, frozenset(), 0)


def test_a_linked_copy_does_not_know_the_layers_below_it() -> None:
    kinds = [each.kind for each in of("merge", {}, **{name: each for name, each in ALL.items() if name != "end"})]
    assert kinds == [LayerKind.COPY, LayerKind.RUN, LayerKind.LINKED_COPY]


def test_a_folder_that_is_made_is_no_copy() -> None:
    (found,) = of("made", {}, made=operation("file", {"actions": [{"mkdir": {"path": "/app"}}]}, "base"))
    assert found.kind is LayerKind.FOLDER
    assert not found.kind.is_copy


def test_a_graph_that_does_not_tell_gives_none() -> None:
    graph = {"def": {"other": operation("diff", {"lower": {}}, "base"), "end": {"inputs": [{"digest": "other"}]}}}
    assert layer_inputs.of(llb.read(json.dumps(graph).encode())) is None
