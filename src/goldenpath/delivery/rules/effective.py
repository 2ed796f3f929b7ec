"""The effective rules of an app: its `.goldenpath.yml` in a commit, never from the working tree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from goldenpath.delivery.checkout import git_branches
from goldenpath.delivery.rules import app, committed, reviewed_refs
from goldenpath.shared.errors import PolicyInvalid, SourceUnusable, ToolFailed, ToolTimeout

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.delivery.model.event import Event
    from goldenpath.delivery.rules.app import AppRules
    from goldenpath.delivery.rules.matrix import Environment, Policy
    from goldenpath.shared.names import Commit

_UNREVIEWED = (
    f"the exceptions in this commit's {app.FILE} count here without a review; in a workflow run they count only from "
    "the default branch"
)


@dataclass(frozen=True)
class EffectiveRules:
    """The rules that a gate decides by: those of the `app`, and the `environment` as the app tightens it."""

    app: AppRules
    environment: Environment


class Resolution:
    """Resolves the effective rules once, and again only for another policy, environment, checkout or event."""

    def __init__(self) -> None:
        self._known: tuple[Policy, Environment, Path, Event, EffectiveRules] | None = None

    def resolve(self, policy: Policy, environment: Environment, source: Path, event: Event) -> EffectiveRules:
        """Return the effective rules. Raises the errors of `rules`."""
        if self._known is not None:
            *known, resolved = self._known
            if known == [policy, environment, source, event]:
                return resolved
        app_rules = rules(policy, environment, source, event)
        resolved = EffectiveRules(app_rules, app.tightened(environment, app_rules))
        self._known = policy, environment, source, event, resolved
        return resolved


def rules(policy: Policy, environment: Environment, source: Path, event: Event) -> AppRules:
    """Return the app's rules at the commit of `event`; in a workflow run the default branch must have its exceptions.

    Raises `PolicyInvalid` when the file does not fit its schema, `SourceUnusable` when it cannot be read, and
    `NotReviewed` when the default branch is unknown and `environment` blocks.
    """
    proposed = _at(event.commit, policy, source)
    if not event.in_workflow:
        return replace(proposed, notes=(_UNREVIEWED,)) if proposed.exceptions else proposed
    if not event.default_branch:
        if app.tightened(environment, proposed).blocks:
            reviewed_refs.require_default_branch(event)
        return app.reviewed(proposed, app.NO_RULES, "does not count: the event of this run names no default branch")
    return _as_reviewed(proposed, policy, source, event)


def app_file(source: Path, commit: Commit) -> str | None:
    """Return the text of `.goldenpath.yml` in `commit`; `None` where there is none. Raises `SourceUnusable`."""
    return committed.text(source, commit, app.FILE)


def _as_reviewed(proposed: AppRules, policy: Policy, source: Path, event: Event) -> AppRules:
    """Return the rules, with only those of the `proposed` exceptions that the default branch has."""
    branch = f"the default branch {event.default_branch}"
    try:
        merged = _at(git_branches.tip(source, event.default_branch), policy, source)
    except (ToolFailed, ToolTimeout, SourceUnusable) as error:
        why = " ".join((error.why or error.what).split())
        return app.reviewed(proposed, app.NO_RULES, f"does not count: {branch} cannot be read ({why})")
    except PolicyInvalid as error:
        # The file of the default branch must not fail this run: the commit that fixes it has to be delivered to dev.
        note = f"{app.FILE} on {branch} is not valid, so its rules do not count: {error.why}"
        return app.reviewed(
            proposed, app.AppRules(notes=(note,)), f"does not count: {app.FILE} on {branch} is not valid"
        )
    where = "yet and counts only once merged" if event.is_pull_request else "and counts only there"
    return app.reviewed(proposed, merged, f"is not on {branch} {where}")


def _at(commit: Commit, policy: Policy, source: Path) -> AppRules:
    text = app_file(source, commit)
    return app.parse(text, policy) if text is not None else app.NO_RULES
