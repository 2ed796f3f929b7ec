"""A check of `goldenpath doctor`: a release with `approval: true` waits for a person.

A run that names a GitHub environment which does not exist creates it, without any rule, and starts at once. Required
reviewers exist in public repositories, and in private and internal ones on GitHub Enterprise only. Sources: GitHub,
"Managing environments for deployment", "Deployments and environments"; REST API, "Get an environment".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from goldenpath.delivery.github.environments import has_reviewers, review_rules
from goldenpath.delivery.rules import matrix
from goldenpath.shared.check_result import error, good, left_out, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.delivery.adoption.reusable_workflow import Caller
    from goldenpath.delivery.adoption.settings import RepositorySettings
    from goldenpath.shared.check_result import Remark

_ABOUT = "approval"
_QUOTED = re.compile(r"'([^']*)'")


def approval(caller: Caller, settings: RepositorySettings | None) -> Iterator[Remark]:
    """Yield for every environment of the caller whether a release to it waits for a person's approval.

    Yields nothing where neither the caller nor the platform's rules require an approval.
    """
    requested = caller.inputs.get("approval", "false").lower() != "false"
    for name in names(caller.inputs.get("environment", "")):
        required = matrix.load().environment(name).approval_required
        if required and not requested:
            what = f"{name} requires an approval, but {caller.file} does not set `approval: true`: ecr-push refuses it"
            yield error(_ABOUT, what, f"add `approval: true` under `with:` of the job `{caller.job}`")
        elif requested:
            yield _environment(name, settings)


def names(written: str) -> tuple[str, ...]:
    """Return the environments that the input `environment` can name; an expression can name several."""
    known = [environment.name for environment in matrix.load().environments if environment.name != matrix.LOCAL]
    if "${{" not in written:
        return (written,) if written in known else ()
    named = tuple(name for name in known if name in _QUOTED.findall(written))
    return named or tuple(known)


def _environment(name: str, settings: RepositorySettings | None) -> Remark:
    where = f"Settings → Environments → {name} → Required reviewers"
    if settings is None:
        return left_out(_ABOUT, f"it is unknown whether a release to {name} waits for a person", f"see {where}")
    repository, response = settings.get("").fields, settings.get(f"/environments/{quote(name, safe='')}")
    fix = f"{where}; a private repository needs GitHub Enterprise for it (docs/setup.md of the platform)"
    if response.fields is not None:
        return _rules(name, response.fields, fix)
    if response.is_absent and repository is not None:
        what = f"the GitHub environment {name} does not exist: the first release creates it without rules"
        return error(_ABOUT, what, fix)
    return left_out(_ABOUT, f"the token may not read the GitHub environment {name}", f"see {where}")


def _rules(name: str, environment: Mapping[str, Any], fix: str) -> Remark:
    if not has_reviewers(environment):
        what = f"the GitHub environment {name} has no required reviewers: no release to it waits for an approval"
        return error(_ABOUT, what, fix)
    if not any(rule.get("prevent_self_review") for rule in review_rules(environment)):
        what = f"the person who starts a release to {name} may approve it"
        return warning(_ABOUT, what, f"Settings → Environments → {name} → Prevent self-review")
    return good(_ABOUT, f"a release to {name} waits for the approval of another person")
