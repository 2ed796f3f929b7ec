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

locals {
  default_tags = {
    "goldenpath.idp/managed-by" = "terraform"
  }

  # Whose tags are ours; each other one was added by somebody else and is left alone (ADR 0046).
  own_tags = concat(["goldenpath.idp/"], keys(local.default_tags))

  # The provider can ignore tags by the start of their keys, and not all but some: so each start that leads to no tag of
  # ours is named, letter by letter.
  characters = split("", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _.:/=+-@")
  starts     = distinct(flatten([for own in local.own_tags : [for length in range(length(own)) : substr(own, 0, length)]]))
  foreign_tags = [
    for start in flatten([for start in local.starts : [for character in local.characters : "${start}${character}"]]) :
    start if !anytrue([for own in local.own_tags : startswith(own, start) || startswith(start, own)])
  ]
}

# The region is that of AWS_REGION, which `goldenpath registry` sets to that of the state.
provider "aws" {
  allowed_account_ids = var.allowed_account_ids

  default_tags {
    tags = local.default_tags
  }

  ignore_tags {
    keys         = [for start in compact(local.starts) : start if !anytrue([for own in local.own_tags : startswith(start, own)])]
    key_prefixes = local.foreign_tags
  }
}
