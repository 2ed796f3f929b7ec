"""Imports between modules: those that point up in a layers contract of import-linter, and circles between rooms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dev.code_figures.source import Module

Arrow = tuple[str, str]


def arrows(modules: Sequence[Module]) -> set[Arrow]:
    """Return every import between two of `modules`, as their names."""
    names = {module.name for module in modules}
    targets = ((module.name, _nearest(name, names)) for module in modules for name in module.imports)
    return {(name, target) for name, target in targets if target and target != name}


def _nearest(name: str, names: set[str]) -> str:
    """Return the module that an imported `name` is, or is in; empty where it is of another package."""
    while name and name not in names:
        name = name.rpartition(".")[0]
    return name


def upward(all_arrows: Iterable[Arrow], contracts: Iterable[Mapping[str, Any]]) -> list[Arrow]:
    """Return the imports that a layers contract forbids: to a higher layer, or beside the own one in it."""
    layered = [contract for contract in contracts if contract.get("type") == "layers"]
    forbidden = {
        arrow
        for contract in layered
        for container in contract["containers"]
        for arrow in all_arrows
        if _points_up(arrow, container, _levels(contract["layers"]))
    }
    return sorted(forbidden)


def _levels(layers: Iterable[str]) -> dict[str, int]:
    """Return the level of every layer, the highest with 0. Those that `|` separates are on one level."""
    return {name: level for level, line in enumerate(layers) for name in re.findall(r"\w+", line)}


def _points_up(arrow: Arrow, container: str, levels: Mapping[str, int]) -> bool:
    source, target = (_child(name, container) for name in arrow)
    if source == target or source not in levels or target not in levels:
        return False
    return levels[target] <= levels[source]


def _child(name: str, package: str) -> str:
    """Return the child of `package` that the module `name` is, or is in; empty where it is outside."""
    inside = name.removeprefix(f"{package}.")
    return "" if inside == name else inside.partition(".")[0]


def circles(all_arrows: Iterable[Arrow]) -> list[tuple[str, ...]]:
    """Return the groups of rooms, packages or modules beside them, that import one another in a circle."""
    known = list(all_arrows)
    rooms = {name.rpartition(".")[0] for arrow in known for name in arrow}
    packages = {package for room in rooms if (package := room.rpartition(".")[0])}
    return [circle for package in sorted(packages) for circle in _circles_in(package, known)]


def _circles_in(package: str, all_arrows: Iterable[Arrow]) -> Iterator[tuple[str, ...]]:
    graph: dict[str, set[str]] = {}
    for source, target in ((_child(source, package), _child(target, package)) for source, target in all_arrows):
        if source and target and source != target:
            graph.setdefault(source, set()).add(target)
    reached = {name: _reachable(name, graph) for name in graph}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached.get(other, set())))
        for name in graph
        if name in reached[name]
    }
    for group in sorted(groups):
        yield tuple(f"{package}.{name}" for name in group)


def _reachable(start: str, graph: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(graph.get(name, ()))
    return seen
