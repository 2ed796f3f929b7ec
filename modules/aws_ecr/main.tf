# An ECR repository that is born governed: it has an owner, a risk and rules from its first minute, or it does not exist.

locals {
  is_immutable = local.controls.mutability == "IMMUTABLE"
  mutability   = local.is_immutable && length(var.immutability_exclusions) > 0 ? "IMMUTABLE_WITH_EXCLUSION" : local.controls.mutability

  tags = { for key, value in {
    "goldenpath.idp/id"               = var.metadata.id
    "goldenpath.idp/owner"            = var.metadata.owner
    "goldenpath.idp/risk"             = var.metadata.risk
    "goldenpath.idp/domain"           = var.domain
    "goldenpath.idp/requester"        = var.requester
    "goldenpath.idp/environment"      = var.environment
    "goldenpath.idp/deprecated-since" = try(var.deprecation.since, null)
    "goldenpath.idp/remove-after"     = try(var.deprecation.remove_after, null)
  } : key => value if value != null && value != "" }
}

resource "aws_ecr_repository" "this" {
  name                 = var.name
  image_tag_mutability = local.mutability
  tags                 = local.tags

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = local.controls.encryption
    kms_key         = local.controls.encryption == "KMS" ? var.kms_key : null
  }

  dynamic "image_tag_mutability_exclusion_filter" {
    for_each = local.is_immutable ? var.immutability_exclusions : []

    content {
      filter      = image_tag_mutability_exclusion_filter.value
      filter_type = "WILDCARD"
    }
  }

  lifecycle {
    precondition {
      condition     = var.metadata.id == "REGISTRY_${upper(replace(var.name, "/[^a-z0-9]/", "_"))}"
      error_message = "metadata.id does not belong to this name: write id = \"REGISTRY_${upper(replace(var.name, "/[^a-z0-9]/", "_"))}\"."
    }
    precondition {
      condition     = local.is_immutable || length(var.immutability_exclusions) == 0
      error_message = "immutability_exclusions needs risk = \"high\": at risk ${var.metadata.risk} every tag can move already, so leave it out."
    }
    precondition {
      condition     = local.controls.encryption == "KMS" || var.kms_key == null
      error_message = "kms_key needs risk = \"high\": at risk ${var.metadata.risk} the repository is encrypted with AES-256, so leave it out."
    }
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name
  policy     = jsonencode({ rules = local.lifecycle_rules })
}
