from __future__ import annotations

import pytest
from dev import site_lists


@pytest.mark.parametrize(
    ("written", "needed"),
    [
        ("Do this:\n- one\n- two\n\nEnd", "Do this:\n\n- one\n- two\n\nEnd"),
        ("1. one\n   goes on\n2. two", "1. one\n    goes on\n2. two"),
        ("- one\n  goes on", "- one\n    goes on"),
        ("1. one\n\n   | a |\n   more\n2. two", "1. one\n\n    | a |\n    more\n\n2. two"),
        (
            "1. one\n   ```sh\n   a\n\n     b\n   ```\n   end\n2. two",
            "1. one\n    ```sh\n    a\n\n      b\n    ```\n    end\n2. two",
        ),
        ("Text\n  stays", "Text\n  stays"),
        ("```yaml\na:\n- b\n  c\n```", "```yaml\na:\n- b\n  c\n```"),
        ("- one\n\n```sh\na\n```\n  x", "- one\n\n```sh\na\n```\n  x"),
        ("1. one\n   <!-- run by: tests/a.py -->\n   ```sh\n   a\n   ```", "1. one\n    ```sh\n    a\n    ```"),
    ],
)  # fmt: skip
def test_lists_have_the_form_that_the_site_needs(written: str, needed: str) -> None:
    assert site_lists.on_page_markdown(written) == needed
