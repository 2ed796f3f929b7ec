"""`.goldenpath.yml`: it tightens, it names exceptions, and whatever else it says is refused with its line."""

from __future__ import annotations

import json
from datetime import date, timedelta
from importlib import resources

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from goldenpath.delivery.model.exception import Acceptance, ExceptionScope, Standing
from goldenpath.delivery.model.finding import Gate, Severity
from goldenpath.delivery.model.verdict import Mode
from goldenpath.delivery.rules import app, matrix
from goldenpath.delivery.rules.app import AppRules
from goldenpath.shared.errors import PolicyInvalid
from tests.unit.builders import vulnerability

EXCEPTION = (
    "{gate: trivy, id: CVE-2020-14343, scope: {package: pyyaml}, reason: only our own files are read, "
    "owner: team-web, expires: 2026-12-31}"
)


def parse(text: str) -> AppRules:
    return app.parse(text, matrix.load())


def tightened(text: str, name: str = "dev") -> matrix.Environment:
    return app.tightened(matrix.load().environment(name), parse(f"version: 1\ntighten: {text}\n"))


def test_a_file_may_say_nothing_but_its_version() -> None:
    assert parse("version: 1\n") == AppRules(({},))


def test_a_pull_request_is_as_strict_as_it_proposes_and_as_its_base_is() -> None:
    proposed = parse("version: 1\ntighten: {dev: {gitleaks: {mode: blocking}}}\n")
    merged = parse("version: 1\ntighten: {dev: {trivy: {mode: blocking}}}\n")
    rules = app.reviewed(proposed, merged)
    assert set(app.tightened(matrix.load().environment("dev"), rules).modes.values()) == {Mode.BLOCKING}


@pytest.mark.parametrize("written", ["2026-12-31", "'2026-12-31'", '"2026-12-31"'])
def test_an_exception_is_read_whole_however_its_date_is_written(written: str) -> None:
    rules = parse(f"version: 1\nexceptions:\n  - {EXCEPTION.replace('2026-12-31', written)}\n")
    assert rules.exceptions == (
        Acceptance(
            Gate.TRIVY, "CVE-2020-14343", ExceptionScope(package="pyyaml"), "only our own files are read", "team-web",
            date(2026, 12, 31),
        ),
    )  # fmt: skip


def test_a_gate_can_become_blocking_in_dev() -> None:
    assert tightened("{dev: {trivy: {mode: blocking}}}").modes == {
        Gate.GITLEAKS: Mode.ADVISORY, Gate.TRIVY: Mode.BLOCKING,
    }  # fmt: skip


def test_more_severities_can_decide_and_never_fewer() -> None:
    rule = tightened("{prod: {trivy: {severities: [MEDIUM]}}}", "prod").vulnerabilities
    assert rule.severities == {Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM}


def test_unfixed_vulnerabilities_can_be_counted_again() -> None:
    policy = matrix.load().environment("dev")
    lenient = _lenient(policy)
    assert app.tightened(lenient, parse("version: 1\n")).vulnerabilities.ignore_unfixed
    stricter = parse("version: 1\ntighten: {dev: {trivy: {ignore_unfixed: false}}}\n")
    assert not app.tightened(lenient, stricter).vulnerabilities.ignore_unfixed


def _lenient(environment: matrix.Environment) -> matrix.Environment:
    from dataclasses import replace as changed  # noqa: PLC0415  the other `replace` is msgspec's

    rule = matrix.VulnerabilityRule(environment.vulnerabilities.severities, ignore_unfixed=True)
    return changed(environment, vulnerabilities=rule)


SEVERITIES = st.lists(st.sampled_from([each.value for each in Severity]), unique=True)
TIGHTER = st.fixed_dictionaries(
    {},
    optional={
        "gitleaks": st.fixed_dictionaries({}, optional={"mode": st.just("blocking")}),
        "trivy": st.fixed_dictionaries(
            {}, optional={"mode": st.just("blocking"), "severities": SEVERITIES, "ignore_unfixed": st.just(value=False)}
        ),
    },
)


@given(st.dictionaries(st.sampled_from(["local", "dev", "test", "staging", "prod"]), TIGHTER))
def test_nothing_that_the_schema_takes_loosens_any_environment(tighten: dict[str, object]) -> None:
    rules = parse(json.dumps({"version": 1, "tighten": tighten}))
    for before in matrix.load().environments:
        after = app.tightened(before, rules)
        assert after.vulnerabilities.severities >= before.vulnerabilities.severities
        assert before.vulnerabilities.ignore_unfixed or not after.vulnerabilities.ignore_unfixed
        assert all(after.modes[gate] in {before.modes[gate], Mode.BLOCKING} for gate in Gate)
        assert (after.refs, after.image_secrets, after.latest_allowed, after.longest_exception) == (
            before.refs, before.image_secrets, before.latest_allowed, before.longest_exception,
        )  # fmt: skip


#                                      what is written                                 what is told
REFUSED: dict[str, tuple[str, str]] = {
    "nothing": ("", ".goldenpath.yml:1: it is empty"),
    "another version": ("version: 2", ".goldenpath.yml:1: $.version: 1 was expected"),
    "a looser mode": (
        "version: 1\ntighten:\n  prod:\n    trivy: {mode: advisory}\n",
        ".goldenpath.yml:4: $.tighten.prod.trivy.mode: 'blocking' was expected",
    ),
    "ignoring what has no fix": (
        "version: 1\ntighten:\n  prod: {trivy: {ignore_unfixed: true}}\n",
        ".goldenpath.yml:3: $.tighten.prod.trivy.ignore_unfixed: False was expected",
    ),
    "an exception without an owner": (
        f"version: 1\nexceptions:\n  - {EXCEPTION.replace('owner: team-web, ', '')}\n",
        ".goldenpath.yml:3: $.exceptions[0]: 'owner' is a required property",
    ),
    "an exception for every package": (
        f"version: 1\nexceptions:\n  - {EXCEPTION.replace('pyyaml', repr('*'))}\n",
        ".goldenpath.yml:3: $.exceptions[0].scope.package: '*' does not match",
    ),
    "an id as long as the page": (
        f"version: 1\nexceptions:\n  - {EXCEPTION.replace('CVE-2020-14343', repr('a' * 1_000_000 + '*'))}\n",
        ".goldenpath.yml:3: $.exceptions[0].id: 'aaa",
    ),
    "two scopes": (
        f"version: 1\nexceptions:\n  - {EXCEPTION.replace('package: pyyaml', 'package: a, path: b')}\n",
        ".goldenpath.yml:3: $.exceptions[0].scope: {'package': 'a', 'path': 'b'} has too many properties",
    ),
    "a day that does not exist": (
        f"version: 1\nexceptions:\n  - {EXCEPTION.replace('2026-12-31', '2026-02-30')}\n",
        ".goldenpath.yml:3: $.exceptions[0].expires: '2026-02-30' is not a 'date'",
    ),
    "an end that is no day": (
        f"version: 1\nexceptions:\n  - {EXCEPTION.replace('2026-12-31', 'never')}\n",
        ".goldenpath.yml:3: $.exceptions[0].expires: 'never' ",
    ),
    "a name twice": (
        "version: 1\ntighten: {}\ntighten: {dev: {}}\n",
        ".goldenpath.yml:3: $.tighten: this name stands twice; the earlier one is lost",
    ),
    "an alias": ("version: 1\ntighten: {dev: &a {}, prod: *a}\n", "aliases are not used here"),
    "broken YAML": ("version: 1\n  tighten: [", ".goldenpath.yml:2: mapping values are not allowed here"),
    "a list": ("- version: 1\n", ".goldenpath.yml:1: $: [{'version': 1}] is not of type 'object'"),
    "a Python object": ("!!python/object/apply:os.system [id]\n", ".goldenpath.yml:1: could not determine"),
    "a name that is a number": ("version: 1\ntighten: {1: {}}\n", ".goldenpath.yml:2: $.tighten: 1 is not of type"),
    "a page too long": ("version: 1\n" + "#" * (1 << 20), ".goldenpath.yml:1: it is larger than 1048576 characters"),
    "deep nesting": ("[" * 5000, ".goldenpath.yml:1: "),
}


@given(st.text(st.sampled_from("a*? \t\n\u00a0")))
def test_what_is_written_out_in_full_has_a_letter_and_no_wildcard(text: str) -> None:
    schema = json.loads(resources.files("goldenpath.policy").joinpath("goldenpath.schema.json").read_bytes())
    exact = jsonschema.Draft202012Validator({"type": "string", "pattern": schema["$defs"]["exact"]["pattern"]})
    assert exact.is_valid(text) is bool(text.strip() and not {"*", "?"} & set(text))


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_with_file_line_and_field(name: str) -> None:
    text, told = REFUSED[name]
    with pytest.raises(PolicyInvalid) as caught:
        parse(text)
    assert caught.value.why.startswith(told) or told in caught.value.why
    assert caught.value.fix


def test_an_unknown_environment_is_refused_with_the_known_ones() -> None:
    with pytest.raises(PolicyInvalid) as caught:
        parse("version: 1\ntighten: {production: {trivy: {mode: blocking}}}\n")
    assert caught.value.what == ".goldenpath.yml tightens an environment that does not exist: production"
    assert caught.value.why == "The platform knows local, dev, test, staging, prod"


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for written in (text, f"version: 1\n{text}"):
        try:
            parse(written)
        except PolicyInvalid as error:
            assert error.why


def test_the_published_schemas_are_schemas() -> None:
    for name in (app.SCHEMA, matrix.SCHEMA):
        text = resources.files("goldenpath.policy").joinpath(name).read_bytes()
        jsonschema.Draft202012Validator.check_schema(json.loads(text))


def acceptance(**changed: object) -> Acceptance:
    one = Acceptance(
        Gate.TRIVY, "CVE-2020-14343", ExceptionScope(package="PyYAML"), "a test stand", "team-web", date(2026, 12, 31)
    )
    return replace(one, **changed)


#                    the merged one                                      pending
PULL_REQUESTS: dict[str, tuple[tuple[Acceptance, ...], bool]] = {
    "is new": ((), True),
    "is merged already": ((acceptance(),), False),
    "is merged already, and says why in other words": ((acceptance(reason="other", owner="x"),), False),
    "is merged for longer": ((acceptance(expires=date(2027, 1, 1)),), False),
    "is merged for less long": ((acceptance(expires=date(2026, 12, 30)),), True),
    "is merged for another package": ((acceptance(scope=ExceptionScope(package="x")),), True),
}


@pytest.mark.parametrize("name", PULL_REQUESTS)
def test_in_a_pull_request_an_exception_counts_once_it_is_merged(name: str) -> None:
    merged, pending = PULL_REQUESTS[name]
    rules = app.reviewed(AppRules((), (acceptance(),)), AppRules((), merged), "waits")
    assert rules.why_pending == "waits"
    assert (rules.exceptions, rules.pending) == (((), (acceptance(),)) if pending else ((acceptance(),), ()))


def test_an_exception_to_its_last_day_counts_and_on_the_next_no_more() -> None:
    rules, longest = AppRules((), (acceptance(),)), timedelta(days=90)
    matched = app.match(rules, Gate.TRIVY, [vulnerability()])
    standings = [app.apply(matched, date(2026, 12, 31) + timedelta(days), longest)[0].standing for days in (0, 1)]
    assert standings == [Standing.EXPIRES_SOON, Standing.EXPIRED]


HOSTILE = {
    "an integer that Python would not print": (f"0x{'f' * 20_000}", "the number in line 2 has 20002 characters"),
    "an integer that Python would not read": ("9" * 20_000, "the number in line 2 has 20000 characters"),
    "an integer of many sixties": ("1" + ":59" * 9_000, "the number in line 2 has 27001 characters"),
    "a bool that is none": ("!!bool x", "is not valid"),
    "an int that is none": ("!!int ''", "is not valid"),
    "a float that is none": ("!!float ''", "is not valid"),
    "a timestamp that is none": ("!!timestamp x", "is not valid"),
    "a list as a key": ("{[a]: b}", "is not valid"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_value_that_would_end_in_a_traceback_is_refused_like_any_other(name: str) -> None:
    written, told = HOSTILE[name]
    with pytest.raises(PolicyInvalid) as caught:
        parse(f"version: 1\nexceptions: {written}\n")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "written", ["20261231", "2026-W01-1", "'2026-366'", "0000-01-01", "10000-01-01", "'\u0662026-01-01'"]
)
def test_a_date_in_another_form_is_refused(written: str) -> None:
    with pytest.raises(PolicyInvalid):
        parse(f"version: 1\nexceptions:\n  - {EXCEPTION.replace('2026-12-31', written)}\n")
