"""`goldenpath init` and `doctor` in repositories that branch as their teams do, with callers of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.tools.layouts import EVERYTHING, Layout, caller, init

from goldenpath.delivery.adoption import checkout, reusable_workflow, scaffold, trigger_checks, workflow_checks
from goldenpath.shared import git
from goldenpath.shared.check_result import Level, Remark

if TYPE_CHECKING:
    from tests.tools.apps import App


def examined(app: App) -> list[Remark]:
    """Return what doctor says of triggers and of the default branch."""
    found = checkout.read(app.folder)
    callers = [each for workflow in workflow_checks.find(app.folder)[0] for each in workflow.callers]
    remarks = [*trigger_checks.triggers(callers, found.branches, found.default_branch)]
    remarks += trigger_checks.duplicate_releases(callers, found.branches)
    return [*remarks, trigger_checks.branch(found.default_branch, found.branches)]


def worst(app: App) -> list[tuple[Level, str]]:
    return [(each.level, each.what) for each in examined(app) if each.level > Level.GOOD]


NO_DEVELOPMENT = (
    Level.WARNING,
    ".github/workflows/delivery.yml names the branch `development`, which does not exist, so no push delivers to dev",
)
NOTHING = ".github/workflows/delivery.yml: it names `development`, `main`, and the existing branches are"
ONLY_MAIN = "prod accepts only refs/heads/main, refs/tags/v*"
#                     branches, the default one first       what doctor says is wrong after init
BRANCHES: dict[str, tuple[Sequence[str], list[tuple[Level, str]]]] = {
    "as the template": (("main", "development"), []),
    "gitflow": (("develop", "main", "feature/a"), []),
    "main is the default of a gitflow": (("main", "develop"), []),
    "main only": (("main",), [NO_DEVELOPMENT]),
    "master only": (("master",), [
        (Level.ERROR, f"no push to a branch starts {NOTHING} `master`"),
        (Level.WARNING, f"the default branch is `master`, but {ONLY_MAIN}")]),
    "gitflow with master": (("develop", "master"), [
        (Level.WARNING, NO_DEVELOPMENT[1].replace("`development`", "`main`").replace("to dev", "to prod")),
        (Level.WARNING, f"the default branch is `develop`, but {ONLY_MAIN}")]),
    "trunk": (("trunk", "release/1"), [
        (Level.ERROR, f"no push to a branch starts {NOTHING} `trunk`, `release/1`"),
        (Level.WARNING, f"the default branch is `trunk`, but {ONLY_MAIN}")]),
    "a default branch beside the old main": (("next", "main", "development"), [
        (Level.WARNING, "a merge into the default branch `next` starts no delivery")]),
}  # fmt: skip


@pytest.mark.parametrize("name", BRANCHES)
def test_triggers_are_held_against_the_branches_that_exist(tmp_path: Path, name: str) -> None:
    branches, expected = BRANCHES[name]
    app = Layout(["Dockerfile"], branches).make(tmp_path / "shop")
    told = init(app)
    assert worst(app) == expected
    assert all(what in told for _, what in expected if "the default branch is" not in what)
    assert all(each.fix for each in examined(app) if each.level > Level.GOOD)
    assert not any("origin develop:refs/heads/main" in each.fix for each in examined(app))  # it would be released


def test_a_gitflow_is_not_told_to_rename_its_default_branch(tmp_path: Path) -> None:
    app = Layout(["Dockerfile"], ("develop", "main")).make(tmp_path / "shop")
    init(app)
    text = (app.folder / scaffold.CALLER).read_text()
    assert "branches: [develop, main]" in text
    assert """fromJSON('["develop", "refs/heads/develop"]')""" in text
    assert "development" not in text
    assert examined(app)[-1].what == (
        "`main` may be released to prod, but the default branch `develop` may not; a release tag counts once its "
        "commit is on `develop`"
    )


@pytest.mark.parametrize(
    ("branches", "fix"),
    [
        (("master",), "rename `master` on GitHub"),
        (("develop", "master"), "rename `master` on GitHub"),
        (("develop",), "create `main` from the last release and protect it; `develop` stays the default branch"),
        (("trunk",), "rename `trunk` on GitHub"),
    ],
)
def test_a_way_to_prod_fits_how_the_repository_branches(branches: Sequence[str], fix: str, tmp_path: Path) -> None:
    app = Layout(["Dockerfile"], branches).make(tmp_path / "shop")
    assert examined(app)[-1].fix.startswith(fix)


def test_a_push_that_its_environment_refuses_is_an_error(tmp_path: Path) -> None:
    app = Layout(["Dockerfile"], ("master", "development")).make(tmp_path / "shop")
    init(app)
    path = app.folder / scaffold.CALLER
    path.write_text(path.read_text().replace("[development, main]", "[development, master]"))
    assert (
        Level.ERROR,
        "a push to `master` delivers to prod, which accepts only refs/heads/main, refs/tags/v*: ecr-push refuses it",
    ) in worst(app)


def test_a_clone_of_one_branch_does_not_know_the_others(tmp_path: Path) -> None:
    app = Layout(["Dockerfile"], ("main",)).make(tmp_path / "shop")
    app.git("config", "remote.origin.fetch", "+refs/heads/main:refs/remotes/origin/main")
    assert checkout.read(app.folder).branches is None
    assert "names the branch" not in init(app)


FILE = ".github/workflows/release.yaml"
CALLERS = {
    "another file name": {FILE: caller("push")},
    "by hand only": {FILE: caller("workflow_dispatch")},
    "one file for each environment": {
        ".github/workflows/dev.yml": caller("{push: {branches: [development]}}"),
        ".github/workflows/prod.yml": caller("{push: {branches: [main]}}", "prod"),
    },
    "a workflow that others call": {FILE: caller("workflow_call")},
    "an organisation's own copy": {FILE: caller("push").replace("mikeybeezy/goldenpath-idp-infra", "acme/platform")},
    "a file that is not YAML": {FILE: caller("push") + "  - [\n"},
}


@pytest.mark.parametrize("name", CALLERS)
def test_no_second_caller_is_written(tmp_path: Path, name: str) -> None:
    app = Layout({"Dockerfile": EVERYTHING, **CALLERS[name]}).make(tmp_path / "shop", cloned=False)
    told = init(app, "--force")
    assert not (app.folder / scaffold.CALLER).exists()
    assert (app.folder / ".goldenpath.yml").exists()
    for path in CALLERS[name]:
        assert f"✓ {path} already delivers with the platform, so no second workflow is written" in told


def test_a_workflow_that_only_checks_pull_requests_is_no_delivery(tmp_path: Path) -> None:
    template = reusable_workflow.platform_file("docs/templates/workflows/pull-request.yml")
    files = {"Dockerfile": EVERYTHING, ".github/workflows/pull-request.yml": template}
    app = Layout(files).make(tmp_path / "shop", cloned=False)
    init(app)
    assert (app.folder / scaffold.CALLER).exists()


def test_two_callers_that_release_the_same_are_told_and_two_environments_are_not(tmp_path: Path) -> None:
    apart = Layout(CALLERS["one file for each environment"]).make(tmp_path / "apart")
    assert worst(apart) == []
    same = {name: caller("push") for name in (FILE, ".github/workflows/x.yml")}
    twice = Layout(same).make(tmp_path / "twice")
    assert worst(twice) == [
        (Level.WARNING, f"a push to `development`, `main` releases `shop` twice: {FILE} and .github/workflows/x.yml")
    ]


@pytest.mark.parametrize(
    ("slug", "error"),
    [
        ("team/shop", ""),
        ("team/My_Shop", "'My_Shop' has capital letters, which ECR does not allow: give it as 'my_shop'"),
    ],
)
def test_a_copied_template_names_the_registry_as_the_repository(tmp_path: Path, slug: str, error: str) -> None:
    template = reusable_workflow.platform_file(reusable_workflow.TEMPLATE)
    app = Layout({"Dockerfile": EVERYTHING, scaffold.CALLER: template}).make(tmp_path / "shop", cloned=False)
    (one,) = workflow_checks.find(app.folder)[0][0].callers
    told = [
        each.what for each in workflow_checks.check(one, reusable_workflow.read(), slug) if each.level is Level.ERROR
    ]
    assert [error in what for what in told] == [True] * bool(error)


def test_a_repository_without_a_commit_is_read(tmp_path: Path) -> None:
    app = Layout([], ("trunk",)).make(tmp_path / "shop", cloned=False)
    assert checkout.read(app.folder).branches == frozenset({"trunk"})
    assert not git.affirms(app.folder, "rev-parse", "--verify", "HEAD")


MATRICES: dict[str, tuple[Any, list[str]]] = {
    "lists": ({"image": ["a", "b"], "x": [1]}, ["a", "b"]),
    "include alone": ({"include": [{"image": "a"}, {"image": "b"}]}, ["a", "b"]),
    "computed": ("${{ fromJSON(needs.x.outputs.y) }}", ["${{ matrix.image }}"]),
    "computed list": ({"image": "${{ fromJSON(needs.x.outputs.y) }}"}, ["${{ matrix.image }}"]),
    "none": (None, ["${{ matrix.image }}"]),
}


@pytest.mark.parametrize("name", MATRICES)
def test_a_matrix_is_expanded_where_it_stands_in_the_file(name: str) -> None:
    matrix, images = MATRICES[name]
    tree = yaml.safe_load(caller("push", repository="'${{ matrix.image }}'"))
    tree["jobs"]["release"]["strategy"] = {"matrix": matrix}
    (one,) = reusable_workflow.workflow("x.yml", yaml.safe_dump(tree)).callers
    assert [given["ecr_repository"] for given in one.deliveries] == images


def test_two_callers_of_different_images_are_not_told(tmp_path: Path) -> None:
    files = {}
    for image in ("api", "web"):
        tree = yaml.safe_load(caller("push", repository="'${{ matrix.image }}'"))
        tree["jobs"]["release"]["strategy"] = {"matrix": {"image": [image]}}
        files[f".github/workflows/{image}.yml"] = yaml.safe_dump(tree)
    assert worst(Layout(files).make(tmp_path / "shop")) == []


@pytest.mark.parametrize(
    ("branches", "fix"),
    [(("develop", "a"), "create `main` from the last release"), (("master", "a"), "rename `master`")],
)
def test_the_way_to_prod_is_right_where_the_default_branch_is_not_known(
    tmp_path: Path, branches: Sequence[str], fix: str
) -> None:
    app = Layout(["Dockerfile"], branches).make(tmp_path / "shop")
    app.git("symbolic-ref", "--delete", "refs/remotes/origin/HEAD")
    init(app)
    (remark,) = [each for each in examined(app) if each.level > Level.GOOD and each.about == "triggers"]
    assert fix in remark.fix
