"""ecr-push: release the candidate that both gates allow, with all of its tags or none."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from goldenpath.delivery.builds import bases, build_cache, frontends
from goldenpath.delivery.github.history import History
from goldenpath.delivery.model import inputs, stage_requests
from goldenpath.delivery.model.event import BY_HAND
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.model.receipt import Receipt, SigningState, State, TagMove
from goldenpath.delivery.model.stage_requests import ImageRequest
from goldenpath.delivery.model.verdict import CHECKOUT, CONTEXT_ARTIFACT, Mode, Result
from goldenpath.delivery.registry.oci_registry import StoredManifest
from goldenpath.delivery.release import access, approval, managed_signing
from goldenpath.delivery.release.blob_uploads import NOTHING_SENT, Uploaded
from goldenpath.delivery.release.cancellation import allow_signals, defer_signals
from goldenpath.delivery.release.latest import Latest
from goldenpath.delivery.release.plan import preflight
from goldenpath.delivery.release.release_request import refuse_pull_request, wanted_access
from goldenpath.delivery.release.release_tags import (
    of_another_component,
    tags_of,
)
from goldenpath.delivery.release.transaction import Transaction
from goldenpath.delivery.rules import freshness, reviewed_refs
from goldenpath.delivery.rules.base_age import require_young
from goldenpath.delivery.stage import EVIDENCE_OUTPUT, Outcome, Run, Stage
from goldenpath.shared import codec
from goldenpath.shared.errors import (
    CheckoutDiffers,
    DiskTrouble,
    GateBlocked,
    StageOutOfOrder,
    UndoIncomplete,
)
from goldenpath.shared.names import EnvironmentName, ImageRepository

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from goldenpath.delivery.model.candidate import Candidate
    from goldenpath.delivery.model.layout import Descriptor
    from goldenpath.delivery.model.receipt import ImageSignature
    from goldenpath.delivery.release.access import EcrConnection
    from goldenpath.delivery.release.plan import ReleasePlan
    from goldenpath.shared.names import Tag


NOTHING = dict.fromkeys(("image", "image_digest", "image_ref", "image_name", "tags"), "")


def run(run: Run) -> Outcome:
    """Release the candidate in the work folder; on any failure the registry is left as it was."""
    run.work.forget(run.work.receipt)
    refuse_pull_request(run)
    if another := of_another_component(run):
        return Outcome(another, outputs=NOTHING)
    candidate = run.work.read_candidate()
    require_own(run, candidate)
    warnings = require_verdicts(run, candidate)
    reviewed_refs.require_tag(run.environment, run.event, run.work.read_verdict(Gate.GITLEAKS))
    approval.require(run)
    layout = Layout(run.work.layout)
    layout.require(candidate.digest)
    latest = latest_of(run)
    with access.open_repository(wanted_access(run), run.runner) as connection:
        receipt = release(run, connection, layout, candidate, latest)
    if receipt.state is State.RELEASED:
        warnings += managed_signing.warnings(receipt.signatures, run.environment)
    return _outcome(run, receipt, latest, warnings)


def release(
    run: Run, connection: EcrConnection, layout: Layout, candidate: Candidate, latest: Latest | None = None
) -> Receipt:
    """Carry out the transaction; the receipt is written before the first tag and completed after the last."""
    info, registry = connection.info, connection.registry
    tags = tags_of(run, info, candidate.commit, candidate.release_version)
    plan = preflight(connection, stored_in(layout), candidate.commit, tags, latest)
    write = partial(_write_receipt, run, connection, candidate, plan)
    if not plan.to_write:
        run.say("every tag already names this image: nothing to do")
        return write(State.UNCHANGED)
    signed = bool(run.environment.signing_profiles)
    transaction, done = Transaction(registry, connection.ecr, info.name, plan, signed=signed), ReleaseProgress()
    with defer_signals():  # from here to the end of its undo; long steps allow signals
        try:
            with allow_signals():
                uploaded = transaction.upload(layout, run.say, run.watch)
                done = ReleaseProgress(uploaded, transaction.missing_manifests(layout))
                write(State.STAGED, done)
                transaction.stage(layout, done.manifests)
                # Before any tag: no tag may name an image that must be signed and is not.
                signatures = managed_signing.awaited(connection, plan.target, run.environment, run.say)
                done = replace(done, signatures=signatures)
                transaction.commit(plan.target_manifest)
                return write(State.RELEASED, done, kept=transaction.kept)
        except BaseException as cause:
            run.say("undoing the release")
            _undo(transaction, cause, partial(write, progress=done))
            raise


def _undo(transaction: Transaction, cause: BaseException, write: Callable[[State], Receipt]) -> None:
    """Undo a release. If the receipt cannot be written, the undo and its error stay the same."""
    try:
        transaction.undo(cause)
    except UndoIncomplete:
        with suppress(DiskTrouble):
            write(State.BROKEN)
        raise
    with suppress(DiskTrouble):
        write(State.UNDONE)


@dataclass(frozen=True)
class ReleaseProgress:
    """The blobs and manifests that a release has stored so far, or is about to store."""

    uploaded: Uploaded = NOTHING_SENT
    manifests: tuple[Descriptor, ...] = ()
    signatures: tuple[ImageSignature, ...] = ()


def latest_of(run: Run) -> Latest:
    """Return the rule for moving `latest`. At a terminal a person chose the commit, so the release may move it."""
    if not run.runner.in_actions or not run.event.repository:
        return Latest()
    history = History(run.runner.api_url, run.request.github_token, run.event.repository)
    return Latest(run.event.commit, history, ref=run.event.ref if run.event.name == BY_HAND else "")


def stored_in(layout: Layout) -> StoredManifest:
    """Return the manifest that the tags of a release shall name: an index where there are several platforms."""
    root = layout.root()
    return StoredManifest(root.digest, root.media_type, layout.manifest_bytes(root))


def require_own(run: Run, candidate: Candidate) -> None:
    """Raise `StageOutOfOrder` unless the candidate is of this run's commit and for its ECR repository."""
    if candidate.commit != run.event.commit:
        raise StageOutOfOrder(
            f"The candidate is of the commit {candidate.commit}, and this run is about {run.event.commit}",
            why="The tags of this run would name an image of another commit",
            fix="Run `goldenpath build` again for this commit, then the stages after it",
        )
    if candidate.ecr_repository not in {"", run.request.ecr_repository}:
        raise StageOutOfOrder(
            f"The candidate was built for the ECR repository {candidate.ecr_repository}, and this run releases to "
            f"{run.request.ecr_repository}",
            why="Two deliveries used the same work folder",
            fix="Give each delivery a work folder of its own with --work-dir, then run all stages again",
        )


def require_verdicts(run: Run, candidate: Candidate) -> tuple[str, ...]:
    """Raise unless both gates decided on exactly this commit and image, for this environment, recently, and allow it.

    Returns one warning for everything that is out of date in a gate that only advises.
    """
    warnings: tuple[str, ...] = ()
    for gate, subject in ((Gate.GITLEAKS, candidate.commit), (Gate.TRIVY, candidate.digest)):
        verdict = run.work.read_verdict(gate)
        if verdict.subject != subject or verdict.environment != run.environment.name:
            raise StageOutOfOrder(
                f"The verdict of {gate} is about {verdict.subject} for {verdict.environment}, "
                f"and the release is {subject} for {run.environment.name}",
                fix=f"Run `goldenpath {gate.stage}` again for this environment, then the stages after it",
            )
        # An app may tighten an advisory gate; only the other way round somebody else's rules were at work.
        weaker = verdict.mode is Mode.ADVISORY and run.environment.modes[gate] is Mode.BLOCKING
        if verdict.result is Result.BLOCK or weaker:
            raise GateBlocked(
                f"{gate} does not allow this release", why=verdict.sentence, fix="Fix the findings and push again"
            )
        warnings += freshness.require_fresh(verdict, run.environment, datetime.now(UTC))
    require_same_files(run, candidate)
    frontends.require_allowed(candidate.frontends, run.environment)
    bases.require_allowed(candidate.bases, run.environment)
    build_cache.require_allowed(candidate, run.environment)
    return warnings + require_young(candidate.bases, run.environment, datetime.now(UTC))


def require_same_files(run: Run, candidate: Candidate) -> None:
    """Raise `CheckoutDiffers` unless gitleaks scanned the files that the candidate was built from.

    What an earlier job built must be the same everywhere, and the files of the commit where gitleaks blocks.
    """
    scanned = run.work.read_verdict(Gate.GITLEAKS).seen
    _require_same_addition(scanned, candidate)
    is_blocking = run.environment.modes[Gate.GITLEAKS] is Mode.BLOCKING
    if is_blocking and scanned.get(CHECKOUT, "") != candidate.checkout:
        raise CheckoutDiffers(
            f"The image was built from other files than those that {Gate.GITLEAKS} scanned",
            why=f"Both are of the commit {candidate.commit.short}, and its files had other bytes where it was built",
            fix="Look for filters and conversions in the git configuration of the runner that builds, and for steps "
            "that change files before the build; then run all jobs again",
        )


def _require_same_addition(scanned: Mapping[str, str], candidate: Candidate) -> None:
    added = candidate.context_artifact
    if scanned.get(CONTEXT_ARTIFACT, "") != (added.digest if added else ""):
        raise CheckoutDiffers(
            f"The image was built with other content of an earlier job than {Gate.GITLEAKS} scanned",
            why=f"The gate scanned {scanned.get(CONTEXT_ARTIFACT, 'none')}, and the image has "
            f"{added.digest if added else 'none'}",
            fix="Give the gate and the build the same `context_artifact`, then run all jobs again",
        )


def _write_receipt(
    run: Run,
    connection: EcrConnection,
    candidate: Candidate,
    plan: ReleasePlan,
    state: State,
    progress: ReleaseProgress = ReleaseProgress(),
    kept: Collection[Tag] = (),
) -> Receipt:
    done = state in {State.RELEASED, State.UNCHANGED}
    receipt = Receipt(
        state=state,
        environment=EnvironmentName(run.environment.name),
        repository=ImageRepository(connection.info.uri),
        digest=plan.target,
        commit=candidate.commit,
        tags=tuple(
            TagMove(tag, was.digest if was else None, plan.target if done else None)
            for tag, was in plan.before.items()
            if tag not in kept
        ),
        uploaded_blobs=progress.uploaded.blobs,
        uploaded_bytes=progress.uploaded.size,
        staged=tuple(one.digest for one in progress.manifests if not plan.archive.holds(one.digest)),
        unbound=connection.unbound,
        signatures=progress.signatures,
        policy=run.policy.digest,
        run=run.runner.workflow_run,
    )
    codec.write(run.work.receipt, receipt)
    return receipt


def _outcome(run: Run, receipt: Receipt, latest: Latest, warnings: tuple[str, ...]) -> Outcome:
    names = [move.tag for move in receipt.tags]
    shown = run.request.image_tag if run.request.image_tag in names else names[0]
    done = "was released already" if receipt.state is State.UNCHANGED else "released"
    profiles = [signature.profile for signature in receipt.signatures if signature.state is SigningState.COMPLETE]
    signed = f"; signed by ECR with {', '.join(profiles)}" if profiles else ""
    kept = f"; {stayed}" if (stayed := latest.kept(names)) else ""
    return Outcome(
        sentence=f"{done}: {receipt.reference} as {', '.join(names)}{signed}{kept}",
        outputs={
            "image": f"{receipt.repository}:{shown}",
            "image_digest": receipt.digest,
            "image_ref": receipt.reference,
            "image_name": stage_requests.of(ImageRequest, run.request).ecr_repository,
            "tags": ",".join(names),
        },
        warnings=(*warnings, latest.warning) if latest.warning else warnings,
    )


STAGE = Stage(
    name="ecr-push",
    help="Release the candidate to Amazon ECR: all tags or none, by a role assumed through OIDC.",
    inputs=(
        inputs.ENVIRONMENT, inputs.SOURCE, inputs.ECR_REPOSITORY, inputs.VERSION, inputs.IMAGE_TAG,
        inputs.AWS_REGION, inputs.ROLE_ARN, inputs.REGISTRY_ACCOUNT, inputs.ALLOWED_ACCOUNT_IDS, inputs.AUDIENCE,
        inputs.WORK_DIR, inputs.TRIVY_EXIT_CODE, inputs.PUSH_LATEST, inputs.GITHUB_TOKEN, inputs.EVIDENCE,
    ),
    outputs={
        "image": "The image by its commit tag (or by `image_tag`), as `docker pull` takes it.",
        "image_digest": "The digest of the released image.",
        "image_ref": "The image by digest, as `docker pull` takes it.",
        "image_name": "The name of the ECR repository, without the registry and its AWS account.",
        "tags": "Every tag of the release, separated by commas.",
        **EVIDENCE_OUTPUT,
    },
    run=run,
    reads_files=True,
    releases=True,
    timed=True,
)  # fmt: skip
