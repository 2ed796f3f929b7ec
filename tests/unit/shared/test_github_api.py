from __future__ import annotations

import pytest

from goldenpath.shared import github_api
from goldenpath.shared.github_api import has_marker, marker_line

MARKER = "<!-- goldenpath: apply -->"


@pytest.mark.parametrize(
    ("text", "is_marked"),
    [
        (f"{MARKER}\n## Verdict", True),
        (f"applied\r\n{MARKER}", True),
        (f"applied\n{MARKER}\n", True),
        (MARKER, True),
        (f"somebody wrote:\n{MARKER}\nthat was it", False),
        (f"about {MARKER}", False),
        ("<!-- goldenpath: applying -->", False),
        ("", False),
        (None, False),
    ],
)
def test_a_marker_is_the_first_or_the_last_line(text: str | None, is_marked: bool) -> None:
    assert marker_line("apply") == MARKER
    assert has_marker(text, "apply") is is_marked


def test_a_client_of_a_github_enterprise_server_speaks_to_that_server_only() -> None:
    # No socket opens in a unit test: a client that asked anything here would fail.
    client = github_api.connect("https://github.example/api/v3", "token")
    assert client.requester.base_url == "https://github.example/api/v3"
