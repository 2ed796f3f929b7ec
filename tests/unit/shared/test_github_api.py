from __future__ import annotations

from goldenpath.shared import github_api


def test_a_client_of_a_github_enterprise_server_speaks_to_that_server_only() -> None:
    # No socket opens in a unit test: a client that asked anything here would fail.
    client = github_api.connect("https://github.example/api/v3", "token")
    assert client.requester.base_url == "https://github.example/api/v3"
