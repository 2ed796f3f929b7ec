"""The two sides: the usual recipe, command by command, and `goldenpath deliver`, whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dev.benchmark.model import Side, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dev.benchmark.cases import Image
    from dev.benchmark.services import Services

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Checkout:
    """A checkout to deliver: its folder, the short name of its commit, and the named contexts of its builds."""

    folder: Path
    commit: str
    build_contexts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Command:
    """A command of a delivery; `stage` is what it does, "" where it is the whole delivery."""

    words: Sequence[str]
    stage: str = ""
    work: Path | None = None


def recipe(
    image: str, tags: tuple[str, str], *, folder: str, build_contexts: Mapping[str, str], cache: Path, reports: Path
) -> list[Command]:
    """Return what a team writes that has no platform: scan, build, scan twice, inventory, push each of the `tags`.

    `image` has no tag, `folder` is the build context, `cache` is trivy's. The first command that fails is the last.
    """
    name, other = (f"{image}:{tag}" for tag in tags)
    gitleaks = ["gitleaks", "git", "--no-banner", "--redact", "--report-format=sarif"]
    contexts = [f"--build-context={key}={value}" for key, value in build_contexts.items()]
    trivy = [
        "trivy", "image", f"--cache-dir={cache}", "--skip-db-update", "--skip-java-db-update", "--offline-scan",
        "--scanners=vuln", "--severity=HIGH,CRITICAL", "--ignore-unfixed",
    ]  # fmt: skip
    return [
        Command([*gitleaks, f"--report-path={reports / 'leaks.sarif'}", "."], "secrets"),
        Command(["docker", "buildx", "build", "--load", *contexts, f"--tag={name}", folder], "build"),
        Command([*trivy, "--format=sarif", f"--output={reports / 'trivy.sarif'}", name], "vulnerabilities"),
        Command([*trivy, "--format=table", f"--output={reports / 'trivy.txt'}", name], "vulnerabilities"),
        Command(
            ["syft", "scan", f"docker:{name}", "--quiet", f"--output=spdx-json={reports / 'sbom.json'}"], "inventory"
        ),
        Command(["docker", "push", "--quiet", name], "push"),
        Command(["docker", "tag", name, other], "push"),
        Command(["docker", "push", "--quiet", other], "push"),
    ]


class Recipe:
    """The usual commands, one after another."""

    side = Side.RECIPE

    def __init__(self, services: Services, folder: Path) -> None:
        self._host = services.registry.registry_host
        self._reports = folder / "reports"
        self._reports.mkdir(parents=True)
        self._trivy = services.new_trivy_cache(folder / "trivy")
        self.variables = {**services.recipe_variables(), "HOME": str(folder)}

    def commands(self, image: Image, repository: str, checkout: Checkout, _: State) -> list[Command]:
        """Return the commands that deliver `image`."""
        return recipe(
            f"{self._host}/{repository}",
            (checkout.commit, f"dev-{checkout.commit}"),
            folder=image.folder,
            build_contexts=checkout.build_contexts,
            cache=self._trivy,
            reports=self._reports,
        )


class Ours:
    """`goldenpath deliver` as a person at a terminal runs it."""

    side = Side.OURS

    def __init__(self, services: Services, folder: Path) -> None:
        self._work = folder / "work"
        cache, trivy = services.empty_cache(folder / "cache"), services.new_trivy_cache(folder / "trivy")
        self.variables = {**services.our_variables(cache, trivy), "HOME": str(folder)}

    def commands(self, image: Image, repository: str, checkout: Checkout, state: State) -> list[Command]:
        """Return the one command that delivers `image`."""
        contexts = "\n".join(f"{name}={value}" for name, value in checkout.build_contexts.items())
        work = self._work / image.name
        words = [
            str(ROOT / "bin" / "goldenpath"), "deliver",
            f"--environment={'test' if state is State.BLOCKED else 'dev'}",
            f"--ecr-repository={repository}",
            f"--build-context={image.folder}",
            f"--dockerfile-path={image.folder}/Dockerfile",
            f"--work-dir={work}",
            f"--build-contexts={contexts}",
        ]  # fmt: skip
        return [Command(words, work=work)]
