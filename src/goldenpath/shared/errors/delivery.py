"""Errors that stop a delivery, and those that deliveries and registries share."""

from __future__ import annotations

from goldenpath.shared.errors.family import GoldenPathError


class BadInput(GoldenPathError):
    """One or several inputs are malformed or missing; all of them are reported together."""

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


class EvidenceMismatch(GoldenPathError):
    """A file is not the one that a job of this run wrote, or no job of this run reported it. Nothing was released."""

    code, exit_code = "evidence-mismatch", 8


class GateBlocked(GoldenPathError):
    """A gate reported findings that the platform does not allow. Nothing was released."""

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


class VerdictExpired(GoldenPathError):
    """A gate's verdict is too old for a release, or what it rests on has ended since."""

    code, exit_code = "verdict-expired", 15


class CheckoutDiffers(GoldenPathError):
    """The files that were built are not the files that were scanned for secrets, though the commit is the same."""

    code, exit_code = "checkout-differs", 16


class FrontendRefused(GoldenPathError):
    """The Dockerfile, or a build argument, names a program to read it that the platform does not allow here."""

    code, exit_code = "frontend-refused", 17


class CodeScanningOff(GoldenPathError):
    """GitHub's code scanning is off for the repository, so nobody would see the findings there."""

    code, exit_code = "code-scanning-off", 18


class BaseRefused(GoldenPathError):
    """The image is built from an image that the platform does not allow here: of another registry, or too old."""

    code, exit_code = "base-refused", 19


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


class ContextRefused(GoldenPathError):
    """The artifact for the build context is not there, or holds files that may not be in it. Nothing was built."""

    code, exit_code = "context-refused", 26


class SecretInImage(GoldenPathError):
    """The image holds a secret that its build was given. It was deleted, and nothing was released."""

    code, exit_code = "secret-in-image", 27


class JavaDatabaseMissing(GoldenPathError):
    """The image holds Java archives, and trivy's Java database is missing, too old or incomplete."""

    code, exit_code = "java-database-missing", 28


class SourceIncomplete(GoldenPathError):
    """The build context has git-lfs pointers or empty submodules in the place of files. Nothing was built."""

    code, exit_code = "source-incomplete", 29


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
    """The registry, or AWS, does not respond."""

    code, exit_code = "registry-unreachable", 33


class RegistryRefused(GoldenPathError):
    """The registry sent a response that a release cannot continue with."""

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


class WrongEnvironment(GoldenPathError):
    """The role, the account or the ECR repository belongs to another environment than the rules of this run."""

    code, exit_code = "wrong-environment", 41


class NotReviewed(GoldenPathError):
    """The environment takes releases from reviewed branches and tags only, and this one is not known to be reviewed."""

    code, exit_code = "not-reviewed", 42


class WorkFolderBusy(GoldenPathError):
    """Another delivery is using the same work folder at this moment."""

    code, exit_code = "work-folder-busy", 43


class CacheRefused(GoldenPathError):
    """The image was built with a build cache, and the environment does not allow that."""

    code, exit_code = "cache-refused", 48


class LocalTrouble(GoldenPathError):
    """The embedded registry and AWS emulator could not be started, or are not running."""

    code, exit_code = "local-trouble", 50


class FilesDiffer(GoldenPathError):
    """A file that would be written is there already and says something else. Nothing was written."""

    code, exit_code = "files-differ", 70


class SetupIncomplete(GoldenPathError):
    """An app's repository, or what it needs at GitHub and AWS, is not ready for a delivery."""

    code, exit_code = "setup-incomplete", 71


class ReleaseUnapproved(GoldenPathError):
    """The environment demands that a person approves each release, and nobody had to approve this one."""

    code, exit_code = "release-unapproved", 75


class Cancelled(GoldenPathError):
    """The run was interrupted by a signal."""

    code, exit_code = "cancelled", 130
