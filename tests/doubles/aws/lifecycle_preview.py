"""A double of ECR's evaluator of lifecycle policies, written from the user guide and not from our simulator.

It works as the guide describes it, in two passes: every rule marks images, then the rules are applied in the order of
their priorities. Source: Amazon ECR user guide, "Lifecycle policy evaluation rules".
"""

from __future__ import annotations

import fnmatch
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt

    Body = dict[str, Any]


def matches(pattern: str, tag: str) -> bool:
    """Tell whether `tag` matches a pattern, whose only wildcard is `*`."""
    escaped = re.sub(r"[?\[]", lambda sign: f"[{sign[0]}]", pattern)
    return fnmatch.fnmatchcase(tag, escaped)


def results(policy: str, images: list[Body], parts: set[str], now: dt.datetime) -> list[Body]:
    """Return the results of a preview of `policy` for `images`, as `GetLifecyclePolicyPreview` has them.

    `images` are image details as `DescribeImages` has them, of every status; `parts` are listed by an index.
    """
    rules = sorted(json.loads(policy)["rules"], key=lambda rule: rule["rulePriority"])
    candidates = [image for image in images if "subjectManifestDigest" not in image]
    marks = [(rule, _matching(rule, candidates), _marked(rule, candidates, now)) for rule in rules]
    seen: set[str] = set()
    chosen: list[Body] = []
    for rule, matching, marked in marks:
        chosen += [_result(image, rule) for image in marked if image["imageDigest"] not in seen | parts]
        seen |= {image["imageDigest"] for image in matching}
    return chosen


def _matching(rule: Body, images: list[Body]) -> list[Body]:
    selection = rule["selection"]
    status = "ARCHIVED" if selection.get("storageClass") == "archive" else "ACTIVE"
    return [image for image in images if image["imageStatus"] == status and _fits(selection, image)]


def _fits(selection: Body, image: Body) -> bool:
    tags = image.get("imageTags") or []
    match selection["tagStatus"]:
        case "any":
            return True
        case "untagged":
            return not tags
        case _:
            patterns = selection.get("tagPatternList") or [f"{prefix}*" for prefix in selection["tagPrefixList"]]
            return all(any(matches(pattern, tag) for tag in tags) for pattern in patterns)


def _marked(rule: Body, images: list[Body], now: dt.datetime) -> list[Body]:
    selection, number = rule["selection"], rule["selection"]["countNumber"]
    youngest_first = sorted(_matching(rule, images), key=_pushed, reverse=True)
    match selection["countType"]:
        case "imageCountMoreThan":
            return youngest_first[number:]
        case "sinceImagePushed":
            return [image for image in youngest_first if (now - _pushed(image)).total_seconds() > number * 86400]
        case "sinceImagePulled":
            return [image for image in youngest_first if (now - _pulled(image)).total_seconds() > number * 86400]
        case "sinceImageTransitioned":
            since = {image["imageDigest"]: (now - image["lastArchivedAt"]).total_seconds() for image in youngest_first}
            return [image for image in youngest_first if since[image["imageDigest"]] > number * 86400]
    raise AssertionError(selection)


def _pushed(image: Body) -> dt.datetime:
    pushed: dt.datetime = image.get("lastActivatedAt") or image["imagePushedAt"]
    return pushed


def _pulled(image: Body) -> dt.datetime:
    pulled, activated = image.get("lastRecordedPullTime"), image.get("lastActivatedAt")
    if pulled and not (activated and activated > pulled):
        return pulled  # type: ignore[no-any-return]
    return _pushed(image)


def _result(image: Body, rule: Body) -> Body:
    action: Body = {"type": rule["action"]["type"].upper()}
    if action["type"] == "TRANSITION":
        action["targetStorageClass"] = rule["action"]["targetStorageClass"].upper()
    return {
        "imageTags": image.get("imageTags") or [],
        "imageDigest": image["imageDigest"],
        "imagePushedAt": image["imagePushedAt"],
        "action": action,
        "appliedRulePriority": rule["rulePriority"],
        "storageClass": "ARCHIVE" if image["imageStatus"] == "ARCHIVED" else "STANDARD",
    }
