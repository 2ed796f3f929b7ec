"""gitleaks-gate: search for secrets in the commits of a run and in its checkout."""

from __future__ import annotations

from dataclasses import replace as changed
from typing import TYPE_CHECKING

from msgspec.structs import replace

from goldenpath.delivery.builds import build_cache, context_artifact
from goldenpath.delivery.checkout import checkout, git_tags, whole_checkout
from goldenpath.delivery.model import inputs
from goldenpath.delivery.model.finding import Finding, Findings, Gate, Kind, Location, Scanner, Severity
from goldenpath.delivery.model.verdict import CHECKOUT, CONTEXT_ARTIFACT
from goldenpath.delivery.rules import reviewed_refs, settled
from goldenpath.delivery.running import gate
from goldenpath.delivery.running.upload_conditions import require_code_scanning
from goldenpath.delivery.scanners import scanner
from goldenpath.delivery.secrets import (
    git_objects,
    gitleaks,
    line_windows,
    repeated_secrets,
    secret_history,
    streaming_scan,
)
from goldenpath.delivery.secrets.scan_corpus import FileOrigin, ScanCorpus, UnreadFile
from goldenpath.delivery.secrets.scan_scope import ScanScope
from goldenpath.delivery.stage import Outcome, Run, Stage, require_allowed_ref
from goldenpath.shared import git
from goldenpath.shared.errors import SourceUnusable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from goldenpath.delivery.builds.context_artifact import Addition
    from goldenpath.delivery.checkout.checkout import Checkout
    from goldenpath.delivery.model.event import Event
    from goldenpath.delivery.secrets.git_objects import ExportedObjects
    from goldenpath.delivery.secrets.gitleaks import Leak
    from goldenpath.delivery.secrets.secret_history import SecretHistory
    from goldenpath.shared.names import Commit


_TAGS = "refs/tags/"
NOT_LOOKED_INTO = "not-looked-into"
_NAMED_AT_MOST = 5
_BUILT_BEFORE = "Revoke this secret first, then keep it out of what the earlier job uploads."


def run(run: Run) -> Outcome:
    """Scan the commits of the event, or all of history where it bounds none, and the tree, and decide."""
    gate.forget(run, Gate.GITLEAKS)
    if not run.event.is_pull_request:
        require_allowed_ref(run)
    whole_checkout.require_checkout(run.request.source, run.event.commit, run.say)
    require_code_scanning(run)
    reviewed_on = reviewed_refs.branch_of_tag(run.environment, run.event, run.request.source)
    records = settled.effective_records(run.request.source, run.event)
    with context_artifact.opened(run) as added:
        report = inspect(run, added)
    concluded = gate.conclude(run, report, records, category="gitleaks", reviewed_on=reviewed_on)
    more = {
        "context_artifact_digest": added.digest,
        "build_cache": build_cache.access(run.environment, run.event).value,
    }
    return changed(concluded, outputs={**concluded.outputs, **more})


def inspect(run: Run, added: Addition) -> Findings:
    """Return every secret in the commits of the event, in the tree, and in the files that an artifact adds to it."""
    program = run.program("gitleaks")
    with scanner.empty_folder("gitleaks") as folder:
        history = git.history_alone(run.request.source, folder / "history")
        revisions = revisions_of(run.event, history)
        scope = ScanScope.of(run, program, history, revisions)
        run.say(scope.sentence)
        checked_out = checkout.read(run.request.source, run.event.commit)
        written = ScanCorpus(folder / "files", line_windows.multi_line_pattern(program.rules))
        with streaming_scan.scan_while_writing(program, written) as early:
            exported = export(run, scope, written, checked_out, added)
            leaks, unreadable = early.finish()
        leaks = repeated_secrets.with_repeats(program, scope.wanted, exported, leaks)
        brought = secret_history.SecretHistory(scope.wanted, exported, scope.earlier.leaks)
        notes = tuple(dict.fromkeys((*scope.earlier.notes, *_notes(written, unreadable, checked_out, added))))
        leaks = brought.first(leaks)
        if not (written.unread or checked_out.other or checked_out.within or added.files):
            scope.keep(brought, leaks, notes)
        in_tree = git_objects.checked_out(history, run.event.commit, written.origins.values())
        secrets = findings(brought, leaks, in_tree, written.unread.values())
    return Findings(
        gate=Gate.GITLEAKS,
        scanner=Scanner(program.name, program.version, program.origin),
        subject=run.event.commit,
        seen={
            "commits": str(scope.commits),
            "revisions": " ".join(revisions),
            "files": str(len(written.origins)),
            CHECKOUT: checked_out.digest,
            **({CONTEXT_ARTIFACT: added.digest} if added.record else {}),
        },
        findings=tuple(_with_advice(secrets, added)),
        notes=notes,
    )


def revisions_of(event: Event, history: Path) -> tuple[str, ...]:
    """Return the git revisions to scan: what came since `before`, or everything where that is not what they build on.

    A pull request brings what its head has since it left its base, and the commit that merges both for the test.
    Raises `SourceUnusable` when its head is not in the repository `history`.
    """
    if event.is_pull_request and event.head is not None:
        return _proposed(event, event.head, history)
    before = None if event.ref.startswith(_TAGS) else event.before
    if before and git.is_ancestor(history, before, event.commit):
        return (event.commit, f"^{before}")
    return (event.commit,)


def _proposed(event: Event, head: Commit, history: Path) -> tuple[str, ...]:
    if not git.has(history, head):
        raise SourceUnusable(
            f"The head of the pull request, {head}, is not in the checkout",
            why="Its commits cannot be scanned",
            fix="Check out with `fetch-depth: 0`, in a workflow on `pull_request`",
        )
    bases = git.merge_bases(history, event.before, head) if event.before else ()
    return (*dict.fromkeys((event.commit, head)), *(f"^{base}" for base in bases))


def export(run: Run, scope: ScanScope, files: ScanCorpus, checked_out: Checkout, added: Addition) -> ExportedObjects:
    """Write everything to scan into `files`, with the message of the tag that was pushed."""
    tags = scope.tags
    other = (*checked_out.other, *checked_out.within, *added.files)
    populated = {path for path in checked_out.submodules if any(file.path.startswith(f"{path}/") for file in other)}
    exported = git_objects.export(scope.wanted, tags.names, files, other, populated)
    for tag in tags.unread:
        origin = FileOrigin(tag, f"message of tag {tag[:12]}", run.event.commit)
        files.unread[origin.path] = UnreadFile(
            origin, f"was not read: more than {git_tags.NESTED_AT_MOST} tags name tags"
        )
    ref, pushed = run.event.ref, run.event.head
    if ref.startswith(_TAGS) and pushed and pushed not in (*tags.names, run.event.commit):
        files.not_scanned.append(f"the message of the tag {ref.removeprefix(_TAGS)} is not in the clone")
    return exported


def findings(
    brought: SecretHistory, leaks: tuple[Leak, ...], in_tree: Collection[str], unread: Iterable[UnreadFile]
) -> tuple[Finding, ...]:
    """Return every secret once, and every file that our limits left unread.

    The `leaks` are in the order in which commits brought them; `in_tree` are the objects checked out.
    """
    still_there = gitleaks.secrets_in(leaks, in_tree)
    unnamed = (*gitleaks.findings(leaks, still_there), *map(_not_looked_into, unread))
    named = map(brought.named, unnamed)
    return tuple(sorted(named, key=lambda finding: (finding.location.path, finding.location.line)))


def _not_looked_into(unread: UnreadFile) -> Finding:
    path = unread.origin.path
    return Finding(
        gate=Gate.GITLEAKS,
        id=NOT_LOOKED_INTO,
        severity=Severity.HIGH,
        title=f"{path} {unread.what}: whether a secret is in it is unknown",
        location=Location(path, 0, unread.origin.identity),
        fingerprint=scanner.fingerprint(NOT_LOOKED_INTO, path),
        kind=Kind.BLIND_SPOT,
        advice=f"It {unread.what}. Make it smaller, or remove it from the repository and its history, or request an "
        "exception for its path.",
    )


def _notes(files: ScanCorpus, unreadable: Iterable[str], checked_out: Checkout, added: Addition) -> Iterator[str]:
    yield from files.not_scanned
    yield from (f"{path} is an archive that gitleaks cannot read" for path in unreadable)
    if checked_out.other:
        named = ", ".join(file.path for file in checked_out.other[:_NAMED_AT_MOST])
        more = " …" if len(checked_out.other) > _NAMED_AT_MOST else ""
        yield f"git wrote other bytes into the checkout than it keeps ({named}{more}); both were scanned"
    if added.record:
        yield f"The build context has {added.record.sentence}; they were scanned as the source is."


def _with_advice(secrets: tuple[Finding, ...], added: Addition) -> Iterator[Finding]:
    """Yield `secrets`; one that an artifact brought gets its own advice, because it is not in the repository."""
    paths = {file.path for file in added.files}
    for secret in secrets:
        is_added = not secret.advice and secret.location.path.partition("!")[0] in paths
        yield replace(secret, advice=_BUILT_BEFORE) if is_added else secret


STAGE = Stage(
    name="gitleaks-gate",
    help="Scan the commits of this run for secrets with gitleaks, and decide by the environment's rules.",
    inputs=(
        inputs.ENVIRONMENT, inputs.SOURCE, inputs.BUILD_CONTEXT, inputs.CONTEXT_ARTIFACT,
        inputs.CONTEXT_ARTIFACT_FOLDER, inputs.CONTEXT_ARTIFACT_ID, inputs.WORK_DIR, inputs.GITHUB_TOKEN,
    ),
    outputs={
        **gate.GATE_OUTPUTS,
        "context_artifact_digest": "Digest of the content of `context_artifact`; `none` without one.",
        "build_cache": "The access of the build to a build cache: `none`, `read` or `write`.",
    },
    run=run,
    gate=Gate.GITLEAKS,
    timed=True,
)  # fmt: skip
