from __future__ import annotations

from types import SimpleNamespace

import pytest
from dev import site_links

REPO = "https://github.com/octo/platform"


@pytest.mark.parametrize(
    ("page", "link", "target"),
    [
        ("guide.md", "policy.md#x", "policy.md#x"),
        ("adr/0001-a.md", "../policy.md", "../policy.md"),
        ("guide.md", "../README.md", f"{REPO}/blob/main/README.md"),
        ("adr/0001-a.md", "../../src/goldenpath/cli.py", f"{REPO}/blob/main/src/goldenpath/cli.py"),
        ("setup.md", "templates/protection/CODEOWNERS", f"{REPO}/blob/main/docs/templates/protection/CODEOWNERS"),
        ("adr/0001-a.md", "../schemas/verdict.json", f"{REPO}/blob/main/docs/schemas/verdict.json"),
    ],
)
def test_a_link_to_a_file_that_is_no_document_leads_to_github(page: str, link: str, target: str) -> None:
    given = SimpleNamespace(file=SimpleNamespace(src_uri=page))
    text = site_links.on_page_markdown(f"see [it]({link}) now", given, {"repo_url": REPO})
    assert text == f"see [it]({target}) now"
