"""`.goldenpath.yml`: an app's own rules. They can tighten the platform's and name exceptions, and never loosen them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Any

from goldenpath.delivery.model.exception import WARNED_AHEAD, Acceptance, AppliedException, Standing, subjects
from goldenpath.delivery.model.finding import Gate, Severity
from goldenpath.delivery.model.verdict import Mode
from goldenpath.policy import source
from goldenpath.shared import codec
from goldenpath.shared.errors import PolicyInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, timedelta

    from goldenpath.delivery.model.exception import Subject
    from goldenpath.delivery.model.finding import Finding
    from goldenpath.delivery.rules.matrix import Environment, Policy

FILE = ".goldenpath.yml"
SCHEMA = "goldenpath.schema.json"


@dataclass(frozen=True)
class AppRules:
    """The rules in the app's file; `pending` are exceptions that do not count yet, and `why_pending` is the reason.

    `tighten` has stricter rules by environment; if there are several, all of them apply. `notes` tell a reader of the
    verdict where the rules come from.
    """

    tighten: tuple[Mapping[str, Mapping[str, Any]], ...] = ()
    exceptions: tuple[Acceptance, ...] = ()
    pending: tuple[Acceptance, ...] = ()
    why_pending: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class MatchedException:
    """An exception and the fingerprints of the findings that it covers.

    `why_pending` is the reason why it does not count yet; `None` if it counts.
    """

    acceptance: Acceptance
    findings: tuple[str, ...]
    why_pending: str | None = None


NO_RULES = AppRules()


def parse(text: str, policy: Policy) -> AppRules:
    """Return the rules in the YAML `text`. Raises `PolicyInvalid`, naming every wrong field with its line."""
    tree = source.read(text, SCHEMA, FILE)
    tighten = tree.get("tighten") or {}
    unknown = sorted(set(tighten) - {environment.name for environment in policy.environments})
    if unknown:
        raise PolicyInvalid(
            f"{FILE} tightens an environment that does not exist: {', '.join(unknown)}",
            why=f"The platform knows {', '.join(environment.name for environment in policy.environments)}",
            fix="Name one of these",
        )
    return AppRules(
        (tighten,), tuple(codec.convert(exception, Acceptance) for exception in tree.get("exceptions") or ())
    )


def reviewed(proposed: AppRules, merged: AppRules, why_pending: str = "") -> AppRules:
    """Return the rules of a run: as strict as its own file and the `merged` one, with the exceptions that both have.

    Stricter rules count at once; an exception waits for its review, for the reason `why_pending`.
    """
    latest: dict[tuple[object, ...], date] = {}
    for exception in merged.exceptions:
        latest[_about(exception)] = max(exception.expires, latest.get(_about(exception), exception.expires))
    kept, pending = list[Acceptance](), list[Acceptance]()
    for exception in proposed.exceptions:
        until = latest.get(_about(exception))
        (kept if until is not None and exception.expires <= until else pending).append(exception)
    tighten = (*proposed.tighten, *merged.tighten)
    return AppRules(tighten, tuple(kept), tuple(pending), why_pending, merged.notes)


def tightened(environment: Environment, rules: AppRules) -> Environment:
    """Return `environment` with the app's stricter rules for it; never less strict."""
    return reduce(_tighter, (tighten.get(environment.name) or {} for tighten in rules.tighten), environment)


def match(rules: AppRules, gate: Gate, findings: Iterable[Finding]) -> tuple[MatchedException, ...]:
    """Return every exception of `gate` with the findings that it covers, on any date."""
    every = [
        *((exception, None) for exception in rules.exceptions),
        *((exception, rules.why_pending) for exception in rules.pending),
    ]
    mine = [(exception, why) for exception, why in every if exception.gate is gate]
    named: dict[Subject, list[str]] = {exception.subject: [] for exception, _ in mine}
    for finding in findings if named else ():
        for subject in subjects(finding):
            if subject in named:
                named[subject].append(finding.fingerprint)
    return tuple(MatchedException(exception, tuple(named[exception.subject]), why) for exception, why in mine)


def apply(matched: Iterable[MatchedException], today: date, longest: timedelta) -> tuple[AppliedException, ...]:
    """Return the status of every exception on the day `today`; its end may be at most `longest` away."""
    return tuple(
        AppliedException(entry.acceptance, _standing(entry, today, longest), entry.findings, entry.why_pending or "")
        for entry in matched
    )


def _about(exception: Acceptance) -> tuple[object, ...]:
    """Return the fields of `exception` that must be the same in a reviewed one, which may end later."""
    return exception.gate, exception.id.lower(), exception.scope


def _tighter(environment: Environment, changes: Mapping[str, Any]) -> Environment:
    blocking = {gate for gate in Gate if (changes.get(gate.value) or {}).get("mode") == Mode.BLOCKING.value}
    trivy = changes.get(Gate.TRIVY.value) or {}
    rule = environment.vulnerabilities
    more = frozenset(Severity(name) for name in trivy.get("severities") or ())
    stricter = replace(
        rule,
        severities=rule.severities | more,
        ignore_unfixed=rule.ignore_unfixed and trivy.get("ignore_unfixed") is not False,
    )
    modes = {gate: Mode.BLOCKING if gate in blocking else mode for gate, mode in environment.modes.items()}
    return replace(environment, modes=modes, vulnerabilities=stricter)


def _standing(matched: MatchedException, today: date, longest: timedelta) -> Standing:
    acceptance = matched.acceptance
    if acceptance.expires < today:
        return Standing.EXPIRED
    if acceptance.expires > today + longest:
        return Standing.TOO_LONG
    if matched.why_pending is not None:
        return Standing.PENDING
    if not matched.findings:
        return Standing.UNUSED
    return Standing.EXPIRES_SOON if acceptance.expires <= today + WARNED_AHEAD else Standing.ACCEPTED
