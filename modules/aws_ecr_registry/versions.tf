terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # 6.28 is the first with pull-time exclusions, and with templates for what a push creates.
      version = ">= 6.28, < 7.0"
    }
  }
}
