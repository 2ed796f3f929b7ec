"""The checks of `goldenpath doctor` in the platform's own repository: may registries be applied there as the docs say.

What they ask for stands in docs/registries.md ("What to set up, once"); the reasons in ADR 0014 and 0019. Sources:
GitHub REST API, "Get rules for a branch", "List CODEOWNERS errors", "Get an environment", "List deployment branch
policies", "Get a reference", "Get default workflow permissions for a repository".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import yaml

from goldenpath.delivery.adoption.check_result import Level, error, good, left_out, warning
from goldenpath.delivery.adoption.settings import listed
from goldenpath.delivery.github.environments import has_reviewers, review_rules
from goldenpath.delivery.rules import matrix

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from goldenpath.delivery.adoption.check_result import Remark
    from goldenpath.delivery.adoption.checkout import Checkout
    from goldenpath.delivery.adoption.remote_checks import Forge
    from goldenpath.delivery.adoption.settings import Settings

APPLY = ".github/workflows/_apply-registries.yml"
PUSHED = ".github/workflows/ecr-auto-apply.yml"
# The branch that registries are merged into.
MERGED = "development"
_DOCS = "docs/registries.md"
_RULESETS = "Settings → Rules → Rulesets → Import a ruleset: docs/templates/protection"
_OPENING = "Settings → Actions → General → Allow GitHub Actions to create and approve pull requests"
_REVIEW = {
    "required_approving_review_count": "an approval",
    "require_code_owner_review": "the review of a code owner",
    "dismiss_stale_reviews_on_push": "a new approval after each push",
    "require_last_push_approval": "that somebody else approves the last push",
}
_KEPT = {"non_fast_forward": "that nobody force-pushes", "deletion": "that nobody deletes it"}


def is_platform(folder: Path) -> bool:
    """Tell whether the checkout `folder` is the platform's own repository, or an organisation's copy of it."""
    return (folder / APPLY).is_file()


def default_branch(name: str) -> Iterator[Remark]:
    """Yield a warning where registries are merged into the default branch, whose code applies them."""
    if name == MERGED:
        what = f"`{MERGED}` is the default branch: what is merged with a registry is the code that applies it"
        yield warning("branch", what, "make another one (`main`) the default branch: docs/setup.md, step 6")


def applied(checkout: Checkout, branch: str) -> Remark:
    """Return whether a push calls the apply of this repository's default branch `branch`, as the roles trust it."""
    about, wanted = "apply", f"{checkout.slug}/{APPLY}@{branch}"
    if not (checkout.slug and branch):
        what = f"whether {PUSHED} calls the apply of the default branch is not known here"
        return left_out(about, what, "give a GITHUB_TOKEN, and have the remote `origin` on GitHub")
    used = _uses(checkout.folder / PUSHED)
    if [_lower_slug(each) for each in used] == [_lower_slug(wanted)]:
        return good(about, f"{PUSHED} calls the apply of the default branch, `{branch}`")
    what = f"{PUSHED} calls {' and '.join(used) or 'nothing'}; the apply roles trust {wanted}"
    return error(about, what, f"write `uses: {wanted}`, in one job without steps ({_DOCS})")


def _uses(file: Path) -> list[str]:
    """Return what the jobs of a workflow call; nothing where it cannot be read."""
    try:
        tree = yaml.safe_load(file.read_text(encoding="utf-8", errors="replace"))
    except (OSError, yaml.YAMLError):
        return []
    jobs = tree.get("jobs") if isinstance(tree, dict) else None
    found = jobs.values() if isinstance(jobs, dict) else ()
    return [str(job["uses"]) for job in found if isinstance(job, dict) and "uses" in job]


def _lower_slug(use: str) -> str:
    slug, folder, rest = use.partition("/.github/")
    return slug.lower() + folder + rest


def reviews(branch: str, settings: Settings) -> Iterator[Remark]:
    """Yield what keeps a change out of `development` and the default branch `branch` that no code owner approved."""
    for name in dict.fromkeys((MERGED, branch or MERGED)):
        yield _rules(name, settings)
    yield _owners(settings)


def _rules(branch: str, settings: Settings) -> Remark:
    about, name = "protection", quote(branch, safe="")
    body = settings.get(f"/rules/branches/{name}?per_page=100").body
    if not isinstance(body, list):
        what = f"this token may not read the rules of `{branch}`"
        return left_out(about, what, "see Settings → Rules, or give a token that may read the repository")
    rules = [each for each in body if isinstance(each, dict)]
    lacking = _lacking(rules)
    fix = f"{_RULESETS}/default-branch.json, with `refs/heads/{MERGED}` among its branches"
    if not lacking:
        return good(about, f"`{branch}` demands the review of a code owner, and is neither rewritten nor deleted")
    if not rules and (settings.get(f"/branches/{name}").fields or {}).get("protected"):
        what = f"`{branch}` is protected, but not by a ruleset: what its protection demands is not visible"
        return left_out(about, what, f"see Settings → Branches, or {fix}")
    return error(about, f"no ruleset for `{branch}` demands {', '.join(lacking)}", fix)


def _lacking(rules: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what none of the `rules` demands. GitHub adds the rules of several rulesets up."""
    pulls = [each.get("parameters") or {} for each in rules if each.get("type") == "pull_request"]
    kinds = {each.get("type") for each in rules}
    unreviewed = [words for name, words in _REVIEW.items() if not any(each.get(name) for each in pulls)]
    return [*unreviewed, *(words for kind, words in _KEPT.items() if kind not in kinds)]


def _owners(settings: Settings) -> Remark:
    errors = listed(settings.get(f"/codeowners/errors?ref={MERGED}"), "errors")
    if errors is None:
        what = f"there is no CODEOWNERS in `{MERGED}`, or this token may not read it"
        return left_out("protection", what, "open .github/CODEOWNERS on github.com: it marks the lines that it ignores")
    if errors:
        lines = ", ".join(f"{each.get('line')} ({each.get('kind')})" for each in errors)
        what = f"GitHub ignores lines of CODEOWNERS in `{MERGED}`, so nobody owns what they name: {lines}"
        return error("protection", what, "name a team that may write here: docs/setup.md, step 1")
    return good("protection", "GitHub understands every line of CODEOWNERS")


def opening(guards: Sequence[Remark], settings: Settings) -> Remark:
    """Return whether workflows may open pull requests, as the wizard does. Then they may approve any as well.

    Such an approval is not a code owner's: where all `guards`, the remarks of `reviews`, are good, it decides nothing
    that has an owner.
    """
    about, found = "pull requests", settings.get("/actions/permissions/workflow").fields
    opened = "workflows may open pull requests, as the wizard does, and so approve them too"
    safer = f'see {_DOCS}, "Why a workflow must not approve"'
    if found is None:
        return left_out(about, "this token may not read whether workflows may open pull requests", f"see {_OPENING}")
    if not found.get("can_approve_pull_request_reviews"):
        what = "workflows may not open pull requests: the wizard and bump.yml need it, or a GitHub App's token"
        return warning(about, what, f"{_OPENING}, once the rules for branches are there; {safer}")
    match max(each.level for each in guards):
        case Level.GOOD:
            return good(about, f"{opened}: that counts for no file that CODEOWNERS names")
        case Level.LEFT_OUT:
            return left_out(about, f"{opened}; whether that counts is not known here", safer)
        case _:
            what = f"{opened}: with that, a single person can merge a change of their own"
            return error(about, what, f"do what stands beside `protection`, or switch it off until then; {safer}")


def environments(settings: Settings) -> Iterator[Remark]:
    """Yield who may enter the GitHub environments that hold the apply roles."""
    for each in matrix.load().environments:
        if each.name != matrix.LOCAL:
            yield from _environment(f"registry-apply-{each.name}", settings)


def _environment(name: str, settings: Settings) -> Iterator[Remark]:
    where, reply = f"Settings → Environments → {name}", settings.get(f"/environments/{name}")
    if reply.fields is not None:
        remarks = [*_deploying(name, reply.fields, settings, where), *_reviewers(name, reply.fields, where)]
        yield from remarks or [good("environment", f"{name}: `{MERGED}` alone deploys, and somebody else approves it")]
    elif reply.is_absent and settings.get("").fields is not None:
        what = f"there is no GitHub environment {name}: the first apply creates it, without a rule"
        yield error("environment", what, f"make it as {_DOCS} says")
    else:
        yield left_out("environment", f"this token may not read the GitHub environment {name}", f"see {where}")


def _deploying(name: str, environment: Mapping[str, Any], settings: Settings, where: str) -> Iterator[Remark]:
    """Yield what is wrong where other branches than `development` may deploy, or it may not."""
    branches = _branches(name, environment, settings)
    if branches is None:
        yield left_out("environment", f"this token may not read which branches deploy to {name}", f"see {where}")
    elif branches != [f"branch `{MERGED}`"]:
        what = f"{' and '.join(branches) or 'nothing'} may deploy to {name}; it is for the branch `{MERGED}` alone"
        yield error("environment", what, f"{where} → Deployment branches and tags → Selected: {MERGED}")


def _branches(name: str, environment: Mapping[str, Any], settings: Settings) -> list[str] | None:
    """Return in words which branches may deploy; `None` where the token may not read them."""
    policy = environment.get("deployment_branch_policy")
    if not policy:
        return ["every branch and tag"]
    if policy.get("protected_branches"):
        return ["every protected branch"]
    found = listed(settings.get(f"/environments/{name}/deployment-branch-policies?per_page=100"), "branch_policies")
    return None if found is None else [f"{each.get('type') or 'branch'} `{each.get('name')}`" for each in found]


def _reviewers(name: str, environment: Mapping[str, Any], where: str) -> Iterator[Remark]:
    if not has_reviewers(environment):
        what = f"{name} has no required reviewers: should everything else fail, nobody is asked before an apply"
        yield warning("environment", what, f"{where} → Required reviewers (docs/setup.md says on which plans)")
    elif not any(each.get("prevent_self_review") for each in review_rules(environment)):
        what = f"whoever merges a registry may approve its way into {name}"
        yield warning("environment", what, f"{where} → Prevent self-review")


def tag(branch: str, forge: Forge | None, settings: Settings) -> Remark:
    """Return whether a tag has the name of the default branch `branch`, or may get it: GitHub may call that one."""
    what = "whether a tag has, or may get, the name of the default branch is not known here"
    unknown = left_out("tag", what, "give a GITHUB_TOKEN that may read the repository")
    if not branch:
        return unknown
    head, same = (settings.get(f"/git/ref/{kind}/{quote(branch)}") for kind in ("heads", "tags"))
    if same.fields is not None:
        what = f"there is a tag `{branch}`: the apply that a push calls may be that of the tag"
        return error("tag", what, f"git push --delete origin refs/tags/{branch}")
    rules = forge.tag_rules(branch) if forge else None
    # To a token that may not read refs GitHub may say that none is there; the branch is.
    if head.fields is None or not same.is_absent or rules is None:
        return unknown
    if "creation" not in rules:
        what = f"everybody with write access can make a tag `{branch}`, which may be called in place of the branch"
        return warning("tag", what, f"{_RULESETS}/release-tags.json, with `refs/tags/{branch}` among its tags")
    return good("tag", f"there is no tag `{branch}`, and only those who may bypass the ruleset can make it")
