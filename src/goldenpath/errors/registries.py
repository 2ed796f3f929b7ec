"""What stops a change of a registry, from its request to its removal."""

from __future__ import annotations

from goldenpath.errors.family import GoldenPathError


class ProvidersUnlocked(GoldenPathError):
    """A Terraform folder has no lock file that says, by hash, which providers it uses. Terraform was not started."""

    code, exit_code = "providers-unlocked", 25


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


class GithubRefused(GoldenPathError):
    """GitHub did not take a pull request, a comment or an issue."""

    code, exit_code = "github-refused", 69


class ConfigurationUntrusted(GoldenPathError):
    """What was merged has another Terraform configuration than the default branch, whose code applies it."""

    code, exit_code = "configuration-untrusted", 72


class ProposalUnbound(GoldenPathError):
    """A pull request is not what a run of the platform's own workflow proposed, so nobody knows who asked for it."""

    code, exit_code = "proposal-unbound", 73


class ApprovalMissing(GoldenPathError):
    """Nobody but the people who asked for a registry's change has approved it as it was merged."""

    code, exit_code = "approval-missing", 74
