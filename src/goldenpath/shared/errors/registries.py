"""Errors of the registries, from the request to the removal."""

from __future__ import annotations

from goldenpath.shared.errors.family import GoldenPathError


class ProvidersUnlocked(GoldenPathError):
    """A Terraform folder has no lock file that pins its providers by hash. Terraform was not started."""

    code, exit_code = "providers-unlocked", 25


class RegistryRequestInvalid(GoldenPathError):
    """A request for a registry has missing or malformed fields; all of them are listed."""

    code, exit_code = "registry-request-invalid", 60


class TerraformFailed(GoldenPathError):
    """Terraform ended with an error; its own diagnostic is quoted."""

    code, exit_code = "terraform-failed", 61


class PlanDrifted(GoldenPathError):
    """The plan is not the one that was reviewed. Nothing was applied."""

    code, exit_code = "plan-drifted", 62


class StateLocked(GoldenPathError):
    """Another run holds the lock of Terraform's state. Nothing was changed."""

    code, exit_code = "state-locked", 63


class RegistryConfigUnexpected(GoldenPathError):
    """A file that describes registries has a form that we cannot read or edit. It was not changed."""

    code, exit_code = "registry-config-unexpected", 64


class RegistryNameTaken(GoldenPathError):
    """A registry with that name or id exists already and is described differently."""

    code, exit_code = "registry-name-taken", 65


class RegistryUnknown(GoldenPathError):
    """No registry of that name is in the environment's configuration."""

    code, exit_code = "registry-unknown", 66


class PlanUnexpected(GoldenPathError):
    """The plan would do something that nobody requested, like deleting a repository. Nothing was applied."""

    code, exit_code = "plan-unexpected", 67


class RetirementRefused(GoldenPathError):
    """A registry is not deprecated or removed: its grace period has not ended, or it is still in use."""

    code, exit_code = "retirement-refused", 68


class GithubRefused(GoldenPathError):
    """GitHub refused a pull request, a comment, an issue or a query."""

    code, exit_code = "github-refused", 69


class ConfigurationUntrusted(GoldenPathError):
    """The merged commit has another Terraform configuration than the default branch, whose code applies it."""

    code, exit_code = "configuration-untrusted", 72


class ProposalUnbound(GoldenPathError):
    """A pull request is not as a run of the platform's workflow proposed it, so its requester is unknown."""

    code, exit_code = "proposal-unbound", 73


class ApprovalMissing(GoldenPathError):
    """Nobody except the requesters has approved a registry's change as it was merged."""

    code, exit_code = "approval-missing", 74
