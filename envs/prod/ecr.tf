# The registries of prod. Entries are written by `make create-ecr` and by the wizard; sorted by name, one field a line.

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
  deprecation = try({
    since        = each.value.deprecated_since
    remove_after = each.value.remove_after
  }, null)
}

output "ecr_repositories" {
  description = "Where each registry is, and what its risk brought, by name."
  value = { for name, repository in module.ecr_repositories : name => {
    arn            = repository.arn
    repository_url = repository.repository_url
    controls       = repository.controls
  } }
}
