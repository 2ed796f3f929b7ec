"""Whether ECR takes a lifecycle policy. moto knows neither the archive nor the rules that two rules must keep together.

Source: Amazon ECR user guide, "Lifecycle policy properties in Amazon ECR" and "Lifecycle policy evaluation rules".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    Rule = dict[str, Any]

_SELECTION = {
    "tagStatus", "tagPatternList", "tagPrefixList", "storageClass", "countType", "countUnit", "countNumber",
}  # fmt: skip
_BY_AGE = ("sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned")
_MOST_RULES, _MOST_WILDCARDS, _LEAST_ARCHIVED_DAYS = 50, 4, 90


def mistakes(policy: str) -> list[str]:
    """Return a sentence for each reason why ECR refuses `policy`."""
    rules = json.loads(policy)["rules"]
    together = [] if 1 <= len(rules) <= _MOST_RULES else [f"a policy has 1 to {_MOST_RULES} rules"]
    return together + [mistake for rule in rules for mistake in _of_rule(rule)] + list(_of_all(rules))


def _of_rule(rule: Rule) -> Iterator[str]:
    selection, action = rule["selection"], rule["action"]
    kind, by_age = selection["countType"], selection["countType"] in _BY_AGE
    patterns = [*selection.get("tagPatternList", ()), *selection.get("tagPrefixList", ())]
    archived = selection.get("storageClass", "standard") == "archive"
    checks = {
        "a field is not known": set(selection) <= _SELECTION,
        "the count type is not known": by_age or kind == "imageCountMoreThan",
        "the count number is not positive": selection["countNumber"] >= 1,
        "a count of days has the unit days, and no other count has one": selection.get("countUnit")
        == ("days" if by_age else None),
        "tags are named for the status tagged, and for no other": bool(patterns)
        is (selection["tagStatus"] == "tagged"),
        "patterns and prefixes are not given together": not ({"tagPatternList", "tagPrefixList"} <= set(selection)),
        "a pattern has four wildcards at most": all(pattern.count("*") <= _MOST_WILDCARDS for pattern in patterns),
        "the archive is selected by sinceImageTransitioned, and by nothing else": archived
        is (kind == "sinceImageTransitioned"),
        "what nobody pulled is archived, not expired": kind != "sinceImagePulled" or action["type"] == "transition",
        "what is in the archive is expired after 90 days or more": not archived
        or (action["type"] == "expire" and selection["countNumber"] >= _LEAST_ARCHIVED_DAYS),
        "a transition goes to the archive": action.get("targetStorageClass")
        == ("archive" if action["type"] == "transition" else None),
        "the action is not known": action["type"] in ("expire", "transition"),
    }
    yield from (f"rule {rule['rulePriority']}: {why}" for why, holds in checks.items() if not holds)


def _of_all(rules: list[Rule]) -> Iterator[str]:
    priorities = [rule["rulePriority"] for rule in rules]
    if len({*priorities}) < len(priorities):
        yield "two rules have one priority"
    for storage in ("standard", "archive"):
        of_class = [rule for rule in rules if rule["selection"].get("storageClass", "standard") == storage]
        selected = [_selected(rule["selection"]) for rule in of_class]
        if len({*selected}) < len(selected):
            yield f"two rules of the storage class {storage} select the same tags"
        last = max(of_class, key=lambda rule: rule["rulePriority"], default=None)
        if any(rule["selection"]["tagStatus"] == "any" and rule is not last for rule in of_class):
            yield "a rule for any image comes last"


def _selected(selection: Rule) -> tuple[str, ...]:
    return selection["tagStatus"], *selection.get("tagPatternList", ()), *selection.get("tagPrefixList", ())
