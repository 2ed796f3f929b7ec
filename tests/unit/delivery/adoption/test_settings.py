from __future__ import annotations

from typing import Any

import pytest

from goldenpath.delivery.adoption.settings import ApiResponse, listed


@pytest.mark.parametrize(
    "reply",
    [ApiResponse(0), ApiResponse(403, {"runners": []}), ApiResponse(404), ApiResponse(200),
        ApiResponse(200, ["runners"]), ApiResponse(200, {}),
     ApiResponse(200, {"runners": "none"})],
)  # fmt: skip
def test_where_github_gives_no_list_there_is_none(reply: ApiResponse) -> None:
    assert listed(reply, "runners") is None


@pytest.mark.parametrize(("body", "found"), [([], []), ([{"id": 1}, "no object", None], [{"id": 1}])])
def test_a_list_holds_its_objects_only(body: Any, found: list[Any]) -> None:  # noqa: ANN401
    assert listed(ApiResponse(200, {"runners": body}), "runners") == found


def test_only_404_says_that_nothing_is_there() -> None:
    assert [status for status in (0, 200, 401, 403, 404, 500) if ApiResponse(status).is_absent] == [404]
