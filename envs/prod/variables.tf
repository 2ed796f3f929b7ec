variable "environment" {
  description = "The environment that this folder describes."
  type        = string
}

variable "build_id" {
  description = "Which build of the environment this is; part of the state's key while it is ephemeral."
  type        = string
}

variable "cluster_lifecycle" {
  description = "`ephemeral`: this build has a state of its own, and goes with it. `persistent`: the environment has one state."
  type        = string

  validation {
    condition     = contains(["ephemeral", "persistent"], var.cluster_lifecycle)
    error_message = "cluster_lifecycle is unknown: write ephemeral or persistent."
  }
}

variable "allowed_account_ids" {
  description = "The AWS accounts that may be changed from here; any account when left out."
  type        = list(string)
  default     = null
}
