# What a push makes by itself was requested by nobody and reviewed by nobody: nobody can pull it, and it expires.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  quarantined = var.quarantine == null ? toset([]) : var.quarantine.prefixes
}

# ECR makes the repository as this role, which it needs for the tags.
resource "aws_iam_role" "quarantine" {
  count = var.quarantine == null ? 0 : 1

  name        = var.quarantine.role_name
  description = "ECR makes and tags repositories that somebody pushed to before they were requested"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecr.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.this.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "quarantine" {
  count = var.quarantine == null ? 0 : 1

  name = "goldenpath"
  role = aws_iam_role.quarantine[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["ecr:CreateRepository", "ecr:TagResource"]
      Resource = "arn:${data.aws_partition.this.partition}:ecr:${data.aws_region.this.region}:${data.aws_caller_identity.this.account_id}:repository/*"
    }]
  })
}

resource "aws_ecr_repository_creation_template" "quarantine" {
  for_each = local.quarantined

  prefix               = each.value
  description          = "Made by a push, requested by nobody. Request it, or it expires."
  applied_for          = ["CREATE_ON_PUSH"]
  custom_role_arn      = aws_iam_role.quarantine[0].arn
  image_tag_mutability = "IMMUTABLE"
  resource_tags        = { "goldenpath.idp/ungoverned" = "created-by-push" }

  encryption_configuration {
    encryption_type = "AES256"
  }

  repository_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "UngovernedRefusesPull"
      Effect    = "Deny"
      Principal = "*"
      Action    = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    }]
  })

  lifecycle_policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Nobody requested this repository"
      selection    = { tagStatus = "any", countType = "sinceImagePushed", countUnit = "days", countNumber = var.quarantine.expire_days }
      action       = { type = "expire" }
    }]
  })
}
