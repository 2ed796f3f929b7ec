"""Measure what the build cache of a workflow saves: `make bench-build-cache`.

Every build is a push to `main` for dev, on a BuildKit that forgot everything, as a new runner has. The app is the
Python app of `make bench`. One commit must be one digest, with the cache and without it; exits with 1 otherwise.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from dev.benchmark import measuring, services  # noqa: E402
from dev.benchmark.cases import CASES  # noqa: E402
from tests import step_outputs  # noqa: E402

from goldenpath.delivery.model.work_folder import WorkFolder  # noqa: E402
from goldenpath.local.demo import sample  # noqa: E402
from goldenpath.shared import runner  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dev.benchmark.cases import Case
    from dev.benchmark.services import Services

_APP, _SLUG = "python", "acme/app"


@dataclass
class Builds:
    """Builds of one app; what GitHub would keep of them is in the folder `cache`, filed under `key`."""

    services: Services
    case: Case
    source: Path
    cache: Path
    key: str = ""
    digests: dict[str, set[str]] = field(default_factory=dict)

    def build(self, name: str, options: Sequence[str] = ()) -> None:
        """Build the present commit on an empty BuildKit, print what that took, and note the image's digest."""
        self.services.forget()
        with tempfile.TemporaryDirectory(dir=self.services.folder) as run:
            self._build(Path(run), name, options)

    def build_with_cache(self, name: str) -> None:
        """Build with the cache, which a cold build leaves for the next one."""
        self.build(name, (f"--build-cache={self.cache}", f"--build-cache-key={self.key}"))

    def _build(self, run: Path, name: str, options: Sequence[str]) -> None:
        contexts = "\n".join(f"{name}={value}" for name, value in self.case.build_contexts().items())
        program = (str(ROOT / "bin" / "goldenpath"), "build", "--environment=dev", f"--work-dir={run / 'work'}")
        done = measuring.run(
            (*program, f"--build-contexts={contexts}", *options),
            environment=self._variables(run),
            folder=self.source,
            log=run / "log",
            daemons=self.services.daemons,
        )
        if done.code:
            raise SystemExit(f"{name}: {(run / 'log').read_text()}")
        candidate = WorkFolder(run / "work").read_candidate()
        self.digests.setdefault(candidate.commit, set()).add(candidate.digest)
        processor = sum(counters.processor for counters in done.between(done.begin, done.end))
        kind = "warm" if candidate.cache else "cold"
        print(f"{name:<32}{kind}{done.end - done.begin:8.1f} s{processor:8.1f} s of a processor", flush=True)
        if digest := step_outputs.read(run / "output").get("build_cache_digest"):
            self.key = f"goldenpath-build-1-dev-{_SLUG}-{digest}"

    def _variables(self, run: Path) -> dict[str, str]:
        """Return the environment of a job for a push to `main`; GitHub: "Variables reference"."""
        repository = {"full_name": _SLUG, "default_branch": "main"}
        (run / "event.json").write_text(json.dumps({"repository": repository}))
        cache, trivy = self.services.empty_cache(run / "goldenpath-cache"), self.services.new_trivy_cache(run / "trivy")
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=self.source, check=True, capture_output=True, text=True)
        return {
            **self.services.our_variables(cache, trivy),
            "HOME": str(run),
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_EVENT_PATH": str(run / "event.json"),
            "GITHUB_REPOSITORY": _SLUG,
            "GITHUB_SHA": head.stdout.strip(),
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_RUN_ID": "1",
            "GITHUB_OUTPUT": str(run / "output"),
            "GITHUB_STEP_SUMMARY": str(run / "summary"),
            "RUNNER_TEMP": str(run),
        }


def main() -> int:
    """Print what each build took; 1 when two builds of one commit differ."""
    case = next(case for case in CASES if case.name == _APP)
    kept = runner.cache_dir() / "bench"
    kept.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="gp-cache-", ignore_cleanup_errors=True) as folder,
        services.running(Path(folder)) as running,
    ):
        source = Path(folder) / "source"
        subprocess.run(["git", "clone", "--quiet", "--local", str(case.repository(kept)), str(source)], check=True)
        sample.git(source, "remote", "set-url", "origin", f"https://github.com/{_SLUG}.git")
        builds = Builds(running, case, source, Path(folder) / "kept")
        builds.build("without a cache")
        builds.build_with_cache("the first with a cache, keeps it")
        builds.build_with_cache("unchanged")
        path = source / case.changed
        path.write_text(f"{path.read_text()}# Changed\n")
        sample.commit(source, "Change one line")
        builds.build("one line, without a cache")
        builds.build_with_cache("one line")
    different = [commit for commit, digests in builds.digests.items() if len(digests) > 1]
    print(f"{len(builds.digests)} commits, different images of one commit: {len(different)}")
    return int(bool(different))


if __name__ == "__main__":
    raise SystemExit(main())
