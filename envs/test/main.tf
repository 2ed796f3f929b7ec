terraform {
  # 1.10 is the first that locks S3 state with a file beside it.
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.8, < 7.0"
    }
  }

  # Bucket, key and region come with `init`: `goldenpath registry` derives the key from terraform.tfvars.
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

# The region is that of AWS_REGION, which `goldenpath registry` sets to that of the state.
provider "aws" {
  allowed_account_ids = var.allowed_account_ids

  default_tags {
    tags = {
      "goldenpath.idp/managed-by" = "terraform"
    }
  }
}
