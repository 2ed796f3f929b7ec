from __future__ import annotations

from typing import Any

import pytest

from goldenpath.delivery.adoption import matrices

MAP = """${{ fromJSON('{"web": "registry/web"}')[matrix.app] }}"""


@pytest.mark.parametrize(
    "strategy",
    [None, "fast", {}, {"matrix": "${{ fromJSON(inputs.apps) }}"}, {"matrix": {"app": "${{ inputs.apps }}"}},
     {"matrix": {"include": "${{ inputs.apps }}"}}, {"matrix": {"include": ["web"]}}],
)  # fmt: skip
def test_a_job_without_a_matrix_or_with_a_computed_one_has_no_known_runs(strategy: Any) -> None:  # noqa: ANN401
    assert matrices.runs(strategy) == ()


def test_every_combination_is_a_run() -> None:
    found = matrices.runs({"matrix": {"app": ["web", "api"], "port": [80, 81], "exclude": [{"app": "web"}]}})
    assert [(each["app"], each["port"]) for each in found] == [
        ("web", "80"), ("web", "81"), ("api", "80"), ("api", "81"),
    ]  # fmt: skip


def test_github_starts_no_more_than_256_runs() -> None:
    assert len(matrices.runs({"matrix": {"a": list(range(20)), "b": list(range(20))}})) == 256


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("${{ matrix.other }}", "${{ matrix.other }}"),
        (MAP.replace("web", "api"), MAP.replace("web", "api")),
        ("${{ fromJSON('{')[matrix.app] }}", "${{ fromJSON('{')[matrix.app] }}"),
        ("${{ matrix.app }}-image", "web-image"),
        (MAP, "registry/web"),
    ],
)
def test_an_expression_is_replaced_where_the_run_gives_its_value(text: str, resolved: str) -> None:
    assert matrices.resolve(text, {"app": "web"}) == resolved
