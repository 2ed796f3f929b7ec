"""The rules in the real gitleaks against those in its source, as Go fetches and checks it."""

from __future__ import annotations

import re
import shutil
import tomllib

import pytest
from dev import gitleaks_rules as pinning
from tests.tools.command import ROOT

from goldenpath.shared import pins, process
from goldenpath.shared.toolchain import Toolchain

pytestmark = pytest.mark.tools

GITLEAKS = next(tool for tool in pins.load() if tool.rules)
_EXPRESSION = re.compile(rb"^regex = '''(.{30,})'''$", re.MULTILINE)


@pytest.fixture(scope="module")
def rules() -> bytes:
    return Toolchain.load().provide("gitleaks").rules


@pytest.mark.skipif(shutil.which("go") is None, reason="gitleaks' source is fetched with Go")
def test_the_pinned_rules_are_those_of_gitleaks_source() -> None:
    assert pinning.main(["--check"]) == 0


@pytest.mark.skipif(shutil.which("go") is None, reason="gitleaks' source is fetched with Go")
def test_gitleaks_is_given_its_own_rules_but_for_what_lets_all_of_them_pass_a_secret(rules: bytes) -> None:
    own, given = tomllib.loads(pinning.published(GITLEAKS).decode()), tomllib.loads(rules.decode())
    expected = {**own["allowlist"], "regexes": ["^(?i:true|false|null)$", *own["allowlist"]["regexes"][1:]]}
    del expected["paths"]
    assert given == {**own, "allowlist": expected}
    assert len(given["rules"]) == 222  # of the pinned gitleaks


def test_no_rule_is_copied_into_this_repository(rules: bytes) -> None:
    listed = process.run("git", "-C", ROOT, "ls-files", "-z", timeout=60).stdout.decode().split("\0")
    files = {name: (ROOT / name).read_bytes() for name in listed if (ROOT / name).is_file()}
    expressions = _EXPRESSION.findall(rules)
    assert len(expressions) == 188  # those that are long enough to be nobody else's
    assert [name for name, text in files.items() if any(expression in text for expression in expressions)] == []
