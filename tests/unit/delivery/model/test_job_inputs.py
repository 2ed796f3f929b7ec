from __future__ import annotations

import pytest

from goldenpath.delivery.model import inputs, job_inputs
from goldenpath.delivery.model.delivery_outputs import DeliveryVerdict, JobResult
from goldenpath.shared.errors import BadInput

NOTIFY = (job_inputs.DELIVERY_RESULT, job_inputs.DELIVERY_VERDICT, job_inputs.DELIVERY_RELEASED,
          job_inputs.REPORTS_ARTIFACT_ID, job_inputs.WEBHOOK_URL, job_inputs.WEBHOOK_KEY)  # fmt: skip


def test_a_delivery_that_was_skipped_has_no_outputs() -> None:
    request = inputs.read(NOTIFY, {"delivery_result": "skipped"})
    assert (request.delivery_result, request.delivery_released) == (JobResult.SKIPPED, False)
    assert request.delivery_verdict is DeliveryVerdict.NONE
    assert (request.reports_artifact_id, request.webhook_url, request.webhook_key) == (None, "", "")


def test_address_and_key_have_no_option_and_are_not_shown() -> None:
    assert all(declared.secret for declared in (job_inputs.WEBHOOK_URL, job_inputs.WEBHOOK_KEY))
    given = {"delivery_result": "failure", "webhook_url": "https://hooks.example/T0", "webhook_key": "a key of ours\n"}
    request = inputs.read(NOTIFY, given)
    assert request.webhook_key == "a key of ours"
    shown = repr(request)
    assert "T0" not in shown
    assert "a key of ours" not in shown


@pytest.mark.parametrize("name", ["delivery_released", "reports_artifact_id"])
def test_an_output_of_another_form_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=f"`{name}`"):
        inputs.read(NOTIFY, {"delivery_result": "failure", name: "none"})
