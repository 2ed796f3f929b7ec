"""`goldenpath pre-commit`: search what is staged for secrets before it is committed, as the gate does after the push.

The index is written as a tree, which `git commit` does next anyway, and a commit of it is made in a repository of our
own that borrows the checkout's objects. So no commit that is refused is in the app's repository. Source:
git-write-tree(1), git-commit-tree(1); githooks(5): a hook of a partial commit finds the index by GIT_INDEX_FILE.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from goldenpath.delivery.model.finding import Findings, Gate, Scanner
from goldenpath.delivery.report import finding_text
from goldenpath.delivery.rules import app, matrix
from goldenpath.delivery.rules.decision import decide
from goldenpath.delivery.scanners import scanner
from goldenpath.delivery.secrets import git_objects, gitleaks, line_windows, repeated_secrets, streaming_scan
from goldenpath.delivery.secrets.scan_corpus import ScanCorpus
from goldenpath.delivery.secrets.secret_history import SecretHistory
from goldenpath.shared import git, runner
from goldenpath.shared.errors import GateBlocked

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.delivery.model.finding import Finding
    from goldenpath.shared.toolchain import Program

_ANYBODY = {f"GIT_{role}_{what}": "staged" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def require_no_secret(source: Path, program: Program) -> str:
    """Return a sentence about what was searched. Raises `GateBlocked` when a commit of the index would bring a secret.

    Exceptions of `.goldenpath.yml`, as it is in the folder `source`, count as they would in the last environment of
    the platform's rules.
    """
    report = search(source, program)
    policy, mine = matrix.load(), source / app.FILE
    rules = app.parse(mine.read_text(encoding="utf-8", errors="replace"), policy) if mine.is_file() else app.NO_RULES
    strictest = policy.environments[-1]
    deciding = decide(report, policy, strictest, rules, today=datetime.now(UTC).date()).deciding
    if deciding:
        raise GateBlocked(
            f"This commit would bring {'a secret' if len(deciding) == 1 else f'{len(deciding)} secrets'}",
            why=finding_text.sentences(deciding),
            fix="Take it out of the file and stage it again; a secret that nobody has seen need not be revoked",
        )
    return f"no secret in what is staged ({report.seen['files']} texts)"


def search(source: Path, program: Program) -> Findings:
    """Return the secrets that a commit of the index of `source` would bring. Raises `SourceUnusable`."""
    with scanner.empty_folder("staged") as folder:
        history = git.history_alone(source, folder / "history")
        staged, parent = _commit_of_index(source, history)
        before = (f"^{parent}",) if parent else ()
        wanted = git_objects.ScanRange(history, staged, (staged, *before), parent)
        written = ScanCorpus(folder / "files", line_windows.multi_line_pattern(program.rules))
        with streaming_scan.scan_while_writing(program, written) as scan:
            exported = git_objects.export(wanted, {}, written)
            leaks, _ = scan.finish()
        brought = SecretHistory(wanted, exported)
        leaks = brought.first(repeated_secrets.with_repeats(program, wanted, exported, leaks))
        return Findings(
            gate=Gate.GITLEAKS,
            scanner=Scanner(program.name, program.version, program.origin),
            subject=staged,
            seen={"files": str(len(written.origins))},
            findings=tuple(map(_uncommitted, gitleaks.findings(leaks))),
        )


def _commit_of_index(source: Path, history: Path) -> tuple[str, str]:
    """Return a commit in `history` of what is staged in `source`, and its parent; no parent before the first commit."""
    index = runner.variables().get("GIT_INDEX_FILE", "")
    tree = git.text_of(git.ask(source, "write-tree", variables={"GIT_INDEX_FILE": index} if index else {}))
    parent = git.text_of(git.ask(source, "rev-parse", "--verify", "--quiet", "HEAD", accept=(0, 1)))
    words = ("commit-tree", tree, "-m", "staged", *(("-p", parent) if parent else ()))
    return git.text_of(git.ask(history, *words, variables=_ANYBODY)), parent


def _uncommitted(finding: Finding) -> Finding:
    return replace(finding, location=replace(finding.location, commit=""), advice="Keep it out of the commit.")
