"""ecr-push: the release, all of its tags or none, and only of what the gates let through."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from goldenpath import runner
from goldenpath.errors import BadInput, GateBlocked, StageOutOfOrder, UndoIncomplete
from goldenpath.model import codec, inputs
from goldenpath.model.finding import Gate
from goldenpath.model.layout import Layout
from goldenpath.model.names import EcrRepository, Version
from goldenpath.model.receipt import Receipt, State, TagMove
from goldenpath.model.verdict import Result
from goldenpath.release import tags
from goldenpath.release.plan import preflight
from goldenpath.release.transaction import NOTHING_SENT, Transaction, Uploaded
from goldenpath.services import aws, oidc
from goldenpath.services.oci_registry import OciRegistry, StoredManifest
from goldenpath.stages.base import Outcome, Run, Stage
from goldenpath.stages.trivy_gate import require_digest

if TYPE_CHECKING:
    from goldenpath.model.candidate import Candidate
    from goldenpath.release.plan import Plan
    from goldenpath.services.aws import Ecr, Login, RepositoryInfo


def run(run: Run) -> Outcome:
    """Release the candidate in the work folder; on any failure the registry is left as it was."""
    run.work.forget(run.work.receipt)
    refuse_pull_request(run)
    candidate = run.work.read_candidate()
    require_verdicts(run, candidate)
    layout = Layout(run.work.layout)
    require_digest(layout, candidate.digest)
    ecr = _connect(run)
    repository = ecr.describe(_repository(run))
    login = partial(_login, run, ecr)
    registry = OciRegistry(login(), repository.name, renew=login)
    try:
        receipt = release(run, ecr, registry, repository, layout, candidate)
    finally:
        registry.close()
    return _outcome(receipt)


def release(
    run: Run, ecr: Ecr, registry: OciRegistry, repository: RepositoryInfo, layout: Layout, candidate: Candidate
) -> Receipt:
    """Carry out the transaction; the receipt is written before the first tag and completed after the last."""
    wanted = tags.of_release(run.environment, candidate.commit, _version(run, candidate))
    if repository.immutable:
        # The next release could not move it.
        wanted = tuple(tag for tag in wanted if tag != tags.LATEST)
    plan = preflight(registry, repository, stored_in(layout), candidate.commit, wanted)
    write = partial(_write_receipt, run, repository, candidate, plan)
    if not plan.to_write:
        run.say("every tag names this image already: nothing to do")
        return write(State.UNCHANGED)
    transaction, uploaded = Transaction(registry, ecr, repository.name, plan), NOTHING_SENT
    try:
        if not plan.reused:
            uploaded = transaction.stage(layout, run.say)
        write(State.STAGED, uploaded)
        transaction.commit(plan.target_manifest)
        return write(State.RELEASED, uploaded)
    except BaseException as cause:
        run.say("undoing the release")
        try:
            transaction.undo(cause)
        except UndoIncomplete:
            write(State.BROKEN, uploaded)
            raise
        write(State.UNDONE, uploaded)
        raise


def stored_in(layout: Layout) -> StoredManifest:
    """Return what the tags of a release shall name: the layout's manifest, or its index of several platforms."""
    root = layout.root()
    return StoredManifest(root.digest, root.media_type, layout.manifest_bytes(root))


def refuse_pull_request(run: Run) -> None:
    """Raise `BadInput` in a pull request, and for a ref that the environment does not take releases from."""
    if run.event.is_pull_request:
        raise BadInput("a pull request is checked, never released", fix="merge it; the push that follows releases")
    if not run.environment.allows_ref(run.event.ref):
        raise BadInput(
            f"{run.event.ref} may not be released to {run.environment.name}",
            why=f"the platform allows {', '.join(run.environment.refs)}",
            fix="release from one of these, or deliver to another environment",
        )


def require_verdicts(run: Run, candidate: Candidate) -> None:
    """Raise unless both gates decided on exactly this commit and image, for this environment, and let it through."""
    for gate, subject in ((Gate.GITLEAKS, candidate.commit), (Gate.TRIVY, candidate.digest)):
        verdict = run.work.read_verdict(gate)
        if verdict.subject != subject or verdict.environment != run.environment.name:
            raise StageOutOfOrder(
                f"the verdict of {gate} is about {verdict.subject} for {verdict.environment}, "
                f"and the release is {subject} for {run.environment.name}",
                fix=f"run `goldenpath {gate.stage}` again for this environment, then the stages after it",
            )
        if verdict.result is Result.BLOCK or verdict.mode is not run.environment.modes[gate]:
            raise GateBlocked(
                f"{gate} does not let this release through", why=verdict.sentence, fix="mend the findings, push again"
            )


def _repository(run: Run) -> EcrRepository:
    if run.request.ecr_repository is None:
        raise BadInput("no ECR repository was named", fix="name it with --ecr-repository")
    return run.request.ecr_repository


def _version(run: Run, candidate: Candidate) -> Version | None:
    given = run.request.version or run.event.release_version
    return given or (Version(candidate.version) if candidate.version else None)


def _connect(run: Run) -> Ecr:
    event, request = run.event, run.request
    session = aws.Session(
        region=request.aws_region or inputs.AWS_REGION.parse(inputs.AWS_REGION.default),
        repository=_repository(run),
        name=f"goldenpath-{event.repository.replace('/', '-')}-{run.runner.run_id}",
        identity=lambda: oidc.token(runner.variables()),
        hide=run.runner.mask,
    )
    return aws.connect(session, request.role_arn)


def _login(run: Run, ecr: Ecr) -> Login:
    login = ecr.login()
    for secret in login.secrets:
        run.runner.mask(secret)
    return login


def _write_receipt(
    run: Run,
    repository: RepositoryInfo,
    candidate: Candidate,
    plan: Plan,
    state: State,
    uploaded: Uploaded = NOTHING_SENT,
) -> Receipt:
    done = state in {State.RELEASED, State.UNCHANGED}
    receipt = Receipt(
        state=state,
        environment=run.environment.name,
        repository=repository.uri,
        digest=plan.target,
        commit=candidate.commit,
        tags=tuple(
            TagMove(tag, held.digest if held else None, plan.target if done else None)
            for tag, held in plan.before.items()
        ),
        uploaded_blobs=uploaded.blobs,
        uploaded_bytes=uploaded.size,
    )
    codec.write(run.work.receipt, receipt)
    return receipt


def _outcome(receipt: Receipt) -> Outcome:
    names = ", ".join(move.tag for move in receipt.tags)
    done = "was released already" if receipt.state is State.UNCHANGED else "released"
    return Outcome(
        sentence=f"{done}: {receipt.reference} as {names}",
        outputs={
            "image": f"{receipt.repository}:{receipt.tags[0].tag}",
            "image_digest": receipt.digest,
            "image_ref": receipt.reference,
            "tags": ",".join(move.tag for move in receipt.tags),
        },
    )


STAGE = Stage(
    name="ecr-push",
    help="Release the candidate to Amazon ECR: all tags or none, by a role assumed through OIDC.",
    inputs=(
        inputs.ENVIRONMENT, inputs.SOURCE, inputs.ECR_REPOSITORY, inputs.VERSION, inputs.AWS_REGION, inputs.ROLE_ARN,
        inputs.WORK_DIR,
    ),
    outputs={
        "image": "The image by its commit tag, as `docker pull` takes it.",
        "image_digest": "The digest of the released image.",
        "image_ref": "The image by digest, as `docker pull` takes it.",
        "tags": "Every tag of the release, separated by commas.",
    },
    run=run,
)  # fmt: skip
