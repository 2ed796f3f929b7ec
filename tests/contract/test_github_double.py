"""Our double of GitHub, request and answer, against GitHub's own OpenAPI description."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from github import GithubException
from openapi_core import Config, OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest, WerkzeugOpenAPIResponse
from tests import published
from tests.doubles.github.api import GitHubDouble, UploadRefusal
from tests.environments import WITH_REGISTRIES
from werkzeug.datastructures import Headers
from werkzeug.test import Client, TestResponse, create_environ
from werkzeug.wrappers import Request

from goldenpath.delivery.adoption import (
    actions_checks,
    environment_checks,
    platform_checks,
    protection_checks,
    registry_checks,
    reusable_workflow,
)
from goldenpath.delivery.adoption.repository_facts import GitHubRepository as GitHubAsAsked
from goldenpath.local.github.code_scanning import SarifStore
from goldenpath.local.github.oidc import TokenIssuer
from goldenpath.shared.check_result import Level

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PUBLISHED = published.github_description()
DESCRIPTION = OpenAPI.from_dict(
    PUBLISHED,
    config=Config(spec_validator_cls=None),  # type: ignore[arg-type]
)
DELIVERY = ".github/workflows/delivery.yml"
SARIFS = "/repos/octo/app/code-scanning/sarifs"


class Caller:
    """Calls the double, and holds both sides of each call against the description."""

    def __init__(self) -> None:
        self.scanning = SarifStore()
        self.github = GitHubDouble(TokenIssuer(), self.scanning)
        self._client = Client(self.github)

    def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        checks_request: bool = True,
        checks_response: bool = True,
    ) -> TestResponse:
        request = WerkzeugOpenAPIRequest(Request(self._environ(method, path, body)))
        if checks_request:
            DESCRIPTION.validate_request(request)
        answer = self._client.open(self._environ(method, path, body))
        if checks_response:
            DESCRIPTION.validate_response(request, WerkzeugOpenAPIResponse(answer))
        return answer

    def _environ(self, method: str, path: str, body: dict[str, Any] | None) -> WSGIEnvironment:
        headers = Headers({"Authorization": f"Bearer {self.github.token}"})
        return create_environ(path, method=method, json=body, headers=headers)


@pytest.fixture
def caller() -> Caller:
    return Caller()


def run(tool: str = "trivy", category: str = "trivy/app/", results: int = 0) -> dict[str, Any]:
    driver = {"driver": {"name": tool, "rules": []}}
    return {"tool": driver, "automationDetails": {"id": category}, "results": [{"message": {"text": "x"}}] * results}


def packed(*runs: dict[str, Any], version: str = "2.1.0") -> str:
    raw = json.dumps({"version": version, "runs": list(runs)}).encode()
    return base64.b64encode(gzip.compress(raw, mtime=0)).decode()


def upload(sarif: str, **changes: str) -> dict[str, str]:
    return {"commit_sha": "a" * 40, "ref": "refs/heads/main", "sarif": sarif, **changes}


def test_a_repository_is_described_as_github_does(caller: Caller) -> None:
    answer = caller.call("GET", "/repos/octo/app")
    assert answer.status_code == 200
    assert answer.get_json()["full_name"] == "octo/app"


def test_an_upload_is_taken_then_pending_then_complete(caller: Caller) -> None:
    taken = caller.call("POST", SARIFS, upload(packed(run()), tool_name="trivy"))
    assert taken.status_code == 202
    path = f"{SARIFS}/{taken.get_json()['id']}"
    assert [caller.call("GET", path).get_json()["processing_status"] for _ in range(3)] == [
        "pending",
        "complete",
        "complete",
    ]
    (kept,) = caller.scanning.uploads()
    (kept_run,) = kept.sarif["runs"]
    assert (kept.repository, kept_run) == ("octo/app", run())


@pytest.mark.parametrize(
    ("sarif", "error"),
    [
        (packed(), "the SARIF file contains no runs"),
        (packed(run(results=25_001)), "as there are more results per run than allowed (25001 > 25000)"),
        (packed(*(run(category=f"{n}/") for n in range(21))), "as there are more runs than allowed (21 > 20)"),
        (packed(run(), run()), "as it has multiple runs with the same tool and category"),
    ],
)
def test_a_sarif_beyond_githubs_limits_fails_in_processing(caller: Caller, sarif: str, error: str) -> None:
    path = f"{SARIFS}/{caller.call('POST', SARIFS, upload(sarif)).get_json()['id']}"
    caller.call("GET", path)
    answer = caller.call("GET", path).get_json()
    assert answer["processing_status"] == "failed"
    assert [words.removeprefix("rejecting SARIF, ") for words in answer["errors"]] == [error]


@pytest.mark.parametrize("refusal", UploadRefusal)
def test_a_refused_upload_says_githubs_words(caller: Caller, refusal: UploadRefusal) -> None:
    caller.github.refusal = refusal
    answer = caller.call("POST", SARIFS, upload(packed(run())))
    assert (answer.status_code, answer.get_json()["message"]) == (403, refusal.value)
    assert caller.scanning.uploads() == []


def test_whether_code_scanning_is_on_is_answered_in_githubs_words(caller: Caller) -> None:
    path = "/repos/octo/app/code-scanning/analyses?per_page=1"
    unused = caller.call("GET", path)
    assert (unused.status_code, unused.get_json()["message"]) == (404, "no analysis found")
    caller.call("POST", SARIFS, upload(packed(run())))
    assert caller.call("GET", path).status_code == 200
    caller.github.refusal = UploadRefusal.CODE_SECURITY_OFF
    off = caller.call("GET", path)
    assert (off.status_code, off.get_json()["message"]) == (403, UploadRefusal.CODE_SECURITY_OFF.value)


QUEUE = "refs/heads/gh-readonly-queue/main/pr-7-0123"


@pytest.mark.parametrize("ref", ["refs/pull/7/merge", QUEUE])
def test_an_upload_for_a_ref_that_is_gone_is_answered_in_githubs_words(caller: Caller, ref: str) -> None:
    caller.github.gone.add("refs/pull/7/merge")
    answer = caller.call("POST", SARIFS, upload(packed(run()), ref=ref))
    assert (answer.status_code, answer.get_json()["message"]) == (404, f"ref '{ref}' not found in this repository")
    assert caller.call("POST", SARIFS, upload(packed(run()))).status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        upload("not base64!"),
        upload(base64.b64encode(b"not gzip").decode()),
        upload(packed(run(), version="2.0.0")),
        upload(packed({"results": []})),
        upload(packed(run()), commit_sha="abc"),
        upload(packed(run()), ref="main"),
        {"commit_sha": "a" * 40, "ref": "refs/heads/main"},
        {**upload(packed(run())), "colour": "red"},
    ],
)
def test_a_wrong_upload_is_answered_with_400(caller: Caller, body: dict[str, str]) -> None:
    assert caller.call("POST", SARIFS, body, checks_request=False).status_code == 400
    assert caller.scanning.uploads() == []


def test_an_upload_of_another_repository_is_not_found(caller: Caller) -> None:
    taken = caller.call("POST", SARIFS, upload(packed(run()))).get_json()["id"]
    assert caller.call("GET", f"/repos/octo/other/code-scanning/sarifs/{taken}").status_code == 404


def test_a_foreign_token_is_bad_credentials() -> None:
    github = GitHubDouble(TokenIssuer(), SarifStore())
    answer = Client(github).get("/repos/octo/app", headers={"Authorization": "Bearer someone-elses"})
    assert (answer.status_code, answer.get_json()["message"]) == (401, "Bad credentials")


def proposal(head: str = "registry/dev/my-app") -> dict[str, Any]:
    return {"title": "A registry", "body": "The plan", "head": head, "base": "development"}


def test_a_pull_request_is_opened_labelled_found_and_changed(caller: Caller) -> None:
    opened = caller.call("POST", "/repos/octo/app/pulls", proposal())
    assert (opened.status_code, opened.get_json()["number"]) == (201, 1)
    labelled = caller.call("POST", "/repos/octo/app/issues/1/labels", {"labels": ["ecr-registry"]})
    assert [each["name"] for each in labelled.get_json()] == ["ecr-registry"]
    asked = "head=octo:registry/dev/my-app&base=development&sort=updated&direction=desc&per_page=100"
    (found,) = caller.call("GET", f"/repos/octo/app/pulls?{asked}").get_json()
    assert [each["name"] for each in found["labels"]] == ["ecr-registry"]
    assert caller.call("GET", "/repos/octo/app/pulls?head=octo:another").get_json() == []
    changed = caller.call("PATCH", "/repos/octo/app/pulls/1", {"body": "Another plan"}).get_json()
    assert (changed["body"], changed["title"], changed["merged"]) == ("Another plan", "A registry", False)


def test_a_second_open_pull_request_of_a_branch_is_refused(caller: Caller) -> None:
    caller.call("POST", "/repos/octo/app/pulls", proposal())
    again = caller.call("POST", "/repos/octo/app/pulls", proposal())
    assert (again.status_code, "already exists for octo:registry/dev/my-app" in again.get_json()["message"]) == (
        422,
        True,
    )
    caller.github.threads.merge("octo/app", 1, "a" * 40)
    assert caller.call("POST", "/repos/octo/app/pulls", proposal()).status_code == 201
    assert caller.call("GET", "/repos/octo/app/pulls?state=closed").get_json()[0]["merge_commit_sha"] == "a" * 40


def test_a_merged_pull_request_is_found_by_the_commit_that_merged_it(caller: Caller) -> None:
    commit, listed = "a" * 40, f"/repos/octo/app/commits/{'a' * 40}/pulls"
    caller.call("POST", "/repos/octo/app/pulls", proposal())
    assert caller.call("GET", f"{listed}?per_page=100").get_json() == []
    told = {"commits": 1, "changed_files": 3, "base": {"ref": "development", "sha": "b" * 40}}
    caller.github.threads.merge("octo/app", 1, commit, told)
    caller.github.threads.unmarked = 1
    for merged in (False, True):  # a moment after the push, and later
        (found,) = caller.call("GET", f"{listed}?per_page=100").get_json()
        assert (found["number"], bool(found["merged_at"]), found["state"] == "closed") == (1, merged, merged)
    assert (found["merge_commit_sha"], found["base"]["ref"]) == (commit, "development")
    assert "commits" not in found
    whole = caller.call("GET", "/repos/octo/app/pulls/1").get_json()
    assert (whole["merged"], whole["commits"], whole["changed_files"]) == (True, 1, 3)
    assert whole["base"]["sha"] == "b" * 40
    assert caller.call("GET", "/repos/octo/app/pulls/2", checks_response=False).status_code == 404


def test_a_review_says_who_approved(caller: Caller) -> None:
    caller.call("POST", "/repos/octo/app/pulls", proposal())
    caller.github.threads.push("octo/app", 1, "a" * 40)
    caller.github.threads.review("octo/app", 1, "second")
    caller.github.threads.push("octo/app", 1, "b" * 40)
    (found,) = caller.call("GET", "/repos/octo/app/pulls/1/reviews").get_json()
    assert (found["user"]["login"], found["user"]["type"], found["state"]) == ("second", "User", "APPROVED")
    assert found["commit_id"] == "a" * 40
    assert caller.call("GET", "/repos/octo/app/pulls").get_json()[0]["head"]["sha"] == "b" * 40


@pytest.mark.parametrize(("login", "permission"), [("second", "write"), ("stranger", "none")])
def test_it_says_who_may_write(caller: Caller, login: str, permission: str) -> None:
    caller.call("POST", "/repos/octo/app/pulls", proposal())
    caller.github.threads.review("octo/app", 1, "second")
    answer = caller.call("GET", f"/repos/octo/app/collaborators/{login}/permission")
    assert (answer.status_code, answer.get_json()["permission"]) == (200, permission)


def test_an_issue_is_opened_found_by_its_label_changed_and_commented(caller: Caller) -> None:
    made = caller.call("POST", "/repos/octo/app/issues", {"title": "Hygiene", "body": "1", "labels": ["hygiene"]})
    assert made.status_code == 201
    (found,) = caller.call("GET", "/repos/octo/app/issues?labels=hygiene&state=open").get_json()
    assert found["number"] == 1
    assert caller.call("GET", "/repos/octo/app/issues?labels=other").get_json() == []
    assert caller.call("PATCH", "/repos/octo/app/issues/1", {"body": "2"}).get_json()["body"] == "2"
    said = caller.call("POST", "/repos/octo/app/issues/1/comments", {"body": "Hello"})
    assert said.status_code == 201
    changed = caller.call("PATCH", f"/repos/octo/app/issues/comments/{said.get_json()['id']}", {"body": "Good day"})
    assert changed.status_code == 200
    caller.github.threads.comment("octo/app", 1, "passer-by", "Me too")
    listed = caller.call("GET", "/repos/octo/app/issues/1/comments").get_json()
    assert [(each["body"], each["user"]["login"], each["user"]["type"]) for each in listed] == [
        ("Good day", "github-actions[bot]", "Bot"), ("Me too", "passer-by", "User"),
    ]  # fmt: skip


def test_a_locked_or_deleted_thread_takes_no_comment(caller: Caller) -> None:
    for number, status in enumerate((403, 410), 1):
        caller.call("POST", "/repos/octo/app/issues", {"title": "One"})
        (caller.github.threads.lock if status == 403 else caller.github.threads.delete)("octo/app", number)
        answer = caller.call("POST", f"/repos/octo/app/issues/{number}/comments", {"body": "Hello"})
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/repos/octo/app/issues/9", {"body": "x"}),
        ("GET", "/repos/octo/app/issues/9/comments", None),
        ("GET", "/repos/octo/none", None),
        ("GET", "/repos/octo/app/contents/none", None),
        ("POST", "/repos/octo/none/issues", {"title": "x"}),
    ],
)
def test_what_is_not_there_is_not_found(caller: Caller, method: str, path: str, body: dict[str, str] | None) -> None:
    caller.github.threads.absent.add("octo/none")
    answer = caller.call(method, path, body, checks_request=False)
    assert (answer.status_code, answer.get_json()["message"]) == (404, "Not Found")


PROTECTION = sorted((Path(__file__).parents[2] / "docs" / "templates" / "protection").glob("*.json"))


@pytest.mark.parametrize("file", PROTECTION, ids=lambda file: file.stem)
def test_the_rulesets_that_we_ship_are_rulesets_for_github(caller: Caller, file: Path) -> None:
    answer = caller.call("POST", "/repos/octo/app/rulesets", json.loads(file.read_text(encoding="utf-8")))
    assert answer.status_code == 201
    identity = answer.get_json()["id"]
    assert caller.call("GET", f"/repos/octo/app/rulesets/{identity}").get_json() == answer.get_json()
    assert "rules" not in caller.call("GET", "/repos/octo/app/rulesets").get_json()[0]


def test_a_ruleset_protects_the_branches_that_it_names(caller: Caller) -> None:
    for file in PROTECTION:
        caller.call("POST", "/repos/octo/app/rulesets", json.loads(file.read_text(encoding="utf-8")))
    types = [each["type"] for each in caller.call("GET", "/repos/octo/app/rules/branches/main").get_json()]
    assert types == ["creation", "deletion", "non_fast_forward", "pull_request"]
    assert caller.call("GET", "/repos/octo/app/rules/branches/feature").get_json() == []
    for branch, protected in (("main", True), ("feature", False)):
        assert caller.call("GET", f"/repos/octo/app/branches/{branch}").get_json()["protected"] is protected
    (tags,) = caller.call("GET", "/repos/octo/app/rulesets?targets=tag").get_json()
    assert tags["name"] == "GoldenPath: release tags"
    assert caller.call("GET", "/repos/octo/app/rulesets/7").status_code == 404


def test_a_repository_with_the_shipped_rulesets_has_nothing_for_the_doctor(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = GitHubAsAsked("https://api.github.example", "token", "octo/app")
    monkeypatch.setattr(forge, "_ask", lambda path: caller.call("GET", f"/repos/octo/app{path}").get_json())
    before = [*protection_checks.branches(forge, "main"), protection_checks.release_tags(forge)]
    assert [each.level for each in before] == [Level.WARNING, Level.WARNING]
    for file in PROTECTION:
        caller.call("POST", "/repos/octo/app/rulesets", json.loads(file.read_text(encoding="utf-8")))
    after = [*protection_checks.branches(forge, "main"), protection_checks.release_tags(forge)]
    assert [each.level for each in after] == [Level.GOOD, Level.GOOD]


def test_two_commits_are_compared_by_their_history(caller: Caller) -> None:
    commits = caller.github.commits
    one, two, other = "1" * 40, "2" * 40, "3" * 40
    commits.push("octo/app", one)
    commits.push("octo/app", two, one)
    commits.push("octo/app", other, one, ref="heads/feature/x")
    pairs = {
        f"{base[0]}...{head[0]}": caller.call("GET", f"/repos/octo/app/compare/{base}...{head}?per_page=1&page=2")
        for base in (one, two, other)
        for head in (one, two, other)
    }
    assert {pair: answer.get_json()["status"] for pair, answer in pairs.items()} == {
        "1...1": "identical", "1...2": "ahead", "1...3": "ahead", "2...1": "behind", "2...2": "identical",
        "2...3": "diverged", "3...1": "behind", "3...2": "diverged", "3...3": "identical",
    }  # fmt: skip
    assert caller.call("GET", f"/repos/octo/app/compare/{one}...{'9' * 40}").status_code == 404


def test_a_commit_is_found_by_its_id_and_by_a_ref(caller: Caller) -> None:
    caller.github.commits.push("octo/app", "1" * 40, ref="heads/feature/x")
    for ref in ("1" * 40, "heads%2Ffeature%2Fx"):
        path, described = f"/repos/octo/app/commits/{ref}?per_page=1&page=2", "%" not in ref  # it matches no slash
        answer = caller.call("GET", path, checks_request=described, checks_response=described)
        assert (answer.status_code, answer.get_json()["sha"]) == (200, "1" * 40)
    assert caller.call("GET", "/repos/octo/app/commits/none").status_code == 422


def test_the_settings_of_a_repository_are_described_as_github_does(caller: Caller) -> None:
    settings = caller.github.settings
    settings.allowed, settings.patterns = "selected", ("octo/*",)
    settings.environments = {"prod": ("second",), "dev": ()}
    settings.workflows = {DELIVERY: "disabled_inactivity"}
    settings.runners = {"one": "2.336.0"}
    caller.github.artifacts.keep("octo/app", "candidate", size=7)
    settings.deploying, settings.approves, settings.unowned = {"prod": ("main",)}, True, (3,)
    caller.github.commits.push("octo/app", "1" * 40)

    def asked(path: str) -> Any:  # noqa: ANN401
        return caller.call("GET", f"/repos/octo/app{path}").get_json()

    assert asked("/actions/permissions")["allowed_actions"] == "selected"
    assert asked("/actions/permissions/selected-actions")["patterns_allowed"] == ["octo/*"]
    assert asked("/actions/permissions/access") == {"access_level": "organization"}
    assert asked("/actions/runners?per_page=100")["runners"][0]["version"] == "2.336.0"
    assert asked("/actions/workflows?per_page=100")["workflows"][0]["state"] == "disabled_inactivity"
    assert asked("/actions/artifacts?per_page=100")["artifacts"][0]["size_in_bytes"] == 7
    rules = [each["type"] for each in asked("/environments/prod")["protection_rules"]]
    assert (rules, asked("/environments/dev")["protection_rules"]) == (["required_reviewers", "branch_policy"], [])
    assert asked("/environments/dev")["deployment_branch_policy"] is None
    (branch,) = asked("/environments/prod/deployment-branch-policies?per_page=100")["branch_policies"]
    assert (branch["name"], branch["type"]) == ("main", "branch")
    assert asked("/actions/permissions/workflow")["can_approve_pull_request_reviews"] is True
    assert asked("/codeowners/errors?ref=development")["errors"][0]["line"] == 3
    # The description matches no slash in a path, as it says itself: `x-multi-segment`.
    head = caller.call("GET", "/repos/octo/app/git/ref/heads/main", checks_request=False, checks_response=False)
    assert head.get_json()["object"]["sha"] == "1" * 40
    jsonschema.validate(head.get_json(), PUBLISHED["components"]["schemas"]["git-ref"])
    assert caller.call("GET", "/repos/octo/app/environments/none", checks_response=False).status_code == 404


def asking(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> GitHubAsAsked:
    """Return GitHub as the doctor asks it, with the double behind it."""
    forge = GitHubAsAsked("https://api.github.example", "token", "octo/app")

    def ask(verb: str, address: str) -> tuple[dict[str, str], Any]:
        described = "/git/ref/" not in address  # it matches no slash
        answer = caller.call(verb, address, checks_request=described, checks_response=False)
        if answer.status_code >= 400:
            raise GithubException(answer.status_code, answer.get_json(), {})
        return {}, answer.get_json()

    monkeypatch.setattr(forge, "_requester", SimpleNamespace(requestJsonAndCheck=ask))
    monkeypatch.setattr(forge, "of", lambda _: forge)
    return forge


def test_the_doctor_reads_the_settings_of_a_repository_as_github_describes_them(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = asking(caller, monkeypatch)
    given = {"environment": "prod", "approval": "True"}
    calling = reusable_workflow.Caller(DELIVERY, "delivery", "octo/platform", "v1.2.3", None, given, None)
    settings = caller.github.settings

    def levels() -> list[Level]:
        forge._responses.clear()  # noqa: SLF001  it asks once in a run
        found = (
            *environment_checks.approval(calling, forge), platform_checks.access(calling, "octo/app", forge),
            *actions_checks.policy(calling, forge), *actions_checks.runners(calling, forge),
            *actions_checks.workflows([DELIVERY], forge), actions_checks.artifacts(forge),
        )  # fmt: skip
        return [each.level for each in found]

    assert levels() == [Level.ERROR, Level.GOOD, Level.GOOD, Level.GOOD]
    settings.environments, settings.workflows = {"prod": ("second",)}, {DELIVERY: "active"}
    assert levels() == [Level.GOOD] * 4
    settings.enabled, settings.access, settings.workflows = False, "none", {DELIVERY: "disabled_fork"}
    settings.runners = {"one": "2.300.0"}
    caller.github.artifacts.keep("octo/app", "candidate", size=600_000_000)
    assert levels() == [Level.GOOD, *[Level.ERROR] * 4, Level.WARNING]
    settings.is_admin = False
    assert levels() == [Level.GOOD, Level.LEFT_OUT, Level.LEFT_OUT, Level.ERROR, Level.WARNING]


def test_a_platform_that_is_set_up_as_the_docs_say_has_nothing_for_the_doctor(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge, settings = asking(caller, monkeypatch), caller.github.settings
    caller.github.commits.push("octo/app", "1" * 40)
    settings.approves = True

    def levels() -> list[Level]:
        forge._responses.clear()  # noqa: SLF001  it asks once in a run
        guards = tuple(registry_checks.reviews("main", forge))
        remarks = (*guards, registry_checks.pull_requests(guards, forge), *registry_checks.environments(forge),
                   registry_checks.tag("main", forge, forge))  # fmt: skip
        return [each.level for each in remarks]

    bad, environments = Level.ERROR, [f"registry-apply-{name}" for name in WITH_REGISTRIES]
    assert levels() == [bad, bad, Level.GOOD, bad, *[bad] * len(environments), Level.WARNING]
    for name, ref in (("default-branch", "refs/heads/development"), ("release-tags", "refs/tags/main")):
        (file,) = (each for each in PROTECTION if each.stem == name)
        ruleset = json.loads(file.read_text(encoding="utf-8"))
        ruleset["conditions"]["ref_name"]["include"].append(ref)
        caller.call("POST", "/repos/octo/app/rulesets", ruleset)
    settings.environments = dict.fromkeys(environments, ("second",))
    settings.deploying = dict.fromkeys(environments, ("development",))
    assert levels() == [Level.GOOD] * (5 + len(environments))
    settings.unowned, settings.is_admin = (3,), False
    caller.github.commits.push("octo/app", "2" * 40, ref="tags/main")
    assert levels() == [Level.GOOD, Level.GOOD, bad, Level.LEFT_OUT, *[Level.GOOD] * len(environments), bad]


WORKFLOW = ".github/workflows/create-ecr-registry.yml"


def test_a_run_says_who_started_each_of_its_attempts(caller: Caller) -> None:
    runs = caller.github.runs
    runs.start("octo/app", 47, WORKFLOW, "alice", "development")
    runs.again("octo/app", 47, "mallory")
    latest = caller.call("GET", "/repos/octo/app/actions/runs/47").get_json()
    assert (latest["run_attempt"], latest["path"], latest["head_branch"]) == (2, WORKFLOW, "development")
    started = [caller.call("GET", f"/repos/octo/app/actions/runs/47/attempts/{each}").get_json() for each in (1, 2)]
    assert [(each["actor"]["login"], each["triggering_actor"]["login"]) for each in started] == [
        ("alice", "alice"), ("alice", "mallory"),
    ]  # fmt: skip


def test_the_artifacts_of_a_run_are_listed(caller: Caller) -> None:
    caller.github.runs.start("octo/app", 47, WORKFLOW, "alice", "development")
    caller.github.runs.keep("octo/app", 47, "proposal-1-a-b")
    listed = caller.call("GET", "/repos/octo/app/actions/runs/47/artifacts?per_page=100").get_json()
    assert (listed["total_count"], [each["name"] for each in listed["artifacts"]]) == (1, ["proposal-1-a-b"])


def test_artifacts_are_listed_page_by_page_and_fetched_from_a_storage_that_takes_no_token(caller: Caller) -> None:
    kept = [caller.github.artifacts.keep("octo/app", f"scan-{number}", {"a.json": b"{}"}) for number in range(3)]
    pages = [
        caller.call("GET", f"/repos/octo/app/actions/artifacts?per_page=2&page={page}").get_json() for page in (1, 2)
    ]
    assert [[each["name"] for each in page["artifacts"]] for page in pages] == [["scan-2", "scan-1"], ["scan-0"]]
    (last,) = pages[1]["artifacts"]
    assert (last["workflow_run"]["id"], last["digest"][:7], last["size_in_bytes"]) == (
        kept[0].run, "sha256:", len(kept[0].content),
    )  # fmt: skip
    redirect = caller.call("GET", f"/repos/octo/app/actions/artifacts/{kept[0].number}/zip")
    address = redirect.headers["Location"]
    assert redirect.status_code == 302
    storage = Client(caller.github)
    assert storage.get(address).data == kept[0].content
    assert storage.get(address, headers={"Authorization": f"Bearer {caller.github.token}"}).status_code == 400
    assert storage.get(address.partition("?")[0]).status_code == 403


def test_an_artifact_that_has_expired_is_gone(caller: Caller) -> None:
    kept = caller.github.artifacts.keep("octo/app", "scan-1", expired=True)
    assert caller.call("GET", "/repos/octo/app/actions/artifacts").get_json()["artifacts"][0]["expired"] is True
    assert caller.call("GET", f"/repos/octo/app/actions/artifacts/{kept.number}/zip").status_code == 410


def test_files_are_listed_and_read(caller: Caller) -> None:
    caller.github.runs.files["octo/app"] = {"docs/guide.md": "Hello", "README.md": "Good day"}
    # The description tells folders from files by a property `type`, which the list of a folder cannot have.
    listed = caller.call("GET", "/repos/octo/app/contents/docs", checks_response=False).get_json()
    jsonschema.validate(listed, PUBLISHED["components"]["schemas"]["content-directory"])
    assert [(each["path"], each["type"]) for each in listed] == [("docs/guide.md", "file")]
    read = caller.call("GET", "/repos/octo/app/contents/README.md").get_json()
    assert base64.b64decode(read["content"]) == b"Good day"


def test_reviews_and_merges_are_told_in_the_order_in_which_they_happened(caller: Caller) -> None:
    caller.call("POST", "/repos/octo/app/pulls", proposal())
    caller.github.threads.review("octo/app", 1, "second")
    caller.github.threads.merge("octo/app", 1, "a" * 40)
    (review,) = caller.call("GET", "/repos/octo/app/pulls/1/reviews").get_json()
    (pull,) = caller.call("GET", "/repos/octo/app/pulls?state=closed").get_json()
    assert review["submitted_at"] < pull["merged_at"]


def test_an_issue_is_closed_with_a_reason_and_listed_until_it_is_deleted(caller: Caller) -> None:
    issues, listing = "/repos/octo/app/issues", "/repos/octo/app/issues?state=all&labels=delivery&per_page=100&page=1"
    caller.call("POST", issues, {"title": "Blocked", "body": "1", "labels": ["delivery"]})
    for reason in ("completed", "not_planned"):
        changed = caller.call("PATCH", f"{issues}/1", {"state": "closed", "state_reason": reason, "body": "2"})
        assert (changed.get_json()["state"], changed.get_json()["state_reason"]) == ("closed", reason)
    caller.call("POST", f"{issues}/1/comments", {"body": "Released"})
    (listed,) = caller.call("GET", listing).get_json()
    assert (listed["state"], listed["body"], listed["user"]["login"]) == ("closed", "2", "github-actions[bot]")
    caller.call("PATCH", f"{issues}/1", {"title": "Blocked", "body": "3", "state": "open"})
    caller.github.threads.delete("octo/app", 1)
    assert caller.call("GET", listing).get_json() == []
