from __future__ import annotations

from goldenpath.delivery.model.timing import End, Timing, Timings
from goldenpath.shared.names import StageName


def test_a_stage_that_did_not_run_has_no_timing() -> None:
    timings = Timings((Timing(StageName("build"), End.FAILED, 2.5, "The build failed."),))
    assert timings.of("ecr-push") is None
    found = timings.of("build")
    assert found is not None
    assert (found.end, found.seconds) == (End.FAILED, 2.5)
