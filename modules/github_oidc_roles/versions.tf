terraform {
  # 1.9 lets one variable's validation read another; 1.10 brought the S3 lock file that envs/ uses.
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # 5.81 is the first that needs no thumbprint for a provider whose certificate AWS trusts.
      version = ">= 6.8, < 7.0"
    }
  }
}
