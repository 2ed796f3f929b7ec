"""The protection rules of a GitHub environment, which say whether a person has to approve a job that is bound to it.

Source: GitHub REST API, "Get an environment". In a private repository it needs `actions: read`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from goldenpath.shared import github_rest
from goldenpath.shared.errors import RegistryUnreachable, ReleaseUnapproved

if TYPE_CHECKING:
    from collections.abc import Mapping

_OK = 200
_REVIEWERS = "required_reviewers"


def has_reviewers(environment: Mapping[str, Any]) -> bool:
    """Tell whether a person has to approve each job that is bound to this GitHub environment."""
    return any(rule.get("reviewers") for rule in review_rules(environment))


def review_rules(environment: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the rules of this GitHub environment about required reviewers."""
    rules = environment.get("protection_rules") or ()
    return [rule for rule in rules if isinstance(rule, dict) and rule.get("type") == _REVIEWERS]


def read(api_url: str, token: str, repository: str, name: str) -> Mapping[str, Any]:
    """Return GitHub's description of the environment `name`. Raises `ReleaseUnapproved` where it cannot be read."""
    place = f"{api_url}/repos/{repository}/environments/{quote(name, safe='')}"
    try:
        response = github_rest.get(place, token)
    except RegistryUnreachable as error:
        raise _unread(name, error.why, "Run the job again.") from error
    if response.status != _OK:
        fix = "Give the job `permissions: actions: read`, or see why GitHub refuses and run the job again"
        raise _unread(name, f"HTTP {response.status}", fix)
    if (environment := github_rest.json_object(response)) is None:
        raise _unread(name, "The response is not a JSON object.", "Run the job again.")
    return environment


def _unread(name: str, why: str, fix: str) -> ReleaseUnapproved:
    return ReleaseUnapproved(f"The rules of the GitHub environment {name} could not be read", why=why, fix=fix)
