"""`goldenpath local` with the whole double of GitHub and of a registry's settings, which a test sets up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.local.server import Local
from tests.doubles.aws.ecr_api import EcrApiDouble
from tests.doubles.github.api import GitHubDouble

if TYPE_CHECKING:
    from tests.doubles.github.api import UploadRefusal
    from tests.doubles.github.artifacts import Artifacts
    from tests.doubles.github.commits import Commits
    from tests.doubles.github.runs import Runs
    from tests.doubles.github.threads import Threads


class LocalWithGitHub(Local):
    """The local services, with every part of GitHub and the settings of a registry that our code uses."""

    github_class = GitHubDouble
    ecr_class = EcrApiDouble

    @property
    def runs(self) -> Runs:
        """The workflow runs and files of GitHub's double."""
        return self._double.runs

    @property
    def artifacts(self) -> Artifacts:
        """The artifacts of the repositories at GitHub's double."""
        return self._double.artifacts

    @property
    def commits(self) -> Commits:
        """The commits of the repositories at GitHub's double."""
        return self._double.commits

    @property
    def threads(self) -> Threads:
        """The pull requests and issues of GitHub's double."""
        return self._double.threads

    def refuse_uploads(self, refusal: UploadRefusal | None) -> None:
        """Refuse every SARIF upload from now on; `None` accepts them again."""
        self._double.refusal = refusal

    @property
    def _double(self) -> GitHubDouble:
        assert isinstance(self._github, GitHubDouble)
        return self._github
