from __future__ import annotations

import pytest

from tests.doubles.github import repository


@pytest.mark.parametrize(("visibility", "private"), [("public", False), ("private", True), ("internal", True)])
def test_only_a_public_repository_is_not_private(visibility: str, *, private: bool) -> None:
    described = repository.describe("http://127.0.0.1:1", "octo", "app", visibility=visibility)
    assert (described["private"], described["visibility"], described["full_name"]) == (private, visibility, "octo/app")


@pytest.mark.parametrize(("login", "kind"), [("github-actions[bot]", "Bot"), ("octocat", "User")])
def test_a_login_of_an_app_is_a_bot(login: str, kind: str) -> None:
    assert repository.person("http://127.0.0.1:1", login)["type"] == kind
