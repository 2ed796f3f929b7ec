#!/usr/bin/env -S python3 -I
"""Deprecated, for local development only: build an image and push it to Amazon ECR under two tags, unscanned."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from goldenpath import cli  # noqa: E402
from goldenpath.delivery.model import inputs  # noqa: E402
from goldenpath.delivery.model.layout import Layout  # noqa: E402
from goldenpath.delivery.release import access  # noqa: E402
from goldenpath.delivery.release.cancellation import allow_signals, defer_signals  # noqa: E402
from goldenpath.delivery.release.plan import preflight  # noqa: E402
from goldenpath.delivery.release.release_request import wanted_access  # noqa: E402
from goldenpath.delivery.release.release_tags import further_along  # noqa: E402
from goldenpath.delivery.release.tags import ReleaseTags  # noqa: E402
from goldenpath.delivery.release.transaction import Transaction  # noqa: E402
from goldenpath.delivery.running import execution  # noqa: E402
from goldenpath.delivery.stages import build, ecr_push  # noqa: E402
from goldenpath.shared import runner  # noqa: E402
from goldenpath.shared.console import Progress  # noqa: E402
from goldenpath.shared.errors import BadInput  # noqa: E402
from goldenpath.shared.names import Tag  # noqa: E402
from goldenpath.shared.runner import Runner  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from goldenpath.delivery.stage import Run

NOTICE = "ecr-build-push.sh is deprecated, for local development only, and scans nothing: use `goldenpath deliver`"
USED = (
    inputs.ENVIRONMENT, inputs.SOURCE, inputs.ECR_REPOSITORY, inputs.BUILD_CONTEXT, inputs.DOCKERFILE_PATH,
    inputs.VERSION, inputs.AWS_REGION, inputs.WORK_DIR,
)  # fmt: skip


def main(argv: Sequence[str]) -> int:
    """Do it, and return the exit code."""
    given = _parser().parse_args(argv)
    sys.stderr.write(f"warning: {NOTICE}\n")
    return cli.guarded(lambda: push(given))


def push(given: argparse.Namespace) -> None:
    """Build, log in, and push both tags or none. Raises `BadInput` in a workflow run: there is a gated way there."""
    if runner.in_actions():
        raise BadInput("this script does not run in CI", why=NOTICE, fix="call _build-and-release.yml instead")
    tags = _tags(given.sha, given.version)
    progress = Progress()
    with tempfile.TemporaryDirectory(prefix="goldenpath-legacy-") as folder:
        run = execution.prepare(_request(given, folder), Runner.read(runner.variables()), progress)
        execution.run_stage(build.STAGE, run, progress)
        uri = _push(run, given.registry, tags, progress.say)
    for tag in tags:
        progress.line(f"✓ {uri}:{tag}")


def _push(run: Run, registry: str, tags: tuple[Tag, ...], say: Callable[[str], None]) -> str:
    candidate, layout = run.work.read_candidate(), Layout(run.work.layout)
    with access.open_repository(wanted_access(run), run.runner) as connection:
        expected = f"{registry}/{connection.info.name}"
        if connection.info.uri != expected:
            raise BadInput(
                f"the repository is {connection.info.uri}, and not {expected}", fix="correct --registry or --region"
            )
        wanted = ReleaseTags(tags, by_environment=tags[-1], further=further_along(run, candidate.commit))
        plan = preflight(connection, ecr_push.stored_in(layout), candidate.commit, wanted)
        transaction = Transaction(connection.registry, connection.ecr, connection.info.name, plan)
        with defer_signals():
            try:
                with allow_signals():
                    transaction.upload(layout, say)
                    transaction.stage(layout, transaction.missing_manifests(layout))
                    transaction.commit(plan.target_manifest)
            except BaseException as cause:
                transaction.undo(cause)
                raise
        return connection.info.uri


def _request(given: argparse.Namespace, folder: str) -> inputs.Request:
    raw = {
        "environment": "local", "ecr_repository": given.name, "aws_region": given.region, "version": given.version,
        "build_context": given.context, "dockerfile_path": given.dockerfile, "work_dir": folder,
    }  # fmt: skip
    return inputs.read(USED, raw)


def _tags(*given: str) -> tuple[Tag, ...]:
    try:
        return tuple(dict.fromkeys(Tag(name) for name in given))
    except ValueError as error:
        raise BadInput("a tag cannot be used", why=str(error), fix="correct --sha or --version") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ecr-build-push.sh", description=__doc__)
    parser.add_argument("--registry", required=True, help="its host: <account>.dkr.ecr.<region>.amazonaws.com")
    parser.add_argument("--name", required=True, help="name of the repository")
    parser.add_argument("--sha", required=True, help="first tag")
    parser.add_argument("--version", required=True, help="second tag")
    parser.add_argument("--region", default="eu-west-2", help="AWS region (default: eu-west-2)")
    parser.add_argument("--context", default=".", help="build context (default: .)")
    parser.add_argument("--dockerfile", default="./Dockerfile", help="the Dockerfile (default: ./Dockerfile)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
