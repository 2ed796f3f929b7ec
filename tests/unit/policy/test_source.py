from __future__ import annotations

import pytest

from goldenpath.policy import environments, source
from goldenpath.shared.errors import PolicyInvalid
from tests.unit import policy_table


def test_every_mistake_is_reported_with_its_file_line_and_field() -> None:
    text = policy_table.TEXT.replace("unbound: warned", "unbound: maybe").replace(
        "    sbom: required", "    sbom: no", 1
    )
    lines = text.splitlines()
    with pytest.raises(PolicyInvalid) as refused:
        source.read(text, environments.SCHEMA, "rules.yaml")
    for line, field in (("unbound: maybe", "$.unbound"), ("    sbom: no", "$.environments.local.sbom")):
        assert f"rules.yaml:{lines.index(line) + 1}: {field}: " in refused.value.why
