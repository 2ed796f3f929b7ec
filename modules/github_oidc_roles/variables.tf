variable "platform" {
  description = "The platform's own repository on GitHub: `repository` (owner/name), its `owner_id` and `repository_id`, its `default_branch`, and the `integration_branch` that registries are merged into."
  type = object({
    repository         = string
    owner_id           = string
    repository_id      = string
    default_branch     = optional(string, "main")
    integration_branch = optional(string, "development")
  })

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", var.platform.repository))
    error_message = "platform.repository is not owner/name."
  }
  validation {
    condition     = can(regex("^[0-9]+$", var.platform.owner_id)) && can(regex("^[0-9]+$", var.platform.repository_id))
    error_message = "platform.owner_id and platform.repository_id are GitHub's numbers. Print them with: gh api repos/OWNER/NAME --jq '.owner.id, .id'."
  }
}

variable "environments" {
  description = "The environments whose registries are in this account. Each gets a role that plans and a role that applies; an account without registries has none."
  type        = set(string)
  default     = []
}

variable "state_bucket" {
  description = "The bucket of the state of `envs/`. Required where `environments` names one."
  type        = string
  default     = null

  validation {
    condition     = length(var.environments) == 0 || var.state_bucket != null
    error_message = "state_bucket is missing: the roles that plan and apply registries read and write the state in it."
  }
}

variable "apps" {
  description = "The apps that release to this account, by a name for their roles (`my-app-dev`). `repository` (owner/name) with its two numbers, the ECR repositories, the `refs` that may release, and the GitHub environment where releases wait for an approval. `rescan` adds a role that only reads, for rescan.yml; `default_branch` is where GitHub schedules it."
  type = map(object({
    repository         = string
    owner_id           = string
    repository_id      = string
    ecr_repositories   = list(string)
    refs               = list(string)
    github_environment = optional(string)
    rescan             = optional(bool, true)
    default_branch     = optional(string, "main")
  }))
  default = {}

  validation {
    condition     = alltrue([for app in var.apps : can(regex("^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", app.repository))])
    error_message = "An app's repository is not owner/name."
  }
  validation {
    condition     = alltrue([for app in var.apps : can(regex("^[0-9]+$", app.owner_id)) && can(regex("^[0-9]+$", app.repository_id))])
    error_message = "owner_id and repository_id of an app are GitHub's numbers: a name alone could be taken by somebody else. Print them with: gh api repos/OWNER/NAME --jq '.owner.id, .id'."
  }
  validation {
    condition     = alltrue([for app in var.apps : length(app.refs) > 0 && alltrue([for ref in app.refs : can(regex("^refs/[^\\s?:$]+$", ref))])])
    error_message = "refs of an app name whole refs, like refs/heads/main or refs/tags/v*; at least one."
  }
  validation {
    condition     = alltrue([for app in var.apps : can(regex("^[^*?:$]+$", coalesce(app.github_environment, "none")))])
    error_message = "github_environment of an app is not the name of a GitHub environment."
  }
  validation {
    condition     = alltrue([for app in var.apps : length(app.ecr_repositories) > 0 && alltrue([for name in app.ecr_repositories : can(regex("^[a-z0-9][a-z0-9._/-]{0,254}[a-z0-9]$", name))])])
    error_message = "ecr_repositories of an app are names of ECR repositories without a wildcard; at least one."
  }
  validation {
    condition     = alltrue([for name in keys(var.apps) : can(regex("^[A-Za-z0-9_.-]{1,40}$", name))])
    error_message = "The name of an app's roles has 1 to 40 letters, digits, `_`, `.` or `-`."
  }
}

variable "delivery_versions" {
  description = "What apps write after the `@` of the platform's workflow, as whole refs or commits: `refs/heads/main`, `refs/tags/v1.4.0`. Name every version that is supported."
  type        = list(string)
  default     = ["refs/heads/main"]

  validation {
    condition     = length(var.delivery_versions) > 0 && alltrue([for ref in var.delivery_versions : can(regex("^(refs/(heads|tags)/[^\\s*?:$]+|[0-9a-f]{40}|[0-9a-f]{64})$", ref))])
    error_message = "delivery_versions name whole refs or commits without a wildcard: with one, an app could call the oldest version of the gates."
  }
}

variable "audience" {
  description = "The audience of the OIDC tokens; in China `sts.amazonaws.com.cn`."
  type        = string
  default     = "sts.amazonaws.com"
}

variable "enterprise_id" {
  description = "GitHub's number of the enterprise. With it, no run outside of the enterprise enters a role."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[0-9]+$", coalesce(var.enterprise_id, "0")))
    error_message = "enterprise_id is a number. Print it with: gh api enterprises/NAME --jq .id."
  }
}

variable "subject_claim_keys" {
  description = "The claims of the `sub` of GitHub's tokens, where the organization or a repository has customised it; as `gh api orgs/ORG/actions/oidc/customization/sub` prints them."
  type        = list(string)
  default     = ["repo", "context"]

  validation {
    condition     = length(var.subject_claim_keys) > 0 && length(setsubtract(var.subject_claim_keys, ["repo", "context", "repository", "repository_id", "repository_owner", "repository_owner_id", "ref", "job_workflow_ref"])) == 0
    error_message = "subject_claim_keys has a claim whose values cannot be known before a run. Known are repo, context, repository, repository_id, repository_owner, repository_owner_id, ref and job_workflow_ref: customise the subject with those only."
  }
  validation {
    condition     = length(setintersection(var.subject_claim_keys, ["repo", "repository", "repository_id"])) > 0
    error_message = "subject_claim_keys names no claim of the repository: add repository_id to the customised subject, so that a role can trust one repository."
  }
}

variable "create_oidc_provider" {
  description = "Whether to make GitHub's OIDC provider. An account has one; say `false` where it exists already."
  type        = bool
  default     = true
}

variable "permissions_boundary_arn" {
  description = "The permissions boundary of all roles. Without one the module makes its own, which allows repositories of ECR, their keys and the state."
  type        = string
  default     = null
}

variable "kms_keys" {
  description = "ARNs of the keys that entries of `ecr.tf` name: the roles that apply may use them."
  type        = list(string)
  default     = []
}

variable "name_prefix" {
  description = "How the names of all roles begin."
  type        = string
  default     = "goldenpath-"

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{1,16}$", var.name_prefix))
    error_message = "name_prefix has 1 to 16 letters, digits, `_`, `.` or `-`."
  }
}
