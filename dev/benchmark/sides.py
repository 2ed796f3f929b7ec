"""The two sides: the usual recipe, command by command, and `goldenpath deliver`, whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dev.benchmark.model import Side, State
from dev.benchmark.services import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dev.benchmark.cases import Image
    from dev.benchmark.services import Services


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


class Recipe:
    """What a team writes that has no platform: scan, build, scan twice, inventory, push each tag."""

    side = Side.RECIPE

    def __init__(self, services: Services, folder: Path) -> None:
        self._host = services.registry.registry_host
        self._out = folder / "reports"
        self._out.mkdir(parents=True)
        self._trivy = services.new_trivy_cache(folder / "trivy")
        self.variables = {**services.recipe_variables(), "HOME": str(folder)}

    def commands(self, image: Image, repository: str, checkout: Checkout, _: State) -> list[Command]:
        """Return the commands that deliver `image`, in their order; the first that fails ends the delivery."""
        name = f"{self._host}/{repository}:{checkout.commit}"
        other = f"{self._host}/{repository}:dev-{checkout.commit}"
        contexts = [f"--build-context={key}={value}" for key, value in checkout.build_contexts.items()]
        gitleaks = ["gitleaks", "git", "--no-banner", "--redact", "--report-format=sarif", self._report("leaks.sarif")]
        build = ["docker", "buildx", "build", "--load", *contexts, f"--tag={name}", image.folder]
        trivy = [
            "trivy", "image", f"--cache-dir={self._trivy}", "--skip-db-update", "--skip-java-db-update",
            "--offline-scan", "--scanners=vuln", "--severity=HIGH,CRITICAL", "--ignore-unfixed",
        ]  # fmt: skip
        syft = ["syft", "scan", f"docker:{name}", "--quiet", f"--output=spdx-json={self._out / 'sbom.json'}"]
        return [
            Command([*gitleaks, "."], "secrets"),
            Command(build, "build"),
            Command([*trivy, "--format=sarif", f"--output={self._out / 'trivy.sarif'}", name], "vulnerabilities"),
            Command([*trivy, "--format=table", f"--output={self._out / 'trivy.txt'}", name], "vulnerabilities"),
            Command(syft, "inventory"),
            Command(["docker", "push", "--quiet", name], "push"),
            Command(["docker", "tag", name, other], "push"),
            Command(["docker", "push", "--quiet", other], "push"),
        ]

    def _report(self, name: str) -> str:
        return f"--report-path={self._out / name}"


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
