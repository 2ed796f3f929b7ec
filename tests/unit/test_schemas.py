"""The files that the gates leave are what their published schemas say, and name no scanner's own fields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from msgspec.structs import replace

from goldenpath.delivery.model.exception import Acceptance, ExceptionScope
from goldenpath.delivery.model.finding import Database, Finding, Gate
from goldenpath.delivery.rules import matrix
from goldenpath.delivery.rules.app import AppRules
from goldenpath.delivery.rules.decision import decide
from goldenpath.delivery.scanners import trivy
from goldenpath.delivery.secrets import gitleaks
from goldenpath.shared import codec
from tests.unit.builders import blind_spot, image_secret, report, secret, vulnerability
from tests.unit.hostile import recorded

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
FINDINGS: dict[str, tuple[Gate, tuple[Finding, ...]]] = {
    "nothing": (Gate.TRIVY, ()),
    "every kind": (Gate.TRIVY, (vulnerability(), image_secret(), blind_spot())),
    "a secret": (Gate.GITLEAKS, (secret(),)),
    "recorded vulnerabilities": (Gate.TRIVY, trivy.parse(recorded("trivy/vulnerable.json")).findings),
    "recorded secrets": (Gate.GITLEAKS, gitleaks.parse(recorded("gitleaks/secrets.json"))),
}


def problems(name: str, content: bytes) -> list[str]:
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    return [each.message for each in validator.iter_errors(json.loads(content))]


@pytest.mark.parametrize("name", FINDINGS)
def test_findings_and_verdict_are_what_their_schemas_say(name: str) -> None:
    gate, findings = FINDINGS[name]
    policy = matrix.load()
    database = Database(datetime(2026, 11, 20, tzinfo=UTC), "m.example/db:2")
    whole = replace(report(*findings, gate=gate), notes=("a note",), database=database, java_database=database)
    scope = ExceptionScope(package="PyYAML")
    acceptance = Acceptance(Gate.TRIVY, "CVE-2020-14343", scope, "a test", "team", date(2026, 12, 31))
    rules = AppRules((), (acceptance,))
    verdict = decide(whole, policy, policy.environment("prod"), rules, today=date(2026, 11, 21)).verdict
    assert problems("findings", codec.encode(whole)) == []
    assert problems("verdict", codec.encode(verdict)) == []
    assert codec.decode(codec.encode(verdict), type(verdict)) == verdict


def test_what_is_no_verdict_does_not_pass_for_one() -> None:
    assert problems("verdict", b'{"gate": "trivy", "result": "fine"}')


def names(tree: Any) -> Iterator[str]:  # noqa: ANN401  JSON
    """Yield every field name in a report."""
    for name, value in tree.items() if isinstance(tree, dict) else ():
        yield name
        yield from names(value)
    for value in tree if isinstance(tree, list) else ():
        yield from names(value)


def declared(schema: Any) -> Iterator[str]:  # noqa: ANN401  JSON
    """Yield every field name that a schema declares."""
    for name, value in schema.items() if isinstance(schema, dict) else ():
        if name == "properties":
            yield from value
        yield from declared(value)
    for value in schema if isinstance(schema, list) else ():
        yield from declared(value)


@pytest.mark.parametrize("name", ["findings", "verdict"])
def test_no_field_of_ours_is_a_field_of_a_scanner_s_report(name: str) -> None:
    ours = set(declared(json.loads((SCHEMAS / f"{name}.json").read_bytes())))
    theirs = {
        field
        for report in ("gitleaks/secrets", "trivy/vulnerable", "trivy/secrets")
        for field in names(json.loads(recorded(f"{report}.json")))
    }
    assert {"VulnerabilityID", "PkgName", "RuleID", "StartLine"} <= theirs
    # One of the document itself, one of what it lists, and one below that.
    assert {"schema", "fingerprint", "sha256"} <= ours
    assert ours & theirs == set()
