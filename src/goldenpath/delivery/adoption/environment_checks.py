"""The check of `goldenpath doctor` that `approval: true` asks somebody.

A run that names a GitHub environment which does not exist creates it, without any rule, and starts at once. Required
reviewers exist in public repositories, and in private and internal ones on GitHub Enterprise only. Sources: GitHub,
"Managing environments for deployment", "Deployments and environments"; REST API, "Get an environment".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from goldenpath.delivery.adoption.check_result import error, good, left_out, warning
from goldenpath.delivery.github.environments import has_reviewers, review_rules
from goldenpath.delivery.rules import matrix

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.delivery.adoption.check_result import Remark
    from goldenpath.delivery.adoption.reusable_workflow import Caller
    from goldenpath.delivery.adoption.settings import Settings

_ABOUT = "approval"
_QUOTED = re.compile(r"'([^']*)'")


def approval(caller: Caller, settings: Settings | None) -> Iterator[Remark]:
    """Yield for each environment that a caller releases to with `approval` whether a release to it waits for a person.

    Nothing where the caller does not ask for an approval and the platform's rules do not demand one.
    """
    asks = caller.given.get("approval", "false").lower() != "false"
    for name in names(caller.given.get("environment", "")):
        demanded = matrix.load().environment(name).approval_required
        if demanded and not asks:
            what = f"{name} demands an approval, and {caller.file} does not give `approval: true`: ecr-push refuses it"
            yield error(_ABOUT, what, f"add `approval: true` under `with:` of the job `{caller.job}`")
        elif asks:
            yield _environment(name, settings)


def names(written: str) -> tuple[str, ...]:
    """Return the environments that the input `environment` can name: it may be an expression with several."""
    known = [each.name for each in matrix.load().environments if each.name != matrix.LOCAL]
    if "${{" not in written:
        return (written,) if written in known else ()
    named = tuple(name for name in known if name in _QUOTED.findall(written))
    return named or tuple(known)


def _environment(name: str, settings: Settings | None) -> Remark:
    where = f"Settings → Environments → {name} → Required reviewers"
    if settings is None:
        return left_out(_ABOUT, f"whether a release to {name} waits for anybody is not known here", f"see {where}")
    repository, reply = settings.get("").fields, settings.get(f"/environments/{quote(name, safe='')}")
    fix = f"{where}; a private repository needs GitHub Enterprise for it (docs/setup.md of the platform)"
    if reply.fields is not None:
        return _rules(name, reply.fields, fix)
    if reply.is_absent and repository is not None:
        what = f"there is no GitHub environment {name}: the first release creates it without a rule, and asks nobody"
        return error(_ABOUT, what, fix)
    return left_out(_ABOUT, f"this token may not read the GitHub environment {name}", f"see {where}")


def _rules(name: str, environment: Mapping[str, Any], fix: str) -> Remark:
    if not has_reviewers(environment):
        what = f"the GitHub environment {name} has no required reviewers: `approval: true` asks nobody"
        return error(_ABOUT, what, fix)
    if not any(each.get("prevent_self_review") for each in review_rules(environment)):
        what = f"whoever starts a release to {name} may approve it"
        return warning(_ABOUT, what, f"Settings → Environments → {name} → Prevent self-review")
    return good(_ABOUT, f"a release to {name} waits until somebody else approves it")
