variable "allowed_account_ids" {
  description = "The account that this may be applied to."
  type        = list(string)
}

variable "state_bucket" {
  description = "The name of the bucket of the state, which is made; no other bucket of AWS may have it."
  type        = string
}

variable "platform" {
  description = "The platform's repository on GitHub, as `modules/github_oidc_roles` wants it."
  type = object({
    repository         = string
    owner_id           = string
    repository_id      = string
    default_branch     = optional(string, "main")
    integration_branch = optional(string, "development")
  })
}

variable "environments" {
  description = "The environments whose registries are in this account."
  type        = set(string)
}

variable "apps" {
  description = "The apps that release to this account, as `modules/github_oidc_roles` wants them."
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
}

variable "delivery_versions" {
  description = "What apps write after the `@` of the platform's workflow, as whole refs."
  type        = list(string)
  default     = ["refs/heads/main"]
}

variable "enterprise_id" {
  description = "GitHub's number of the enterprise."
  type        = string
  default     = null
}

variable "subject_claim_keys" {
  description = "The claims of the `sub` of GitHub's tokens, where it is customised."
  type        = list(string)
  default     = ["repo", "context"]
}

variable "create_oidc_provider" {
  description = "Whether to make GitHub's OIDC provider; `false` where the account has it."
  type        = bool
  default     = true
}

variable "kms_keys" {
  description = "ARNs of the keys that entries of `ecr.tf` name."
  type        = list(string)
  default     = []
}
