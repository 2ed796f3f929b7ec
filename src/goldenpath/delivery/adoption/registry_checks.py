"""Checks of `goldenpath doctor`: the platform's own repository is set up to apply registries safely.

The set-up is in docs/registries.md ("What to set up, once"), the reasons are in ADR 0014 and ADR 0019. Sources:
GitHub REST API, "Get rules for a branch", "List CODEOWNERS errors", "Get an environment", "List deployment branch
policies", "Get a reference", "Get default workflow permissions for a repository".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import yaml

from goldenpath.delivery.adoption.settings import listed, objects
from goldenpath.delivery.github.environments import has_reviewers, review_rules
from goldenpath.delivery.rules import matrix
from goldenpath.shared.check_result import Level, error, good, left_out, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from goldenpath.delivery.adoption.checkout import GitCheckout
    from goldenpath.delivery.adoption.remote_checks import RepositoryFacts
    from goldenpath.delivery.adoption.settings import RepositorySettings
    from goldenpath.shared.check_result import Remark

APPLY = ".github/workflows/_apply-registries.yml"
AUTO_APPLY = ".github/workflows/ecr-auto-apply.yml"
# Changes to registries are merged into this branch.
MERGE_BRANCH = "development"
_DOCS = "docs/registries.md"
_RULESETS = "Settings → Rules → Rulesets → Import a ruleset: docs/templates/protection"
_PULL_REQUESTS = "Settings → Actions → General → Allow GitHub Actions to create and approve pull requests"
_REVIEW_RULES = {
    "required_approving_review_count": "an approval",
    "require_code_owner_review": "the review of a code owner",
    "dismiss_stale_reviews_on_push": "a new approval after each push",
    "require_last_push_approval": "that another person approves the last push",
}
_BRANCH_RULES = {"non_fast_forward": "that nobody force-pushes", "deletion": "that nobody deletes it"}


def is_platform(folder: Path) -> bool:
    """Return whether the checkout `folder` is the platform's own repository, or an organisation's copy of it."""
    return (folder / APPLY).is_file()


def default_branch(name: str) -> Iterator[Remark]:
    """Yield a warning where a change to a registry is merged into the default branch, whose code applies it."""
    if name == MERGE_BRANCH:
        what = f"`{MERGE_BRANCH}` is the default branch: a merge with a registry can change the code that applies it"
        yield warning("branch", what, "make another branch (`main`) the default branch: docs/setup.md, step 6")


def apply_workflow(checkout: GitCheckout, branch: str) -> Remark:
    """Return whether a push calls the apply workflow of the default branch `branch`, which the roles trust."""
    about, trusted = "apply", f"{checkout.slug}/{APPLY}@{branch}"
    if not (checkout.slug and branch):
        what = f"it is unknown whether {AUTO_APPLY} calls the apply workflow of the default branch"
        return left_out(about, what, "set a GITHUB_TOKEN, and check that the remote `origin` is on GitHub")
    called = _called_workflows(checkout.folder / AUTO_APPLY)
    if [_lower_slug(workflow) for workflow in called] == [_lower_slug(trusted)]:
        return good(about, f"{AUTO_APPLY} calls the apply workflow of the default branch, `{branch}`")
    what = f"{AUTO_APPLY} calls {' and '.join(called) or 'nothing'}, but the apply roles trust {trusted}"
    return error(about, what, f"write `uses: {trusted}`, in one job without steps ({_DOCS})")


def _called_workflows(file: Path) -> list[str]:
    """Return the workflows that the jobs of a workflow call; empty where the file cannot be read."""
    try:
        tree = yaml.safe_load(file.read_text(encoding="utf-8", errors="replace"))
    except (OSError, yaml.YAMLError):
        return []
    jobs = tree.get("jobs") if isinstance(tree, dict) else None
    entries = jobs.values() if isinstance(jobs, dict) else ()
    return [str(job["uses"]) for job in entries if isinstance(job, dict) and "uses" in job]


def _lower_slug(use: str) -> str:
    slug, folder, rest = use.partition("/.github/")
    return slug.lower() + folder + rest


def reviews(branch: str, settings: RepositorySettings) -> Iterator[Remark]:
    """Yield whether `development` and the default branch `branch` accept only changes that a code owner approved."""
    for name in dict.fromkeys((MERGE_BRANCH, branch or MERGE_BRANCH)):
        yield _rules(name, settings)
    yield _owners(settings)


def _rules(branch: str, settings: RepositorySettings) -> Remark:
    about, name = "protection", quote(branch, safe="")
    rules = objects(settings.get(f"/rules/branches/{name}?per_page=100").body)
    if rules is None:
        what = f"the token may not read the rules of `{branch}`"
        return left_out(about, what, "see Settings → Rules, or use a token that may read the repository")
    missing = _missing_rules(rules)
    fix = f"{_RULESETS}/default-branch.json, with `refs/heads/{MERGE_BRANCH}` among its branches"
    if not missing:
        return good(about, f"`{branch}` requires the review of a code owner, and nobody can rewrite or delete it")
    if not rules and (settings.get(f"/branches/{name}").fields or {}).get("protected"):
        what = f"`{branch}` is protected, but not by a ruleset, so the details of its protection are not visible"
        return left_out(about, what, f"see Settings → Branches, or {fix}")
    return error(about, f"no ruleset for `{branch}` requires {', '.join(missing)}", fix)


def _missing_rules(rules: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the requirements that none of the `rules` has, in words. GitHub combines the rules of all rulesets."""
    parameters = [rule.get("parameters") or {} for rule in rules if rule.get("type") == "pull_request"]
    types = {rule.get("type") for rule in rules}
    missing = [text for name, text in _REVIEW_RULES.items() if not any(review.get(name) for review in parameters)]
    return [*missing, *(text for name, text in _BRANCH_RULES.items() if name not in types)]


def _owners(settings: RepositorySettings) -> Remark:
    errors = listed(settings.get(f"/codeowners/errors?ref={MERGE_BRANCH}"), "errors")
    if errors is None:
        what = f"`{MERGE_BRANCH}` has no CODEOWNERS, or the token may not read it"
        return left_out(
            "protection", what, "open .github/CODEOWNERS on github.com, which marks the lines that it ignores"
        )
    if errors:
        lines = ", ".join(f"{problem.get('line')} ({problem.get('kind')})" for problem in errors)
        what = f"GitHub ignores lines of CODEOWNERS in `{MERGE_BRANCH}`, so their files have no owner: {lines}"
        return error("protection", what, "name a team with write access: docs/setup.md, step 1")
    return good("protection", "GitHub understands every line of CODEOWNERS")


def pull_requests(guards: Sequence[Remark], settings: RepositorySettings) -> Remark:
    """Return whether workflows may open pull requests, which the wizard needs. They may then also approve any.

    Such an approval is not a code owner's. Where all `guards`, the remarks of `reviews`, are good, it has no effect on
    files that have an owner.
    """
    about, permissions = "pull requests", settings.get("/actions/permissions/workflow").fields
    allowed = "workflows may open pull requests, which the wizard needs, so they may also approve them"
    reason = f'see {_DOCS}, "Why a workflow must not approve"'
    if permissions is None:
        what = "the token may not read whether workflows may open pull requests"
        return left_out(about, what, f"see {_PULL_REQUESTS}")
    if not permissions.get("can_approve_pull_request_reviews"):
        what = "workflows may not open pull requests: the wizard and bump.yml need that, or a token of a GitHub App"
        return warning(about, what, f"{_PULL_REQUESTS}, after the rules for branches exist; {reason}")
    match max(guard.level for guard in guards):
        case Level.GOOD:
            return good(about, f"{allowed}; such an approval does not count for a file that CODEOWNERS names")
        case Level.LEFT_OUT:
            return left_out(about, f"{allowed}; it is unknown whether such an approval counts", reason)
        case _:
            what = f"{allowed}: with such an approval, one person can merge their own change"
            return error(about, what, f"fix the problems under `protection`, or disable this until then; {reason}")


def environments(settings: RepositorySettings) -> Iterator[Remark]:
    """Yield which branches may deploy to the GitHub environments of the apply roles, and who has to approve."""
    for environment in matrix.load().environments:
        if environment.name != matrix.LOCAL:
            yield from _environment(f"registry-apply-{environment.name}", settings)


def _environment(name: str, settings: RepositorySettings) -> Iterator[Remark]:
    where, response = f"Settings → Environments → {name}", settings.get(f"/environments/{name}")
    if response.fields is not None:
        remarks = [*_deploying(name, response.fields, settings, where), *_reviewers(name, response.fields, where)]
        yield from remarks or [
            good("environment", f"{name}: only `{MERGE_BRANCH}` deploys, with the approval of another person")
        ]
    elif response.is_absent and settings.get("").fields is not None:
        what = f"the GitHub environment {name} does not exist: the first apply creates it without rules"
        yield error("environment", what, f"create it as described in {_DOCS}")
    else:
        yield left_out("environment", f"the token may not read the GitHub environment {name}", f"see {where}")


def _deploying(name: str, environment: Mapping[str, Any], settings: RepositorySettings, where: str) -> Iterator[Remark]:
    """Yield an error unless `development` is the only branch that may deploy."""
    branches = _branches(name, environment, settings)
    if branches is None:
        yield left_out("environment", f"the token may not read which branches deploy to {name}", f"see {where}")
    elif branches != [f"branch `{MERGE_BRANCH}`"]:
        what = (
            f"{' and '.join(branches) or 'nothing'} may deploy to {name}, but only the branch `{MERGE_BRANCH}` should"
        )
        yield error("environment", what, f"{where} → Deployment branches and tags → Selected: {MERGE_BRANCH}")


def _branches(name: str, environment: Mapping[str, Any], settings: RepositorySettings) -> list[str] | None:
    """Return descriptions of the branches that may deploy; `None` where the token may not read them."""
    kind = environment.get("deployment_branch_policy")
    if not kind:
        return ["every branch and tag"]
    if kind.get("protected_branches"):
        return ["every protected branch"]
    response = settings.get(f"/environments/{name}/deployment-branch-policies?per_page=100")
    policies = listed(response, "branch_policies")
    if policies is None:
        return None
    return [f"{policy.get('type') or 'branch'} `{policy.get('name')}`" for policy in policies]


def _reviewers(name: str, environment: Mapping[str, Any], where: str) -> Iterator[Remark]:
    if not has_reviewers(environment):
        what = f"{name} has no required reviewers: if all other protections fail, no person stops an apply"
        yield warning(
            "environment", what, f"{where} → Required reviewers (docs/setup.md lists the plans that have them)"
        )
    elif not any(rule.get("prevent_self_review") for rule in review_rules(environment)):
        what = f"the person who merges a change to a registry may approve its apply in {name}"
        yield warning("environment", what, f"{where} → Prevent self-review")


def tag(branch: str, facts: RepositoryFacts | None, settings: RepositorySettings) -> Remark:
    """Return whether a tag has the name of the default branch `branch`, or can get it.

    GitHub may then call the workflow of the tag in place of the branch's.
    """
    what = "it is unknown whether a tag has the name of the default branch, or can get it"
    unknown = left_out("tag", what, "set a GITHUB_TOKEN that may read the repository")
    if not branch:
        return unknown
    head, same_name = (settings.get(f"/git/ref/{kind}/{quote(branch)}") for kind in ("heads", "tags"))
    if same_name.fields is not None:
        what = f"there is a tag `{branch}`: a push may call the apply workflow of the tag"
        return error("tag", what, f"git push --delete origin refs/tags/{branch}")
    rules = facts.tag_rules(branch) if facts else None
    # A missing tag proves something only to a token that may read refs, and such a token sees the branch.
    if head.fields is None or not same_name.is_absent or rules is None:
        return unknown
    if "creation" not in rules:
        what = f"everyone with write access can create a tag `{branch}`, which GitHub may call in place of the branch"
        return warning("tag", what, f"{_RULESETS}/release-tags.json, with `refs/tags/{branch}` among its tags")
    return good("tag", f"there is no tag `{branch}`, and only people who may bypass the ruleset can create it")
