from __future__ import annotations

import tomllib

import pytest
from dev import gitleaks_rules

from goldenpath.errors import BadInput
from goldenpath.tools import gitleaks, pins

PUBLISHED = """# Generated.
title = "gitleaks config"
[allowlist]
paths = [
    '''gitleaks\\.toml''',
    '''go\\.sum$''',
]
regexes = [
    '''(?i)^true|false|null$''',
    '''^x+$''',
]
[[rules]]
regex = '''bedrock-api-key-YmVkc'''
"""


def test_no_path_and_no_part_of_a_word_makes_a_secret_harmless_and_no_rule_finds_itself() -> None:
    rules = tomllib.loads(gitleaks_rules.mended(PUBLISHED, "8.30.1"))
    assert rules["rules"] == [{"regex": "bedrock-api-[k]ey-YmVkc"}]
    assert rules["allowlist"] == {"regexes": ["^(?i:true|false|null)$", "^x+$"]}


@pytest.mark.parametrize("gone", ["gitleaks\\.toml", "(?i)^true", "bedrock-api"])
def test_rules_that_the_changes_do_not_fit_are_refused(gone: str) -> None:
    with pytest.raises(BadInput, match=r"^gitleaks 9\.0\.0 has not one "):
        gitleaks_rules.mended(PUBLISHED.replace(gone, ""), "9.0.0")


def test_the_rules_are_those_of_the_pinned_gitleaks() -> None:
    """That they are the real ones is tried in `tests/tools`, where its source can be had."""
    pinned = next(tool.version for tool in pins.load() if tool.name == "gitleaks")
    assert gitleaks.rules().decode().startswith(f"# The rules of gitleaks {pinned} (MIT, ")
    rules = tomllib.loads(gitleaks.rules().decode())
    assert "paths" not in rules["allowlist"]
    assert len(rules["rules"]) > 200
