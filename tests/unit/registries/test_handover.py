"""Whose repository is told of a registry: one that delivers to it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, cast

import pytest

from goldenpath.registries import handover

if TYPE_CHECKING:
    from goldenpath.registries.github.repository import GithubRepository

CALL = (
    "jobs:\n  d:\n    uses: o/platform/.github/workflows/_build-and-release.yml@main\n    with: {ecr_repository: %s}\n"
)
STEP = "jobs:\n  d:\n    steps:\n      - run: x\n      - uses: O/Platform@v1\n        with: {ecr_repository: my-app}\n"


class Files:
    """A repository of which only files below one folder are read."""

    def __init__(self, **files: str) -> None:
        self.files = {f".github/workflows/{name.replace('_', '.')}": text for name, text in files.items()}

    def get(self, path: str, _: str) -> Any:  # noqa: ANN401  any JSON
        if path == "contents/.github/workflows":
            listed = [{"path": each, "type": "file", "size": len(text)} for each, text in self.files.items()]
            return listed or None
        return {"content": base64.encodebytes(self.files[path.removeprefix("contents/")].encode()).decode()}


def delivers(**files: str) -> bool:
    return handover.delivers_to(cast("GithubRepository", Files(**files)), "o/my-app", "my-app", "o/platform")


def test_a_repository_with_a_caller_for_the_registry_delivers_to_it() -> None:
    assert delivers(a_yml="jobs: {}", delivery_yaml=CALL % "my-app")
    assert delivers(delivery_yml=STEP)


def test_a_caller_whose_registry_is_named_as_the_repository_delivers_to_it() -> None:
    assert delivers(delivery_yml=CALL % "'${{ github.event.repository.name }}'")
    assert not delivers(delivery_yml=CALL % "'team/${{ github.event.repository.name }}'")


@pytest.mark.parametrize(
    "text",
    [
        CALL % "other-app",
        (CALL % "my-app").replace("o/platform", "else/platform"),
        (CALL % "my-app").replace("o/platform", "o/platform-of-mine"),
        "# " + (CALL % "my-app").replace("\n", "\n# "),
        "jobs: [", "jobs: 1", "jobs: {d: 1}", "jobs: {d: {uses: o/platform@v1, with: 1}}", "[]", "", "&a [*a]",
        "jobs: " + "[" * 5000,
        (CALL % "my-app") + "#" * (1 << 18),
    ],
)  # fmt: skip
def test_whatever_does_not_name_the_registry_as_a_caller_does_is_not_told(text: str) -> None:
    assert not delivers(delivery_yml=text)


def test_a_repository_without_workflows_is_not_told() -> None:
    assert not delivers()
    assert not delivers(delivery_txt=CALL % "my-app")
