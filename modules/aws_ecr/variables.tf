variable "name" {
  description = "Name of the repository in ECR, as `my-app` or `team/my-app`."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]+(?:[._-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$", var.name)) && length(var.name) >= 2 && length(var.name) <= 256
    error_message = "name is not one that ECR takes: write 2 to 256 of a-z and 0-9, with single . _ - / between them, as in name = \"my-app\"."
  }
}

variable "metadata" {
  description = "Who answers for the repository: `id` (derived from the name), `owner` (a team) and `risk` (`low`, `medium` or `high`). A repository cannot exist without them; they become its tags `goldenpath.idp/id`, `/owner` and `/risk`."
  type = object({
    id    = optional(string, "")
    owner = optional(string, "")
    risk  = optional(string, "")
  })

  # Optional in the type, demanded here: so the refusal can say what to write.
  validation {
    condition     = can(regex("^REGISTRY_[A-Z0-9_]+$", var.metadata.id))
    error_message = "metadata.id is missing or malformed: write REGISTRY_ and the name in capitals, as in id = \"REGISTRY_MY_APP\"."
  }
  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$", var.metadata.owner))
    error_message = "metadata.owner is missing or malformed: write the team that answers for the repository in lower case, as in owner = \"team-web\"."
  }
  validation {
    condition     = contains(["low", "medium", "high"], var.metadata.risk)
    error_message = "metadata.risk is missing or unknown: write risk = \"low\", \"medium\" or \"high\"."
  }
}

variable "environment" {
  description = "Environment that the repository belongs to: only its rules release to it. Becomes the tag `goldenpath.idp/environment`."
  type        = string
  default     = null

  validation {
    condition     = var.environment == null || contains(local.environments, coalesce(var.environment, local.environments[0]))
    error_message = "environment is unknown: write one of ${join(", ", local.environments)}, or leave it out."
  }
}

variable "domain" {
  description = "Business domain; becomes the tag `goldenpath.idp/domain`."
  type        = string
  default     = null
}

variable "requester" {
  description = "Who asked for the repository; becomes the tag `goldenpath.idp/requester`."
  type        = string
  default     = null
}

variable "kms_key" {
  description = "ARN of the KMS key to encrypt with (of the key, not of an alias), where the risk asks for KMS. Without it AWS's own key for ECR is used."
  type        = string
  default     = null

  # ECR keeps the ARN of the key where it is given an alias, so each later plan would create the repository again.
  validation {
    condition     = var.kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key))
    error_message = "kms_key is not the ARN of a KMS key (one of an alias is not): write it whole, as in arn:aws:kms:eu-west-2:123456789012:key/…, or leave it out."
  }
}

variable "retention" {
  description = "Other numbers than the risk's own: `keep` images of each kind (never fewer than the risk keeps, at most 500), and days after which an untagged image goes (1 to 7)."
  type = object({
    keep          = optional(number)
    untagged_days = optional(number, 7)
  })
  default = {}

  validation {
    condition     = var.retention.keep == null || try(var.retention.keep >= local.controls.keep && var.retention.keep <= 500 && floor(var.retention.keep) == var.retention.keep, false)
    error_message = "retention.keep is out of bounds: write a whole number that is at least what the risk keeps (low 20, medium 30, high 50) and at most 500."
  }
  validation {
    condition     = contains(range(1, 8), var.retention.untagged_days)
    error_message = "retention.untagged_days is out of bounds: write a whole number from 1 to 7."
  }
}

variable "immutability_exclusions" {
  description = "Tags that may still move in an immutable repository, as wildcards: `latest`, `cache-*`. At most five, with at most two `*` in each. Filters that could match a commit, an environment's tag or a version are refused; a release with a name of its own (`release-7`) cannot be told from other tags."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.immutability_exclusions) <= 5 && length(distinct(var.immutability_exclusions)) == length(var.immutability_exclusions)
    error_message = "immutability_exclusions has too many filters or the same one twice: ECR takes at most five different ones."
  }
  validation {
    condition     = alltrue([for filter in var.immutability_exclusions : can(regex("^[0-9A-Za-z._-][0-9A-Za-z._*-]{0,127}$", filter))])
    error_message = "immutability_exclusions holds a filter that is malformed or starts with a wildcard, which would also free the tags of releases: write the start of the tag, as in \"cache-*\"."
  }
  validation {
    condition     = alltrue([for filter in var.immutability_exclusions : length(split("*", filter)) <= 3])
    error_message = "immutability_exclusions holds a filter with more than two wildcards: ECR takes at most two * in a filter, as in \"cache-*-linux-*\"."
  }
  validation {
    # What stands before the first wildcard decides whether a filter can reach a release's tag.
    condition = !anytrue(flatten([for filter in var.immutability_exclusions : [
      can(regex("^[0-9a-f]{0,7}[*]", filter)),
      can(regex("^[0-9a-f]{7}$", filter)),
      can(regex("^v?[0-9.]*[*]", filter)),
      can(regex("^v?[0-9]+[.].*[*]", filter)),
      can(regex("^v?[0-9]+[.][0-9]+[.][0-9]", filter)),
      [for environment in local.environments : (
        startswith(filter, "${environment}-") ||
        strcontains(filter, "*") && startswith("${environment}-", split("*", filter)[0])
      )],
    ]]))
    error_message = "immutability_exclusions holds a filter that could match the tag of a release (a commit id, ${join(", ", formatlist("%s-", local.environments))} and a commit id, or a version like 1.4.2 or v1.4.2): releases of an immutable repository never move."
  }
}

variable "pull_accounts" {
  description = "AWS accounts that may pull, beside the repository's own: their numbers, in quotes. Which of their roles may do so is theirs to say."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for account in var.pull_accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "pull_accounts holds something that is no account: write the 12 digits in quotes, as in [\"123456789012\"]."
  }
}

variable "pull_organizations" {
  description = "AWS organizations whose accounts may all pull: their ids, like `o-a1b2c3d4e5`."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.pull_organizations : can(regex("^o-[a-z0-9]{10,32}$", id))])
    error_message = "pull_organizations holds something that is no organization: write its id, as in [\"o-a1b2c3d4e5\"]."
  }
}

variable "pull_lambda_accounts" {
  description = "AWS accounts whose Lambda functions may run images of the repository, its own included. Another account has to be in `pull_accounts` too, for whoever creates the function."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for account in var.pull_lambda_accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "pull_lambda_accounts holds something that is no account: write the 12 digits in quotes, as in [\"123456789012\"]."
  }
}

variable "repository_policy_json" {
  description = "More statements of the repository policy, as JSON, for what the fields above cannot say."
  type        = string
  default     = null

  validation {
    condition     = var.repository_policy_json == null || can(jsondecode(var.repository_policy_json).Statement[0])
    error_message = "repository_policy_json is not a policy: write a JSON document with a list named Statement that has at least one entry, best with jsonencode()."
  }
}

variable "deprecation" {
  description = "Set when the repository is on its way out: pushes are refused from then on, pulls go on. Both are dates (`2026-11-30`), 30 days apart at least."
  type = object({
    since        = string
    remove_after = string
  })
  default = null

  validation {
    condition = var.deprecation == null || try(
      # 720 hours are the 30 days that its owners have at least.
      timecmp(timeadd("${var.deprecation.since}T00:00:00Z", "720h"), "${var.deprecation.remove_after}T00:00:00Z") <= 0, false
    )
    error_message = "deprecation is malformed or too short: write two dates, remove_after 30 days after since or later, as in { since = \"2026-11-01\", remove_after = \"2026-12-01\" }."
  }
}
