from __future__ import annotations

import pytest
from click.testing import CliRunner

from goldenpath.cli import goldenpath
from goldenpath.registries import workflow_commands
from goldenpath.registries.protect import ProtectionResult
from goldenpath.shared.errors import BadInput, ProposalUnbound, RegistryRefused


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
    with pytest.raises(RegistryRefused, match="The images that run of 4 registries are not protected"):
        protect(monkeypatch, 1)
