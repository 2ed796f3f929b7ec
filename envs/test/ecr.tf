# The registries of test. Entries are written by `make create-ecr` and by the wizard; sorted by name, one field a line.

locals {
  ecr_repositories = {}
}

module "ecr_repositories" {
  source   = "../../modules/aws_ecr"
  for_each = local.ecr_repositories

  name        = each.key
  environment = var.environment
  domain      = try(each.value.domain, null)
  requester   = try(each.value.requester, null)

  metadata = {
    id    = each.value.id
    owner = each.value.owner
    risk  = each.value.risk
  }

  kms_key                 = try(each.value.kms_key, null)
  retention               = try(each.value.retention, {})
  immutability_exclusions = try(each.value.immutability_exclusions, [])
  pull_accounts           = try(each.value.pull_accounts, [])
  pull_organizations      = try(each.value.pull_organizations, [])
  pull_lambda_accounts    = try(each.value.pull_lambda_accounts, [])
  deprecation = try({
    since        = each.value.deprecated_since
    remove_after = each.value.remove_after
  }, null)
}

# A repository that was there before its entry is imported; one that is in the state already is left as it is.
import {
  for_each = toset([for name, entry in local.ecr_repositories : name if try(entry.adopted, false)])
  to       = module.ecr_repositories[each.key].aws_ecr_repository.this
  id       = each.key
}

output "ecr_repositories" {
  description = "Where each registry is, and what its risk brought, by name."
  value = { for name, repository in module.ecr_repositories : name => {
    arn            = repository.arn
    repository_url = repository.repository_url
    controls       = repository.controls
  } }
}
