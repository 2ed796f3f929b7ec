"""What `goldenpath doctor` says in the platform's own repository: may registries be applied there as the docs say."""

# A reply may be anything.
# ruff: noqa: ANN401

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.adoption import doctor, registry_checks, reusable_workflow
from goldenpath.delivery.adoption.checkout import GitCheckout
from goldenpath.shared.check_result import Level, Remark, error, good, left_out
from goldenpath.shared.names import PLATFORM
from tests.tools.command import ROOT
from tests.unit.delivery.adoption.test_protection_checks import Forge
from tests.unit.settings_double import HEALTHY, Body, SettingsDouble

RULESET = json.loads((ROOT / "docs" / "templates" / "protection" / "default-branch.json").read_text())
REVIEWER = {"type": "User", "reviewer": {"login": "second"}}
REVIEWED = {"type": "required_reviewers", "reviewers": [REVIEWER], "prevent_self_review": True}
SELECTED = {"protected_branches": False, "custom_branch_policies": True}
ENVIRONMENT = {"protection_rules": [REVIEWED], "deployment_branch_policy": SELECTED}
ENVIRONMENTS = [f"/environments/registry-apply-{each}" for each in ("dev", "test", "staging", "prod")]
DEPLOYING = "/deployment-branch-policies?per_page=100"
DEVELOPMENT, MAIN = (f"/rules/branches/{each}?per_page=100" for each in ("development", "main"))
OWNERS, OPENING = "/codeowners/errors?ref=development", "/actions/permissions/workflow"
HEAD, TAG = "/git/ref/heads/main", "/git/ref/tags/main"
# Where nothing is wrong.
SAFE: Mapping[str, Body] = {
    **HEALTHY,
    **dict.fromkeys((DEVELOPMENT, MAIN), RULESET["rules"]),
    **dict.fromkeys(ENVIRONMENTS, ENVIRONMENT),
    **{each + DEPLOYING: {"branch_policies": [{"name": "development", "type": "branch"}]} for each in ENVIRONMENTS},
    OWNERS: {"errors": []},
    OPENING: {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": True},
    HEAD: {"ref": "refs/heads/main"},
    TAG: 404,
}
FORGE = Forge(default_branch="main", tags=frozenset({"creation"}))


def safe(changed: Mapping[str, Body] | None = None) -> SettingsDouble:
    return SettingsDouble({**SAFE, **(changed or {})})


def told(remarks: Remark | Iterable[Remark]) -> list[tuple[Level, str]]:
    """Return what there is to do, and check that each remark says how."""
    found = [remarks] if isinstance(remarks, Remark) else list(remarks)
    assert all(each.fix for each in found if each.level > Level.GOOD)
    return [(each.level, each.what) for each in found if each.level > Level.GOOD]


@pytest.fixture
def platform(tmp_path: Path) -> GitCheckout:
    """The platform's own repository, as far as its workflows."""
    (tmp_path / ".github").symlink_to(ROOT / ".github")
    return GitCheckout(tmp_path, PLATFORM, "main", shallow=True, dockerfiles=())


def examined(checkout: GitCheckout, world: doctor.Clients) -> tuple[Remark, ...]:
    return doctor.examine(doctor.DoctorOptions(checkout), reusable_workflow.read(), world)


def test_nothing_is_missing_where_everything_is_set_up_as_the_docs_say(platform: GitCheckout) -> None:
    found = examined(platform, doctor.Clients(FORGE, settings=safe()))
    assert told(found) == []
    # Nothing that only an app has is asked for.
    assert {each.about for each in found} == {
        "apply", "protection", "pull requests", "environment", "tag", "artifacts",
    }  # fmt: skip


def test_an_app_is_not_asked_for_what_the_platform_needs(tmp_path: Path) -> None:
    app = GitCheckout(tmp_path, "team/web", "main", shallow=False, dockerfiles=())
    found = examined(app, doctor.Clients(FORGE, settings=safe()))
    assert {"apply", "environment", "tag"}.isdisjoint(each.about for each in found)


def test_without_a_token_it_looks_at_the_checkout_only(platform: GitCheckout) -> None:
    found = examined(platform, doctor.Clients())
    assert [(each.about, each.level) for each in found] == [("apply", Level.GOOD), ("github", Level.LEFT_OUT)]


def test_a_workflow_of_the_platform_that_does_not_start_is_told(platform: GitCheckout) -> None:
    stopped = {"workflows": [{"path": registry_checks.AUTO_APPLY, "state": "disabled_fork"}]}
    world = doctor.Clients(FORGE, settings=safe({"/actions/workflows?per_page=100": stopped}))
    ((level, what),) = told(examined(platform, world))
    assert (level, what.startswith(f"{registry_checks.AUTO_APPLY} does not run:")) == (Level.ERROR, True)


@pytest.mark.parametrize(("name", "levels"), [("main", []), ("", []), ("development", [Level.WARNING])])
def test_a_default_branch_that_registries_are_merged_into_is_warned_of(name: str, levels: list[Level]) -> None:
    assert [level for level, _ in told(registry_checks.default_branch(name))] == levels


CALL = "{{jobs: {{registries: {{uses: {}}}}}}}"
APPLY = f"octo/platform/{registry_checks.APPLY}"
OTHER = f"someone/platform/{registry_checks.APPLY}@main"
TRUSTED = f", but the apply roles trust {APPLY}@main"


@pytest.mark.parametrize(
    ("text", "called_instead"),
    [
        (CALL.format(f"{APPLY}@main"), None),
        (CALL.format(f"Octo/Platform/{registry_checks.APPLY}@main"), None),
        (CALL.format(f"{APPLY}@development"), f"{APPLY}@development"),
        (CALL.format(OTHER), OTHER),
        (CALL.format(f"./{registry_checks.APPLY}"), f"./{registry_checks.APPLY}"),
        (f"jobs: {{one: {{uses: {APPLY}@main}}, two: {{uses: ./x.yml}}}}", f"{APPLY}@main and ./x.yml"),
        ("jobs: {apply: {steps: []}}", "nothing"),
        ("jobs: [", "nothing"),
        ("jobs: [7]", "nothing"),
        ("7", "nothing"),
        (None, "nothing"),
    ],
)  # fmt: skip
def test_a_push_calls_the_apply_that_the_roles_trust(
    tmp_path: Path, text: str | None, called_instead: str | None
) -> None:
    path = tmp_path / registry_checks.AUTO_APPLY
    path.parent.mkdir(parents=True)
    if text:
        path.write_text(text)
    remark = registry_checks.apply_workflow(
        GitCheckout(tmp_path, "octo/platform", "", shallow=False, dockerfiles=()), "main"
    )
    what = f"{registry_checks.AUTO_APPLY} calls {called_instead}{TRUSTED}"
    assert told(remark) == ([(Level.ERROR, what)] if called_instead else [])


@pytest.mark.parametrize(("slug", "branch"), [("", "main"), ("octo/platform", "")])
def test_without_its_name_and_default_branch_nobody_knows_what_a_push_should_call(
    tmp_path: Path, slug: str, branch: str
) -> None:
    checkout = GitCheckout(tmp_path, slug, branch, shallow=False, dockerfiles=())
    assert registry_checks.apply_workflow(checkout, branch).level is Level.LEFT_OUT


def without(name: str) -> list[dict[str, Any]]:
    """Return the rules that we ship, less one."""
    return [
        {**each, "parameters": {**each.get("parameters", {}), name: 0}}
        for each in RULESET["rules"]
        if each["type"] != name
    ]


def test_the_rules_of_several_rulesets_add_up() -> None:
    rules = [each for name in ("deletion", "require_code_owner_review") for each in without(name)]
    assert told(registry_checks.reviews("main", safe({MAIN: rules}))) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("required_approving_review_count", "an approval"),
        ("require_code_owner_review", "the review of a code owner"),
        ("dismiss_stale_reviews_on_push", "a new approval after each push"),
        ("require_last_push_approval", "that another person approves the last push"),
        ("non_fast_forward", "that nobody force-pushes"),
        ("deletion", "that nobody deletes it"),
    ],
)
@pytest.mark.parametrize(("place", "branch"), [(DEVELOPMENT, "development"), (MAIN, "main")])
def test_each_rule_that_is_missing_is_told(place: str, branch: str, name: str, words: str) -> None:
    found = told(registry_checks.reviews("main", safe({place: without(name)})))
    assert found == [(Level.ERROR, f"no ruleset for `{branch}` requires {words}")]


PROTECTED, OPEN = {"protected": True}, {"protected": False}


@pytest.mark.parametrize(
    ("rules", "branch", "level"),
    [
        ([], OPEN, Level.ERROR),
        ([], PROTECTED, Level.LEFT_OUT),
        ([{"type": "deletion"}], PROTECTED, Level.ERROR),  # a ruleset protects as well
        (403, OPEN, Level.LEFT_OUT),
    ],
)
def test_branch_protection_is_not_taken_for_a_ruleset(rules: Body, branch: Body, level: Level) -> None:
    ((found, _),) = told(registry_checks.reviews("main", safe({DEVELOPMENT: rules, "/branches/development": branch})))
    assert found is level


def test_a_default_branch_that_registries_are_merged_into_is_looked_at_once() -> None:
    assert [each.about for each in registry_checks.reviews("development", safe())] == ["protection"] * 2


def test_lines_of_codeowners_that_github_ignores_are_told() -> None:
    errors = [{"line": 3, "kind": "Unknown owner"}, {"line": 9, "kind": "Invalid pattern"}]
    what = "GitHub ignores lines of CODEOWNERS in `development`, so their files have no owner: 3 (Unknown owner), "
    found = told(registry_checks.reviews("main", safe({OWNERS: {"errors": errors}})))
    assert found == [(Level.ERROR, f"{what}9 (Invalid pattern)")]
    assert [level for level, _ in told(registry_checks.reviews("main", safe({OWNERS: 404})))] == [Level.LEFT_OUT]


GOOD, UNKNOWN, BAD = good("protection", "x"), left_out("protection", "x", "y"), error("protection", "x", "y")
OPENED = "workflows may open pull requests, which the wizard needs, so they may also approve them"


@pytest.mark.parametrize(
    ("guards", "approves", "level", "what"),
    [
        ([GOOD], True, Level.GOOD, f"{OPENED}; such an approval does not count for a file that CODEOWNERS names"),
        ([GOOD, UNKNOWN], True, Level.LEFT_OUT, f"{OPENED}; it is unknown whether such an approval counts"),
        (
            [GOOD, BAD, UNKNOWN], True, Level.ERROR,
            f"{OPENED}: with such an approval, one person can merge their own change",
        ),
        (
            [BAD], False, Level.WARNING,
            "workflows may not open pull requests: the wizard and bump.yml need that, or a token of a GitHub App",
        ),
    ],
)  # fmt: skip
def test_a_workflow_that_may_approve_is_as_bad_as_the_rules_let_it_be(
    guards: list[Remark], level: Level, what: str, *, approves: bool
) -> None:
    settings = safe({OPENING: {"can_approve_pull_request_reviews": approves}})
    remark = registry_checks.pull_requests(guards, settings)
    assert (remark.level, remark.what) == (level, what)


PROD, PROD_BRANCHES = ENVIRONMENTS[3], ENVIRONMENTS[3] + DEPLOYING
ONLY = "may deploy to registry-apply-prod, but only the branch `development` should"
#                          replies, level, words
ENTERED: dict[str, tuple[Mapping[str, Body], Level, str]] = {
    "nobody made": (
        {PROD: 404}, Level.ERROR,
        "the GitHub environment registry-apply-prod does not exist: the first apply creates it without rules",
    ),
    "nobody may read": (
        {PROD: 403}, Level.LEFT_OUT, "the token may not read the GitHub environment registry-apply-prod",
    ),
    "this token cannot know to be missing": (
        {PROD: 404, "": 404}, Level.LEFT_OUT, "the token may not read the GitHub environment registry-apply-prod",
    ),
    "every branch enters": (
        {PROD: {**ENVIRONMENT, "deployment_branch_policy": None}}, Level.ERROR, f"every branch and tag {ONLY}",
    ),
    "protected branches enter": (
        {PROD: {**ENVIRONMENT, "deployment_branch_policy": {"protected_branches": True}}}, Level.ERROR,
        f"every protected branch {ONLY}",
    ),
    "the default branch enters too": (
        {PROD_BRANCHES: {"branch_policies": [{"name": "development"}, {"name": "main", "type": "branch"}]}},
        Level.ERROR, f"branch `development` and branch `main` {ONLY}",
    ),
    "a tag enters": (
        {PROD_BRANCHES: {"branch_policies": [{"name": "development", "type": "tag"}]}}, Level.ERROR,
        f"tag `development` {ONLY}",
    ),
    "nothing enters": ({PROD_BRANCHES: {"branch_policies": []}}, Level.ERROR, f"nothing {ONLY}"),
    "nobody may read who enters": (
        {PROD_BRANCHES: 403}, Level.LEFT_OUT, "the token may not read which branches deploy to registry-apply-prod",
    ),
    "nobody reviews": (
        {PROD: {**ENVIRONMENT, "protection_rules": []}}, Level.WARNING,
        "registry-apply-prod has no required reviewers: if all other protections fail, no person stops an apply",
    ),
    "whoever merges reviews": (
        {PROD: {**ENVIRONMENT, "protection_rules": [{**REVIEWED, "prevent_self_review": False}]}}, Level.WARNING,
        "the person who merges a change to a registry may approve its apply in registry-apply-prod",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ENTERED)
def test_an_apply_s_environment_that(case: str) -> None:
    changed, level, what = ENTERED[case]
    assert told(registry_checks.environments(safe(changed))) == [(level, what)]


def test_an_environment_may_lack_several_things_at_once() -> None:
    found = told(registry_checks.environments(safe({PROD: {}})))
    assert [level for level, _ in found] == [Level.ERROR, Level.WARNING]


UNKNOWN_TAG = "it is unknown whether a tag has the name of the default branch, or can get it"


@pytest.mark.parametrize(
    ("changed", "rules", "level", "what"),
    [
        (
            {TAG: {"ref": "refs/tags/main"}},
            {"creation"},
            Level.ERROR,
            "there is a tag `main`: a push may call the apply",
        ),
        ({}, {"update"}, Level.WARNING, "everyone with write access can create a tag `main`, which GitHub may call in"),
        ({}, None, Level.LEFT_OUT, UNKNOWN_TAG),
        ({HEAD: 404}, {"creation"}, Level.LEFT_OUT, UNKNOWN_TAG),  # to this token, nothing is there
        ({TAG: 403}, {"creation"}, Level.LEFT_OUT, UNKNOWN_TAG),
    ],
)
def test_a_tag_with_the_name_of_the_default_branch(
    changed: Mapping[str, Body], rules: set[str] | None, level: Level, what: str
) -> None:
    forge = Forge(tags=None if rules is None else frozenset(rules))
    ((found, words),) = told(registry_checks.tag("main", forge, safe(changed)))
    assert (found, words.startswith(what)) == (level, True), words


def test_without_a_default_branch_no_tag_is_asked_for() -> None:
    assert told(registry_checks.tag("", FORGE, safe())) == [(Level.LEFT_OUT, UNKNOWN_TAG)]


@pytest.mark.parametrize("body", [0, 401, 403, 404, 500, {}, [], ["x"], {"errors": 7, "protection_rules": ["x"]}])
def test_whatever_github_replies_a_check_says_something_and_raises_nothing(platform: GitCheckout, body: Any) -> None:
    settings = SettingsDouble(dict.fromkeys(SAFE, body))
    found = examined(platform, doctor.Clients(Forge(), settings=settings))
    assert {"protection", "pull requests", "environment", "tag"} <= {each.about for each in found}
    assert told(found)
