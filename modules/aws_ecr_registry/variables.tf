variable "scan_type" {
  description = "`BASIC` (free, by ECR itself) or `ENHANCED` (Amazon Inspector, which costs per image)."
  type        = string
  default     = "BASIC"

  validation {
    condition     = contains(["BASIC", "ENHANCED"], var.scan_type)
    error_message = "scan_type is BASIC or ENHANCED."
  }
}

variable "scan_on_push" {
  description = "Name filters of the ECR repositories whose images are scanned when they are pushed; `*` is a wildcard."
  type        = set(string)
  default     = ["*"]
}

variable "continuous_scan" {
  description = "Name filters of the ECR repositories whose images Amazon Inspector scans again by itself. Needs `scan_type = \"ENHANCED\"`."
  type        = set(string)
  default     = []

  validation {
    condition     = length(var.continuous_scan) == 0 || var.scan_type == "ENHANCED"
    error_message = "continuous_scan needs scan_type = \"ENHANCED\": basic scanning looks at an image once."
  }
}

variable "basic_scan_version" {
  description = "Which program basic scanning uses: `AWS_NATIVE`, or `CLAIR`, which AWS retires. `null` leaves the account's setting."
  type        = string
  default     = "AWS_NATIVE"
}

variable "pull_time_excluded_roles" {
  description = "ARNs of the roles whose pulls do not count as use: those of the platform read images every day. `role_arns` of `modules/github_oidc_roles`."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.pull_time_excluded_roles) <= 100
    error_message = "pull_time_excluded_roles has more than 100 roles, which is all that ECR takes: leave out those of apps that release seldom."
  }
  validation {
    condition     = alltrue([for arn in var.pull_time_excluded_roles : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/", arn))])
    error_message = "pull_time_excluded_roles are ARNs of roles; ECR takes no wildcard."
  }
}

variable "replication" {
  description = "Where images are copied to: `destinations` (region and account), and the `prefixes` of the ECR repositories, or all. What is deleted here stays there: the provider has no `deleteReplication`."
  type = object({
    destinations = list(object({ region = string, account = string }))
    prefixes     = optional(list(string), [])
  })
  default = null
}

variable "quarantine" {
  description = "What ECR does when somebody pushes to a repository that does not exist: it is made without access, its tags say that it is ungoverned, its images cannot be overwritten and expire after `expire_days`. `null` makes no template."
  type = object({
    prefixes    = optional(set(string), ["ROOT"])
    expire_days = optional(number, 7)
    role_name   = optional(string, "goldenpath-ecr-quarantine")
  })
  default = null

  validation {
    condition     = try(var.quarantine.expire_days, 1) >= 1
    error_message = "quarantine.expire_days is a number of days, from 1."
  }
}

variable "registry_policy_json" {
  description = "The policy of the registry, as JSON: which accounts may replicate into it."
  type        = string
  default     = null
}

variable "signing" {
  description = "Sign what is pushed with AWS Signer: the ARN of a signing profile, and name filters of the ECR repositories. The role that pushes needs `signer:GetSigningProfile` and `signer:SignPayload`."
  type = object({
    profile_arn         = string
    repository_prefixes = optional(list(string), [])
  })
  default = null
}
