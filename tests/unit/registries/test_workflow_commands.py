from __future__ import annotations

import pytest

from goldenpath.cli import goldenpath
from goldenpath.registries import workflow_commands
from goldenpath.shared.errors import BadInput, ProposalUnbound


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
