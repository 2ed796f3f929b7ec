# An AWS account of the platform, whole: apply this once for each account, and again when an app or an environment joins.

terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.28, < 7.0"
    }
  }
}

# The region is that of AWS_REGION.
provider "aws" {
  allowed_account_ids = var.allowed_account_ids

  default_tags {
    tags = {
      "goldenpath.idp/managed-by" = "terraform"
    }
  }
}

module "roles" {
  source = "../../modules/github_oidc_roles"

  platform             = var.platform
  environments         = var.environments
  state_bucket         = aws_s3_bucket.state.bucket
  apps                 = var.apps
  delivery_versions    = var.delivery_versions
  enterprise_id        = var.enterprise_id
  subject_claim_keys   = var.subject_claim_keys
  create_oidc_provider = var.create_oidc_provider
  kms_keys             = var.kms_keys
}

module "registry" {
  source = "../../modules/aws_ecr_registry"

  pull_time_excluded_roles = module.roles.role_arns
  quarantine               = {}
}
