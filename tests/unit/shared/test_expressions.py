from __future__ import annotations

import pytest

from goldenpath.shared.expressions import with_own_repository


@pytest.mark.parametrize(
    ("text", "slug", "resolved"),
    [
        ("${{ github.repository }}", "", "${{ github.repository }}"),
        ("${{ github.repository_owner }}/x", "team/web", "${{ github.repository_owner }}/x"),
        ("${{ inputs.name }}", "team/web", "${{ inputs.name }}"),
        ("${{github.repository}}", "team/web", "team/web"),
        ("a-${{ github.event.repository.name }}", "team/web", "a-web"),
        ("${{ GitHub.Event.Repository.Full_Name }}", "team/web", "team/web"),
    ],
)
def test_only_expressions_that_name_the_own_repository_are_resolved(text: str, slug: str, resolved: str) -> None:
    assert with_own_repository(text, slug) == resolved
