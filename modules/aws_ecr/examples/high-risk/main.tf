# Tags never move, except the cache's; a key of our own; more history than the risk asks for; pulls by another account.
provider "aws" {
  region = "eu-west-2"
}

module "repository" {
  source = "../.."

  name = "payments/ledger"
  metadata = {
    id    = "REGISTRY_PAYMENTS_LEDGER"
    owner = "team-payments"
    risk  = "high"
  }
  environment             = "prod"
  domain                  = "payments"
  requester               = "octocat"
  kms_key                 = "arn:aws:kms:eu-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  retention               = { keep = 100 }
  immutability_exclusions = ["cache-*"]
  repository_policy_json = jsonencode({
    Statement = [{
      Sid       = "PullFromTheClusterAccount"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::210987654321:root" }
      Action    = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    }]
  })
}
