from __future__ import annotations

from unittest.mock import Mock

import pytest
from click.testing import CliRunner

from goldenpath.cli import goldenpath
from goldenpath.registries import apply, workflow_commands, workflow_results
from goldenpath.registries.apply import ApplyRefusal, ApplyRequest, ApplyRequests
from goldenpath.registries.protect import ProtectionResult
from goldenpath.registries.review import PlanRecord
from goldenpath.registries.workflow_results import EnvironmentProtection
from goldenpath.shared.errors import BadInput, PlanDrifted, ProposalUnbound, RegistryRefused

RECORD = PlanRecord("dev", "my-app", "sha256:x", (), "octocat")


@pytest.mark.parametrize(
    ("requesters", "who"), [((), "nobody"), (("octocat", "github-actions[bot]"), "octocat, github-actions[bot]")]
)
def test_a_run_that_no_person_started_proposes_nothing(requesters: tuple[str, ...], who: str) -> None:
    with pytest.raises(ProposalUnbound) as refused:
        workflow_commands.require_people(requesters)
    assert refused.value.why == f"The workflow was started by {who}, which is not a person"
    workflow_commands.require_people(("octocat",))


def test_an_apply_without_a_number_is_refused_before_anything_is_read() -> None:
    # As a person calls it: click keeps the help options of a command's first call.
    words = ["registry", "apply-merged", "--pull-request=0", "--environment=dev"]
    with pytest.raises(BadInput, match="No pull request was named for this job"):
        goldenpath.main(words, standalone_mode=False)


def test_a_push_with_a_refusal_fails_and_reports_both(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ApplyRequests(
        (ApplyRequest(7, RECORD),), (ApplyRefusal(8, PlanDrifted("It was edited", fix="Run it again")),)
    )
    run = Mock()
    monkeypatch.setattr(workflow_commands, "_run", lambda: run)
    monkeypatch.setattr(workflow_commands, "_apply_context", lambda *_: None)
    monkeypatch.setattr(apply, "find_requests", lambda _: found)
    with pytest.raises(PlanDrifted) as refused:
        goldenpath.main(["registry", "find-merged"], standalone_mode=False)
    assert refused.value.result == workflow_results.of_push(found)
    run.set_outputs.assert_called_once_with({"pull_requests": '[{"number": 7, "environment": "dev"}]'})


def protect(monkeypatch: pytest.MonkeyPatch, failed: int) -> str:
    monkeypatch.setattr(workflow_commands, "_run", lambda: None)
    monkeypatch.setattr(workflow_commands, "_access", lambda *_: None)
    monkeypatch.setattr(
        "goldenpath.registries.protect.protect", lambda _, name, __: ProtectionResult((f"{name}: a line",), failed)
    )
    return CliRunner().invoke(goldenpath, ["registry", "protect"], standalone_mode=False, catch_exceptions=False).output


def test_protecting_shows_each_environment_and_fails_when_a_registry_is_not_protected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert protect(monkeypatch, 0).splitlines() == [f"{name}: a line" for name in ("dev", "test", "staging", "prod")]
    with pytest.raises(RegistryRefused, match="The images that run of 4 registries are not protected") as refused:
        protect(monkeypatch, 1)
    names = ("dev", "test", "staging", "prod")
    assert refused.value.result == [EnvironmentProtection(name, (f"{name}: a line",), 1) for name in names]
