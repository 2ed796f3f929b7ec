"""preflight: check before the build whether this run may release, so that nobody waits for a refusal."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from goldenpath.delivery.model import inputs
from goldenpath.delivery.release import access, approval, managed_signing
from goldenpath.delivery.release.concurrently import map_concurrently
from goldenpath.delivery.release.plan import archive_behind, require_movable
from goldenpath.delivery.release.release_request import refuse_pull_request, wanted_access
from goldenpath.delivery.release.release_tags import of_another_component, tags_of
from goldenpath.delivery.stage import Outcome, Run, Stage
from goldenpath.shared import replication
from goldenpath.shared.parallel import alongside
from goldenpath.shared.shown_text import as_markdown

if TYPE_CHECKING:
    from goldenpath.delivery.registry.oci_registry import StoredManifest
    from goldenpath.delivery.release.access import EcrConnection
    from goldenpath.shared.names import Tag


def run(run: Run) -> Outcome:
    """Check account, repository and tags, and change nothing. Raises every error that would stop `ecr-push`."""
    refuse_pull_request(run)
    if another := of_another_component(run):
        return Outcome(another, outputs={"repository_uri": "", "tags": "", "release": "false"})
    approval.require(run)
    commit = run.event.commit
    with access.open_repository(replace(wanted_access(run), read_only=True), run.runner) as connection:
        tags = tags_of(run, connection.info, commit)
        current = map_concurrently(connection.registry.manifest, tags.wanted)
        require_movable(current, connection.info, commit, tags.moving)
        archive_behind(current, connection, tags.moving)
        warnings, copies = _settings(run, connection)
    for note in copies:
        run.say(note)
    states = ", ".join(itertools.starmap(_state, current.items()))
    return Outcome(
        sentence=f"{connection.info.uri} ({connection.info.kind}) may be released to: {states}",
        outputs={"repository_uri": connection.info.uri, "tags": ",".join(current), "release": "true"},
        warnings=warnings,
        summary="".join(f"\n- {as_markdown(note)}" for note in (*warnings, *copies)),
    )


def _settings(run: Run, connection: EcrConnection) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what to know about the registry's own settings: warnings about its signing, and where it copies images."""
    name = connection.info.name
    with alongside() as second:
        copies = second.start(connection.ecr.replicas, name)
        return managed_signing.notes(connection, run.environment), replication.notes(name, copies.result())


def _state(tag: Tag, current: StoredManifest | None) -> str:
    return f"{tag} is free" if current is None else f"{tag} is at {current.digest[:19]}…"


STAGE = Stage(
    name="preflight",
    help="Before the build: check account, repository, and every tag that the release will write. Changes nothing.",
    inputs=(
        inputs.ENVIRONMENT, inputs.SOURCE, inputs.ECR_REPOSITORY, inputs.VERSION, inputs.IMAGE_TAG,
        inputs.AWS_REGION, inputs.ROLE_ARN, inputs.REGISTRY_ACCOUNT, inputs.ALLOWED_ACCOUNT_IDS, inputs.AUDIENCE,
        inputs.WORK_DIR,
        inputs.PUSH_LATEST, inputs.GITHUB_TOKEN,
    ),
    outputs={
        "repository_uri": "The repository as `docker pull` takes it, without tag.",
        "tags": "Every tag that the release will write, separated by commas.",
        "release": "`false` where the git tag of the run releases another component; then there is nothing to build.",
    },
    run=run,
)  # fmt: skip
