"""The one error family: every failure says what happened, why, and what to do now.

Each class has a stable `code` (for people and search engines) and an `exit_code` of its own (for scripts). Both are
part of the public interface: `tests/unit/shared/test_errors.py` keeps them unique.
"""

from __future__ import annotations

from typing import ClassVar


class GoldenPathError(Exception):
    """A failure that a person can act on.

    `what` is the fact, `why` the reason (may be empty when the fact speaks for itself), `fix` the next thing to do.
    None of them ends in a full stop.
    `is_shown` once a panel has said all of that. `result` is what the command that it ended has to report as JSON.
    """

    code: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1

    def __init_subclass__(cls, *, code: str, exit_code: int) -> None:
        """Take the code and the exit code of a kind of failure: none can be without them."""
        cls.code, cls.exit_code = code, exit_code

    def __init__(self, what: str, *, why: str = "", fix: str) -> None:
        super().__init__(what)
        # Each may become a heading, a cell, or a part of a sentence.
        self.what, self.why, self.fix = (text.rstrip(".") for text in (what, why, fix))
        self.is_shown = False
        self.result: object = None

    def __str__(self) -> str:
        """Return the one-paragraph form: what, why and fix."""
        return " ".join(f"{text}." for text in (self.what, self.why, self.fix) if text)


class BadInput(GoldenPathError, code="bad-input", exit_code=2):
    """One or several inputs are malformed or missing; all of them are reported together."""


class UnknownEnvironment(GoldenPathError, code="unknown-environment", exit_code=3):
    """The environment is not in the platform's policy."""


class PolicyInvalid(GoldenPathError, code="policy-invalid", exit_code=4):
    """The platform's policy, or the app's `.goldenpath.yml`, does not fit its schema."""


class SourceUnusable(GoldenPathError, code="source-unusable", exit_code=5):
    """The source folder is not a git checkout that can be scanned and built."""


class StageOutOfOrder(GoldenPathError, code="stage-out-of-order", exit_code=6):
    """A file that an earlier stage leaves is missing, or was not written by it."""


class DiskTrouble(GoldenPathError, code="disk-trouble", exit_code=7):
    """A file could not be written or read: the disk is full, or it is not ours to write."""


class EvidenceMismatch(GoldenPathError, code="evidence-mismatch", exit_code=8):
    """A file is not the one that a job of this run wrote, or no job of this run reported it. Nothing was released."""


class EvidenceIncomplete(GoldenPathError, code="evidence-incomplete", exit_code=44):
    """Evidence of releases or registries was not found. The archive is written, and lists what is missing."""


class GateBlocked(GoldenPathError, code="gate-blocked", exit_code=10):
    """A gate reported findings that the platform does not allow. Nothing was released."""


class ScannerFailed(GoldenPathError, code="scanner-failed", exit_code=11):
    """A scanner crashed, hung or wrote something unreadable. That is neither a finding nor a pass."""


class BuildFailed(GoldenPathError, code="build-failed", exit_code=12):
    """The image could not be built."""


class CandidateChanged(GoldenPathError, code="candidate-changed", exit_code=13):
    """The candidate's bytes are not the ones that were built and scanned."""


class EngineMissing(GoldenPathError, code="engine-missing", exit_code=14):
    """No Docker Engine or BuildKit can be reached, and none can be started here."""


class VerdictExpired(GoldenPathError, code="verdict-expired", exit_code=15):
    """A gate's verdict is too old for a release, or what it rests on has ended since."""


class CheckoutDiffers(GoldenPathError, code="checkout-differs", exit_code=16):
    """The files that were built are not the files that were scanned for secrets, though the commit is the same."""


class FrontendRefused(GoldenPathError, code="frontend-refused", exit_code=17):
    """The Dockerfile, or a build argument, names a program to read it that the platform does not allow here."""


class CodeScanningOff(GoldenPathError, code="code-scanning-off", exit_code=18):
    """GitHub's code scanning is off for the repository, so nobody would see the findings there."""


class BaseRefused(GoldenPathError, code="base-refused", exit_code=19):
    """The image is built from an image that the platform does not allow here: of another registry, or too old."""


class ToolMissing(GoldenPathError, code="tool-missing", exit_code=20):
    """A program that is needed is neither here nor obtainable."""


class ToolHashMismatch(GoldenPathError, code="tool-hash-mismatch", exit_code=21):
    """A program's bytes are not the ones that were pinned. It was not executed."""


class ToolFailed(GoldenPathError, code="tool-failed", exit_code=22):
    """A program ended with an exit status that was not expected."""


class ToolTimeout(GoldenPathError, code="tool-timeout", exit_code=23):
    """A program did not end within its time limit and was stopped."""


class FolderUntrusted(GoldenPathError, code="folder-untrusted", exit_code=24):
    """A folder that a run keeps its files in was made by another user, or other users may write to it."""


class ContextRefused(GoldenPathError, code="context-refused", exit_code=26):
    """The artifact for the build context is not there, or holds files that may not be in it. Nothing was built."""


class SecretInImage(GoldenPathError, code="secret-in-image", exit_code=27):
    """The image holds a secret that its build was given. It was deleted, and nothing was released."""


class JavaDatabaseMissing(GoldenPathError, code="java-database-missing", exit_code=28):
    """The image holds Java archives, and trivy's Java database is missing, too old or incomplete."""


class SourceIncomplete(GoldenPathError, code="source-incomplete", exit_code=29):
    """The build context has git-lfs pointers or empty submodules in the place of files. Nothing was built."""


class LoginRefused(GoldenPathError, code="login-refused", exit_code=30):
    """No credentials could be obtained, or they were refused."""


class AccessDenied(GoldenPathError, code="access-denied", exit_code=31):
    """The credentials are good, but they do not allow this call."""


class RepositoryMissing(GoldenPathError, code="repository-missing", exit_code=32):
    """The ECR repository does not exist."""


class RegistryUnreachable(GoldenPathError, code="registry-unreachable", exit_code=33):
    """The registry, or AWS, does not respond."""


class RegistryRefused(GoldenPathError, code="registry-refused", exit_code=34):
    """The registry sent a response that a release cannot continue with."""


class TagTaken(GoldenPathError, code="tag-taken", exit_code=35):
    """A wanted tag already names something else and may not be moved."""


class UndoIncomplete(GoldenPathError, code="undo-incomplete", exit_code=36):
    """The release failed and so did undoing it; the message says exactly what is left."""


class ReleaseLost(GoldenPathError, code="release-lost", exit_code=37):
    """Another release to the same tags ran at the same time, and won."""


class WrongAccount(GoldenPathError, code="wrong-account", exit_code=38):
    """The role or the repository is in an AWS account that this release must not go to."""


class ReceiptMismatch(GoldenPathError, code="receipt-mismatch", exit_code=39):
    """A receipt does not say what the registry, or the candidate, is."""


class SarifRefused(GoldenPathError, code="sarif-refused", exit_code=40):
    """GitHub did not take a SARIF file."""


class WrongEnvironment(GoldenPathError, code="wrong-environment", exit_code=41):
    """The role, the account or the ECR repository belongs to another environment than the rules of this run."""


class NotReviewed(GoldenPathError, code="not-reviewed", exit_code=42):
    """The environment takes releases from reviewed branches and tags only, and this one is not known to be reviewed."""


class WorkFolderBusy(GoldenPathError, code="work-folder-busy", exit_code=43):
    """Another delivery is using the same work folder at this moment."""


class CacheRefused(GoldenPathError, code="cache-refused", exit_code=48):
    """The image was built with a build cache, and the environment does not allow that."""


class LocalTrouble(GoldenPathError, code="local-trouble", exit_code=50):
    """The embedded registry and AWS emulator could not be started, or are not running."""


class ImageArchived(GoldenPathError, code="image-archived", exit_code=54):
    """The image is in ECR's archive: it cannot be pulled, and its tags are taken, until somebody restores it."""


class ImageUnsigned(GoldenPathError, code="image-unsigned", exit_code=55):
    """The environment requires that ECR signs its images, and this image is not signed."""


class RegistryThrottled(GoldenPathError, code="registry-throttled", exit_code=56):
    """AWS refused one request too many of the account; the message names the quota."""


class FilesDiffer(GoldenPathError, code="files-differ", exit_code=70):
    """A file that would be written is there already and says something else. Nothing was written."""


class SetupIncomplete(GoldenPathError, code="setup-incomplete", exit_code=71):
    """An app's repository, or what it needs at GitHub and AWS, is not ready for a delivery."""


class ReleaseUnapproved(GoldenPathError, code="release-unapproved", exit_code=75):
    """The environment demands that a person approves each release, and nobody had to approve this one."""


class Cancelled(GoldenPathError, code="cancelled", exit_code=130):
    """The run was interrupted by a signal."""


class ProvidersUnlocked(GoldenPathError, code="providers-unlocked", exit_code=25):
    """A Terraform folder has no lock file that pins its providers by hash. Terraform was not started."""


class RegistryRequestInvalid(GoldenPathError, code="registry-request-invalid", exit_code=60):
    """A request for a registry has missing or malformed fields; all of them are listed."""


class TerraformFailed(GoldenPathError, code="terraform-failed", exit_code=61):
    """Terraform ended with an error; its own diagnostic is quoted."""


class PlanDrifted(GoldenPathError, code="plan-drifted", exit_code=62):
    """The plan is not the one that was reviewed. Nothing was applied."""


class StateLocked(GoldenPathError, code="state-locked", exit_code=63):
    """Another run holds the lock of Terraform's state. Nothing was changed."""


class RegistryConfigUnexpected(GoldenPathError, code="registry-config-unexpected", exit_code=64):
    """A file that describes registries has a form that we cannot read or edit. It was not changed."""


class RegistryNameTaken(GoldenPathError, code="registry-name-taken", exit_code=65):
    """A registry with that name or id exists already and is described differently."""


class RegistryUnknown(GoldenPathError, code="registry-unknown", exit_code=66):
    """No registry of that name is in the environment's configuration."""


class PlanUnexpected(GoldenPathError, code="plan-unexpected", exit_code=67):
    """The plan would do something that nobody requested, like deleting a repository. Nothing was applied."""


class RetirementRefused(GoldenPathError, code="retirement-refused", exit_code=68):
    """A registry is not deprecated or removed: its grace period has not ended, or it is still in use."""


class GithubRefused(GoldenPathError, code="github-refused", exit_code=69):
    """GitHub refused a pull request, a comment, an issue or a query."""


class ConfigurationUntrusted(GoldenPathError, code="configuration-untrusted", exit_code=72):
    """The merged commit has another Terraform configuration than the default branch, whose code applies it."""


class ProposalUnbound(GoldenPathError, code="proposal-unbound", exit_code=73):
    """A pull request is not as a run of the platform's workflow proposed it, so its requester is unknown."""


class ApprovalMissing(GoldenPathError, code="approval-missing", exit_code=74):
    """Nobody except the requesters has approved a registry's change as it was merged."""


class PolicyNotDescribed(GoldenPathError, code="policy-not-described", exit_code=77):
    """ECR has a repository policy that nobody described, and a change would overwrite it. Nothing was changed."""


class AdoptionRefused(GoldenPathError, code="adoption-refused", exit_code=78):
    """A repository that exists at ECR cannot become a registry of this environment as it is. Nothing was changed."""
