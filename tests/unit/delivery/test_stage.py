from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from goldenpath.delivery.model.event import DETACHED
from goldenpath.delivery.stage import require_allowed_ref
from goldenpath.shared.errors import BadInput
from tests.unit import run_builder


@pytest.mark.parametrize(
    ("ref", "what"),
    [
        ("refs/heads/feature", "refs/heads/feature may not be released to prod"),
        ("refs/pull/7/merge", "refs/pull/7/merge may not be released to prod"),
        (DETACHED, "The checkout is on no branch or tag, and prod accepts releases only from some"),
    ],
)
def test_a_ref_that_prod_does_not_take_is_refused_with_those_that_it_takes(tmp_path: Path, ref: str, what: str) -> None:
    run = run_builder.run(tmp_path, "prod")
    with pytest.raises(BadInput) as refused:
        require_allowed_ref(replace(run, event=msgspec.structs.replace(run.event, ref=ref)))
    assert refused.value.what == what
    assert "refs/heads/main" in refused.value.why
