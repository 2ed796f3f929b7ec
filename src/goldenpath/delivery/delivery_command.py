"""`goldenpath deliver`: run the pipeline, show it as this terminal or log can, and report how it ended."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from goldenpath.delivery import pipeline
from goldenpath.delivery.report import run_facts
from goldenpath.delivery.running import delivery_result, execution
from goldenpath.delivery.running.delivery_end import DeliveryEnd
from goldenpath.delivery.running.delivery_log import DeliveryLog
from goldenpath.shared import output, verbose
from goldenpath.shared.errors import GoldenPathError

if TYPE_CHECKING:
    from goldenpath.delivery.model.inputs import Request
    from goldenpath.delivery.running.delivery_result import DeliveryResult
    from goldenpath.delivery.running.live_view import LiveView
    from goldenpath.delivery.stage import Run
    from goldenpath.shared.runner import Runner


def deliver(request: Request, here: Runner) -> DeliveryResult | None:
    """Deliver what `request` asks for; return the result where `--json` wants it. Raises the error that ended it."""
    view = _view(request)
    run = execution.prepare(request, here, view, whole=True)
    outputs: dict[str, str] = {}
    error: GoldenPathError | None = None
    result: DeliveryResult | None = None
    try:
        with view.live():
            outputs = pipeline.deliver(run, view)
    except GoldenPathError as raised:
        error = raised
        raise
    finally:
        # Before the first stage the files of an earlier run, or of another one, are in the work folder.
        if view.has_begun and (end := _end(run, error)):
            view.conclude(end)
            result = delivery_result.of(end, outputs)
            if error is not None:
                error.result = result
    return result


def _view(request: Request) -> LiveView | DeliveryLog:
    if not output.may_redraw() or verbose.is_on():
        return DeliveryLog()
    from goldenpath.delivery.running.live_view import LiveView  # noqa: PLC0415  it loads rich

    return LiveView([stage.name for stage in pipeline.shown(request)])


def _end(run: Run, error: GoldenPathError | None) -> DeliveryEnd | None:
    """Return the end of `run` where anything shows it: a log of plain lines has it already."""
    if not (output.may_redraw() or output.is_quiet() or output.is_json()):
        return None
    # Whatever is wrong with the files, the error that ended the run is what counts.
    with suppress(GoldenPathError):
        environment = run.environment
        facts = run_facts.gather(run.work, environment.name, run.event.commit, environment.longest_exception)
        return DeliveryEnd(facts, run.work.path, error, is_named=bool(run.request.work_dir.parts))
    return None
