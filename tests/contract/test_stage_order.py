"""The order of the stages is written once, in `pipeline`; every other list of them follows it."""

from __future__ import annotations

import ast
import pkgutil
import re
import tomllib
from typing import TYPE_CHECKING, Any

from tests.tools.command import ROOT

from goldenpath.delivery import pipeline, stage_names, stages
from goldenpath.delivery.model import work_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DELIVERY = tuple(each.name for each in (*pipeline.FIRST, *pipeline.STAGES, *pipeline.ALWAYS))
EVERY = {each.name for each in (*pipeline.FIRST, *pipeline.STAGES, *pipeline.ALWAYS, *pipeline.ASIDE)}
WORKFLOW = ROOT / ".github" / "workflows" / "_build-and-release.yml"


def in_order(names: Iterable[str]) -> list[str]:
    """Return the stages of a delivery among `names`, in the order of their first mention there."""
    return [each for each in dict.fromkeys(names) if each in DELIVERY]


def used(text: str) -> Iterator[str]:
    yield from re.findall(r"uses: \$/actions/([a-z-]+)", text)


def test_the_steps_of_the_workflow_follow_the_order_of_the_pipeline() -> None:
    assert in_order(used(WORKFLOW.read_text())) == list(DELIVERY)


def test_a_job_of_the_workflow_waits_for_the_jobs_of_the_stages_before_its_own() -> None:
    jobs: dict[str, Any] = {}
    for block in re.split(r"\n(?=  [a-z-]+:)", WORKFLOW.read_text().split("\njobs:\n", 1)[1]):
        name = block.strip().split(":", 1)[0]
        needs = re.search(r"needs: (?:\[([^\]]*)\]|(\S+))", block)
        listed = re.split(r",\s*", (needs[1] or needs[2])) if needs else []
        jobs[name] = (in_order(used(block)), listed)
    place = {name: min(map(DELIVERY.index, stages)) for name, (stages, _) in jobs.items() if stages}
    for name, (_, needs) in jobs.items():
        assert all(place.get(each, 0) <= place[name] for each in needs if name in place), name
    assert {"gitleaks-gate", "build", "scan"} <= set(jobs["push"][1])


def test_the_command_line_lists_every_stage_in_the_order_of_the_pipeline() -> None:
    assert set(stage_names.HELP) == EVERY
    assert in_order(stage_names.HELP) == list(DELIVERY)


def test_the_work_folder_and_the_summary_follow_the_order_of_the_pipeline() -> None:
    stages = [each.name for each in pipeline.STAGES]
    assert in_order(work_folder.LEAVES) == stages
    assert list(stage_names.IN_ORDER) == stages == [each.name for each in pipeline.STAGES if each.timed]


def test_the_table_of_jobs_in_the_documents_follows_the_order_of_the_pipeline() -> None:
    text = (ROOT / "docs" / "workflow.md").read_text().split("## Jobs", 1)[1].split("\n## ", 1)[0]
    second_column = re.findall(r"^\| [a-z-]+ \| ([^|]+) \|", text, re.MULTILINE)
    # After a colon stands what the stage is for.
    words = (word for row in second_column for word in re.findall(r"[a-z-]+", row.split(":")[0]))
    assert in_order(words) == list(DELIVERY)


def test_the_summary_shows_no_stage_but_those_of_the_order() -> None:
    assert not any(each.timed for each in (*pipeline.FIRST, *pipeline.ALWAYS, *pipeline.ASIDE))


def test_the_import_contract_keeps_every_stage_independent() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (modules,) = (contract["modules"] for contract in contracts if contract["type"] == "independence")
    assert modules == [f"{stages.__name__}.*"]


def test_the_room_of_the_stages_has_one_module_for_every_stage_and_no_other() -> None:
    modules = {module.name.replace("_", "-") for module in pkgutil.iter_modules(stages.__path__)}
    assert modules == EVERY


def test_only_ecr_push_releases() -> None:
    every = (*pipeline.FIRST, *pipeline.STAGES, *pipeline.ALWAYS, *pipeline.ASIDE)
    assert [each.name for each in every if each.releases] == ["ecr-push"]


def test_no_code_compares_the_name_of_a_stage() -> None:
    """What a stage is, its fields say."""
    compared = [
        f"{module.name}: {ast.unparse(each)}"
        for module in (ROOT / "src" / "goldenpath" / "delivery").rglob("*.py")
        for each in ast.walk(ast.parse(module.read_text()))
        if isinstance(each, ast.Compare) and any(map(_names_a_stage, (each.left, *each.comparators)))
    ]
    assert compared == []


def _names_a_stage(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return node.value in EVERY
    return isinstance(node, ast.Attribute) and node.attr == "name" and ast.unparse(node.value).lower().endswith("stage")
