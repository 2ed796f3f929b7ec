"""The checks of `goldenpath doctor` that hold a caller's triggers against the branches that exist."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from goldenpath.delivery.adoption.check_result import error, good, left_out, warning
from goldenpath.delivery.adoption.protection_checks import released_to_prod
from goldenpath.delivery.adoption.triggers import environment_of
from goldenpath.delivery.rules import matrix

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from goldenpath.delivery.adoption.check_result import Remark
    from goldenpath.delivery.adoption.reusable_workflow import Caller

_ABOUT = "triggers"
_SHOWN = 5
_HEADS = "refs/heads/"
# Where work is merged in a repository that releases from another branch, the template's own name first.
DEVELOPMENT = ("development", "develop", "dev")


def development(branches: Collection[str] | None) -> str:
    """Return the branch among `branches` that delivers to dev; the template's own where there is none yet."""
    return next((name for name in DEVELOPMENT if name in (branches or ())), DEVELOPMENT[0])


def triggers(callers: Sequence[Caller], branches: frozenset[str] | None, default_branch: str) -> Iterator[Remark]:
    """Yield whether pushes to the `branches` start the callers, and whether their environments take them."""
    pushed = [each for each in callers if each.pushes and not each.pushes.is_tags_only]
    if not pushed:
        return
    if branches is None:
        what = "not all branches are known here, so the triggers were not compared with them"
        yield left_out(_ABOUT, what, "give a GITHUB_TOKEN, or use a clone with every branch and all of the history")
        return
    started = _ordered((name for name in branches if any(_starts(each, name) for each in pushed)), default_branch)
    if not started:
        yield _nothing_starts(pushed, branches, default_branch)
        return
    yield good(
        _ABOUT, f"a push to {_listed(started)} starts {' or '.join(dict.fromkeys(each.file for each in pushed))}"
    )
    for each in pushed:
        yield from _refused(each, branches, default_branch)
        yield from _absent(each, branches, default_branch)
    if default_branch and default_branch not in started:
        what = f"a merge into the default branch `{default_branch}` starts no delivery"
        yield warning(_ABOUT, what, f"add `{default_branch}` to `branches` under `on: push:`, or merge elsewhere")


def twice(callers: Sequence[Caller], branches: frozenset[str] | None) -> Iterator[Remark]:
    """Yield a warning where two callers release the same image to the same environment for the same push."""
    for one, other in combinations(callers, 2):
        images = sorted(_released(one) & _released(other))
        both = _both_start(one, other, branches or frozenset())
        if images and both:
            what = f"a push to {_listed(both)} releases {_listed([name for name, _ in images])} twice"
            where = one.file if one.file == other.file else f"{one.file} and {other.file}"
            yield warning(_ABOUT, f"{what}: {where}", f"keep one of the jobs `{one.job}` and `{other.job}`")


def _released(caller: Caller) -> set[tuple[str, str]]:
    return {(given.get("ecr_repository", ""), given.get("environment", "")) for given in caller.deliveries}


def branch(name: str, branches: frozenset[str] | None) -> Remark:
    """Return whether prod can be released to from the default branch `name`, or from another one that exists."""
    if not name:
        fix = "run `git remote set-head origin --auto`, or give GITHUB_TOKEN"
        return left_out("branch", "the default branch is not known here", fix)
    prod = matrix.load().environment("prod")
    if prod.allows_ref(_HEADS + name):
        return good("branch", f"the default branch `{name}` may be released to prod")
    released = [each for each in sorted(branches or ()) if prod.allows_ref(_HEADS + each)]
    if released:
        from_tags = prod.branches_of_tags(name)
        tags = f"; a release tag counts once its commit is on {_listed(from_tags)}" if from_tags else ""
        return good("branch", f"{_listed(released)} may be released to prod, the default branch `{name}` not{tags}")
    what = f"the default branch is `{name}`; prod takes only {', '.join(prod.refs)}"
    return warning("branch", what, _way_to_prod(name, branches or frozenset()))


def _way_to_prod(default_branch: str, branches: frozenset[str]) -> str:
    """Return how a repository without a branch that prod accepts gets one, whichever way it branches.

    `default_branch` may be empty: then it is the branch of those that such a repository usually has.
    """
    usual = (each for each in ("master", *DEVELOPMENT, *sorted(branches)) if each in branches)
    name = default_branch or next(usual, "master")
    wanted = next(iter(released_to_prod()), "main")
    others = f"release to prod by a tag `v1.2.3` on `{name}`, or have the platform team list the branch in `refs`"
    old = next((each for each in ("master", name) if each in {name, *branches}), name)
    if old in DEVELOPMENT:
        return f"create `{wanted}` from the last release and protect it; `{name}` stays the default branch. Or {others}"
    rename = f"gh api --method POST 'repos/{{owner}}/{{repo}}/branches/{old}/rename' -f new_name={wanted}"
    return f"rename `{old}` on GitHub, which keeps pull requests and rules: {rename}. Or {others}"


def _nothing_starts(callers: Sequence[Caller], branches: frozenset[str], default_branch: str) -> Remark:
    files = " or ".join(dict.fromkeys(each.file for each in callers))
    named = _listed(sorted({name for each in callers if each.pushes for name in each.pushes.names})) or "patterns"
    there = _listed(_ordered(branches, default_branch)) or "none"
    what = f"no push to a branch starts {files}: it names {named}, and the branches here are {there}"
    fix = "name a branch that exists under `on: push: branches:` and in `environment`"
    if branches and not branches & set(released_to_prod()):
        fix += f". For prod: {_way_to_prod(default_branch, branches)}"
    return error(_ABOUT, what, fix)


def _starts(caller: Caller, name: str) -> bool:
    return caller.pushes is not None and caller.pushes.starts(name)


def _refused(caller: Caller, branches: frozenset[str], default_branch: str) -> Iterator[Remark]:
    """Yield an error for each branch whose pushes start the caller, and which its environment does not take."""
    known = matrix.load()
    for name in _ordered((name for name in branches if _starts(caller, name)), default_branch):
        environment = _environment(caller, name)
        if environment and not known.environment(environment).allows_ref(_HEADS + name):
            refs = ", ".join(known.environment(environment).refs)
            what = f"a push to `{name}` delivers to {environment}, which takes only {refs}: ecr-push refuses it"
            fix = f"take `{name}` out of `on: push: branches:`, or name it in the expression of `environment`"
            if name == development(branches):
                fix = f"write `{name}` in place of `{DEVELOPMENT[0]}` in the expression of `environment`"
            elif environment == "prod" and not branches & set(released_to_prod()):
                fix = _way_to_prod(default_branch, branches)
            yield error(_ABOUT, what, fix)


def _absent(caller: Caller, branches: frozenset[str], default_branch: str) -> Iterator[Remark]:
    """Yield a warning for each branch that the caller names and that does not exist."""
    for name in caller.pushes.names if caller.pushes else ():
        if name in branches or not _starts(caller, name):
            continue
        environment, there = _environment(caller, name), development(branches)
        then = f", so no push delivers to {environment}" if environment else ""
        fix = f"create it (`git push origin {default_branch or 'HEAD'}:refs/heads/{name}`), or take it out"
        if environment == "dev" and there in branches:
            fix = f"write `{there}` in its place, also in the expression of `environment`"
        elif environment == "prod":
            fix = _way_to_prod(default_branch, branches)
        yield warning(_ABOUT, f"{caller.file} names the branch `{name}`, which does not exist{then}", fix)


def _environment(caller: Caller, name: str) -> str:
    names = [each.name for each in matrix.load().environments]
    return environment_of(caller.given.get("environment", ""), name, names)


def _both_start(one: Caller, other: Caller, branches: frozenset[str]) -> list[str]:
    if one.pushes is None or other.pushes is None:
        return []
    known = {*branches, *one.pushes.names, *other.pushes.names}
    return sorted(name for name in known if one.pushes.starts(name) and other.pushes.starts(name))


def _ordered(names: Collection[str] | Iterator[str], first: str) -> list[str]:
    return sorted(names, key=lambda name: (name != first, name))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(f"`{name}`" for name in names[:_SHOWN]) + more
