"""Checks of `goldenpath doctor`: the triggers of a caller fit the existing branches."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from goldenpath.delivery.adoption.protection_checks import released_to_prod
from goldenpath.delivery.adoption.triggers import environment_of
from goldenpath.delivery.rules import matrix
from goldenpath.shared.check_result import error, good, left_out, warning

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from goldenpath.delivery.adoption.reusable_workflow import Caller
    from goldenpath.shared.check_result import Remark

_ABOUT = "triggers"
_MAX_SHOWN = 5
_HEADS = "refs/heads/"
# The usual names of a branch that collects work before a release; the templates use the first one.
DEVELOPMENT = ("development", "develop", "dev")


def development(branches: Collection[str] | None) -> str:
    """Return the one of `branches` that delivers to dev; the name in the templates where none exists yet."""
    return next((name for name in DEVELOPMENT if name in (branches or ())), DEVELOPMENT[0])


def triggers(callers: Sequence[Caller], branches: frozenset[str] | None, default_branch: str) -> Iterator[Remark]:
    """Yield whether pushes to the `branches` start the callers, and whether their environments accept the branches."""
    started_by_push = [caller for caller in callers if caller.pushes and not caller.pushes.is_tags_only]
    if not started_by_push:
        return
    if branches is None:
        what = "this clone does not know all branches, so they were not compared with the triggers"
        yield left_out(_ABOUT, what, "set GITHUB_TOKEN, or use a clone with every branch and the whole history")
        return
    starting = [name for name in branches if any(_starts(caller, name) for caller in started_by_push)]
    if not starting:
        yield _nothing_starts(started_by_push, branches, default_branch)
        return
    yield good(_ABOUT, f"a push to {_listed(_ordered(starting, default_branch))} starts {_files(started_by_push)}")
    for caller in started_by_push:
        yield from _refused_branches(caller, branches, default_branch)
        yield from _missing_branches(caller, branches, default_branch)
    if default_branch and default_branch not in starting:
        what = f"a merge into the default branch `{default_branch}` starts no delivery"
        yield warning(_ABOUT, what, f"add `{default_branch}` to `branches` under `on: push:`, or merge elsewhere")


def duplicate_releases(callers: Sequence[Caller], branches: frozenset[str] | None) -> Iterator[Remark]:
    """Yield a warning where two callers release one image to the same environment for the same push."""
    for one, other in combinations(callers, 2):
        images = sorted(_released(one) & _released(other))
        both = _both_start(one, other, branches or frozenset())
        if images and both:
            what = f"a push to {_listed(both)} releases {_listed([name for name, _ in images])} twice"
            where = one.file if one.file == other.file else f"{one.file} and {other.file}"
            yield warning(_ABOUT, f"{what}: {where}", f"keep one of the jobs `{one.job}` and `{other.job}`")


def _released(caller: Caller) -> set[tuple[str, str]]:
    return {(inputs.get("ecr_repository", ""), inputs.get("environment", "")) for inputs in caller.deliveries}


def branch(name: str, branches: frozenset[str] | None) -> Remark:
    """Return whether the default branch `name`, or another existing branch, may be released to prod."""
    if not name:
        fix = "run `git remote set-head origin --auto`, or set GITHUB_TOKEN"
        return left_out("branch", "the default branch is unknown", fix)
    prod = matrix.load().environment("prod")
    if prod.allows_ref(_HEADS + name):
        return good("branch", f"the default branch `{name}` may be released to prod")
    allowed = [other for other in sorted(branches or ()) if prod.allows_ref(_HEADS + other)]
    if allowed:
        from_tags = prod.branches_of_tags(name)
        tags = f"; a release tag counts once its commit is on {_listed(from_tags)}" if from_tags else ""
        what = f"{_listed(allowed)} may be released to prod, but the default branch `{name}` may not{tags}"
        return good("branch", what)
    what = f"the default branch is `{name}`, but prod accepts only {', '.join(prod.refs)}"
    return warning("branch", what, _way_to_prod(name, branches or frozenset()))


def _way_to_prod(default_branch: str, branches: frozenset[str]) -> str:
    """Return how a repository gets a branch that prod accepts: with one branch, or with a separate development branch.

    Where `default_branch` is empty, it assumes the first usual name among `branches`.
    """
    usual = (branch for branch in ("master", *DEVELOPMENT, *sorted(branches)) if branch in branches)
    name = default_branch or next(usual, "master")
    accepted = next(iter(released_to_prod()), "main")
    others = f"release to prod by a tag `v1.2.3` on `{name}`, or have the platform team list the branch in `refs`"
    old = "master" if "master" in branches else name
    if old in DEVELOPMENT:
        create = f"create `{accepted}` from the last release and protect it; `{name}` stays the default branch"
        return f"{create}. Or {others}"
    rename = f"gh api --method POST 'repos/{{owner}}/{{repo}}/branches/{old}/rename' -f new_name={accepted}"
    return f"rename `{old}` on GitHub, which keeps pull requests and rules: {rename}. Or {others}"


def _nothing_starts(callers: Sequence[Caller], branches: frozenset[str], default_branch: str) -> Remark:
    names = {name for caller in callers if caller.pushes for name in caller.pushes.names}
    named = _listed(sorted(names)) or "patterns"
    existing = _listed(_ordered(branches, default_branch)) or "none"
    what = f"no push to a branch starts {_files(callers)}: it names {named}, and the existing branches are {existing}"
    fix = "name an existing branch under `on: push: branches:` and in `environment`"
    if branches and not branches & set(released_to_prod()):
        fix += f". For prod: {_way_to_prod(default_branch, branches)}"
    return error(_ABOUT, what, fix)


def _starts(caller: Caller, name: str) -> bool:
    return caller.pushes is not None and caller.pushes.starts(name)


def _refused_branches(caller: Caller, branches: frozenset[str], default_branch: str) -> Iterator[Remark]:
    """Yield an error for every branch that starts the caller and that its environment does not accept."""
    policy = matrix.load()
    for name in _ordered([name for name in branches if _starts(caller, name)], default_branch):
        environment = _environment(caller, name)
        if environment and not policy.environment(environment).allows_ref(_HEADS + name):
            refs = ", ".join(policy.environment(environment).refs)
            what = f"a push to `{name}` delivers to {environment}, which accepts only {refs}: ecr-push refuses it"
            fix = f"remove `{name}` from `on: push: branches:`, or name it in the expression of `environment`"
            if name == development(branches):
                fix = f"replace `{DEVELOPMENT[0]}` with `{name}` in the expression of `environment`"
            elif environment == "prod" and not branches & set(released_to_prod()):
                fix = _way_to_prod(default_branch, branches)
            yield error(_ABOUT, what, fix)


def _missing_branches(caller: Caller, branches: frozenset[str], default_branch: str) -> Iterator[Remark]:
    """Yield a warning for every branch that the caller names and that does not exist."""
    for name in caller.pushes.names if caller.pushes else ():
        if name in branches or not _starts(caller, name):
            continue
        environment, existing = _environment(caller, name), development(branches)
        consequence = f", so no push delivers to {environment}" if environment else ""
        fix = f"create it (`git push origin {default_branch or 'HEAD'}:refs/heads/{name}`), or remove it"
        if environment == "dev" and existing in branches:
            fix = f"replace it with `{existing}`, also in the expression of `environment`"
        elif environment == "prod":
            fix = _way_to_prod(default_branch, branches)
        yield warning(_ABOUT, f"{caller.file} names the branch `{name}`, which does not exist{consequence}", fix)


def _environment(caller: Caller, name: str) -> str:
    names = [environment.name for environment in matrix.load().environments]
    return environment_of(caller.inputs.get("environment", ""), name, names)


def _both_start(one: Caller, other: Caller, branches: frozenset[str]) -> list[str]:
    if one.pushes is None or other.pushes is None:
        return []
    known = {*branches, *one.pushes.names, *other.pushes.names}
    return sorted(name for name in known if one.pushes.starts(name) and other.pushes.starts(name))


def _files(callers: Sequence[Caller]) -> str:
    return " or ".join(dict.fromkeys(caller.file for caller in callers))


def _ordered(names: Collection[str], first: str) -> list[str]:
    return sorted(names, key=lambda name: (name != first, name))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_SHOWN} more" if len(names) > _MAX_SHOWN else ""
    return ", ".join(f"`{name}`" for name in names[:_MAX_SHOWN]) + more
