"""The one error family: every failure says what happened, why, and what to do now.

Each class has a stable `code` (for people and search engines) and an `exit_code` of its own (for scripts). Both are
part of the public interface: `tests/unit/test_errors.py` keeps them unique.
"""

from __future__ import annotations

from typing import ClassVar


class GoldenPathError(Exception):
    """A failure that a person can act on.

    `what` is the fact, `why` the reason (may be empty when the fact speaks for itself), `fix` the next thing to do.
    """

    code: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, why: str = "", fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        """Return the one-paragraph form: what, why and fix."""
        sentences = (self.what, self.why, self.fix)
        return " ".join(sentence.rstrip(".") + "." for sentence in sentences if sentence)


class BadInput(GoldenPathError):
    """One or several inputs are malformed or missing; all of them are told at once."""

    code, exit_code = "bad-input", 2


class UnknownEnvironment(GoldenPathError):
    """The environment is not in the platform's policy."""

    code, exit_code = "unknown-environment", 3


class PolicyInvalid(GoldenPathError):
    """The platform's policy, or the app's `.goldenpath.yml`, does not fit its schema."""

    code, exit_code = "policy-invalid", 4


class SourceUnusable(GoldenPathError):
    """The source folder is not a git checkout that can be scanned and built."""

    code, exit_code = "source-unusable", 5


class StageOutOfOrder(GoldenPathError):
    """A file that an earlier stage leaves is missing, or was not written by it."""

    code, exit_code = "stage-out-of-order", 6


class DiskTrouble(GoldenPathError):
    """A file could not be written or read: the disk is full, or it is not ours to write."""

    code, exit_code = "disk-trouble", 7


class GateBlocked(GoldenPathError):
    """A gate found what the platform does not let through. Nothing was released."""

    code, exit_code = "gate-blocked", 10


class ScannerFailed(GoldenPathError):
    """A scanner crashed, hung or wrote something unreadable. That is neither a finding nor a pass."""

    code, exit_code = "scanner-failed", 11


class BuildFailed(GoldenPathError):
    """The image could not be built."""

    code, exit_code = "build-failed", 12


class CandidateChanged(GoldenPathError):
    """The candidate's bytes are not the ones that were built and scanned."""

    code, exit_code = "candidate-changed", 13


class EngineMissing(GoldenPathError):
    """No Docker Engine or BuildKit can be reached, and none can be started here."""

    code, exit_code = "engine-missing", 14


class ToolMissing(GoldenPathError):
    """A program that is needed is neither here nor obtainable."""

    code, exit_code = "tool-missing", 20


class ToolHashMismatch(GoldenPathError):
    """A program's bytes are not the ones that were pinned. It was not executed."""

    code, exit_code = "tool-hash-mismatch", 21


class ToolFailed(GoldenPathError):
    """A program ended with an exit status that was not expected."""

    code, exit_code = "tool-failed", 22


class ToolTimeout(GoldenPathError):
    """A program did not end within its time limit and was stopped."""

    code, exit_code = "tool-timeout", 23


class FolderUntrusted(GoldenPathError):
    """A folder that a run keeps its files in was made by another user, or other users may write to it."""

    code, exit_code = "folder-untrusted", 24


class ProvidersUnlocked(GoldenPathError):
    """A Terraform folder has no lock file that says, by hash, which providers it uses. Terraform was not started."""

    code, exit_code = "providers-unlocked", 25


class LoginRefused(GoldenPathError):
    """No credentials could be obtained, or they were refused."""

    code, exit_code = "login-refused", 30


class AccessDenied(GoldenPathError):
    """The credentials are good, but they do not allow this call."""

    code, exit_code = "access-denied", 31


class RepositoryMissing(GoldenPathError):
    """The ECR repository does not exist."""

    code, exit_code = "repository-missing", 32


class RegistryUnreachable(GoldenPathError):
    """The registry, or AWS, does not answer."""

    code, exit_code = "registry-unreachable", 33


class RegistryRefused(GoldenPathError):
    """The registry answered something that a release cannot go on with."""

    code, exit_code = "registry-refused", 34


class TagTaken(GoldenPathError):
    """A wanted tag already names something else and may not be moved."""

    code, exit_code = "tag-taken", 35


class UndoIncomplete(GoldenPathError):
    """The release failed and so did undoing it; the message says exactly what is left."""

    code, exit_code = "undo-incomplete", 36


class ReleaseLost(GoldenPathError):
    """Another release to the same tags ran at the same time, and won."""

    code, exit_code = "release-lost", 37


class WrongAccount(GoldenPathError):
    """The role or the repository is in an AWS account that this release must not go to."""

    code, exit_code = "wrong-account", 38


class ReceiptMismatch(GoldenPathError):
    """A receipt does not say what the registry, or the candidate, is."""

    code, exit_code = "receipt-mismatch", 39


class SarifRefused(GoldenPathError):
    """GitHub did not take a SARIF file."""

    code, exit_code = "sarif-refused", 40


class GithubRefused(GoldenPathError):
    """GitHub did not take a pull request, a comment or an issue."""

    code, exit_code = "github-refused", 69


class LocalTrouble(GoldenPathError):
    """The embedded registry and AWS emulator could not be started, or are not running."""

    code, exit_code = "local-trouble", 50


class RegistryRequestInvalid(GoldenPathError):
    """A request for a registry has fields that are missing or malformed; all of them are told at once."""

    code, exit_code = "registry-request-invalid", 60


class TerraformFailed(GoldenPathError):
    """Terraform ended with an error; its own diagnosis is quoted."""

    code, exit_code = "terraform-failed", 61


class PlanDrifted(GoldenPathError):
    """The plan is not the one that was reviewed. Nothing was applied."""

    code, exit_code = "plan-drifted", 62


class StateLocked(GoldenPathError):
    """Another run holds the lock of Terraform's state. Nothing was changed."""

    code, exit_code = "state-locked", 63


class RegistryConfigUnexpected(GoldenPathError):
    """A file of the registries' configuration is not of the form that we can read or edit. It was left as it is."""

    code, exit_code = "registry-config-unexpected", 64


class RegistryNameTaken(GoldenPathError):
    """A registry of that name, or with that id, is there already and is described differently."""

    code, exit_code = "registry-name-taken", 65


class RegistryUnknown(GoldenPathError):
    """No registry of that name is in the environment's configuration."""

    code, exit_code = "registry-unknown", 66


class PlanUnexpected(GoldenPathError):
    """The plan would do something that was not asked for, like destroying a repository. Nothing was applied."""

    code, exit_code = "plan-unexpected", 67


class RetirementRefused(GoldenPathError):
    """A registry is not deprecated or removed: its grace period runs, or it is still in use."""

    code, exit_code = "retirement-refused", 68


class ProposalUnbound(GoldenPathError):
    """A pull request is not what a run of the platform's own workflow proposed, so nobody knows who asked for it."""

    code, exit_code = "proposal-unbound", 73


class ApprovalMissing(GoldenPathError):
    """Nobody but the people who asked for a registry's change has approved it as it was merged."""

    code, exit_code = "approval-missing", 74


class FilesDiffer(GoldenPathError):
    """A file that would be written is there already and says something else. Nothing was written."""

    code, exit_code = "files-differ", 70


class SetupIncomplete(GoldenPathError):
    """An app's repository, or what it needs at GitHub and AWS, is not ready for a delivery."""

    code, exit_code = "setup-incomplete", 71


class ConfigurationUntrusted(GoldenPathError):
    """What was merged has another Terraform configuration than the default branch, whose code applies it."""

    code, exit_code = "configuration-untrusted", 72


class Cancelled(GoldenPathError):
    """The run was interrupted by a signal."""

    code, exit_code = "cancelled", 130
