from __future__ import annotations

from goldenpath.delivery import pipeline, stage_names


def test_the_stages_by_name_are_those_of_the_pipeline_in_its_order() -> None:
    assert tuple(stage.name for stage in pipeline.STAGES) == stage_names.IN_ORDER
    stages = (*pipeline.FIRST, *pipeline.STAGES, *pipeline.ALWAYS, *pipeline.ASIDE)
    assert [stage.name for stage in stages] == list(stage_names.HELP)
