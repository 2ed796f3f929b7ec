# Who may pull beside the repository's own account, and what a deprecation refuses. `goldenpath registry` refuses a plan that
# would replace statements at ECR that nothing here describes.
locals {
  pull_actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]

  # An explicit Deny in a repository's policy wins over what any role may do; pulls stay as they are.
  push_refused = [{
    Sid       = "DeprecatedRefusesPush"
    Effect    = "Deny"
    Principal = "*"
    Action = [
      "ecr:CompleteLayerUpload",
      "ecr:InitiateLayerUpload",
      "ecr:PutImage",
      "ecr:UploadLayerPart",
    ]
  }]
  pull_by_accounts = [{
    Sid       = "PullByAccounts"
    Effect    = "Allow"
    Principal = { AWS = sort(var.pull_accounts) }
    Action    = local.pull_actions
  }]
  pull_by_organizations = [{
    Sid       = "PullByOrganizations"
    Effect    = "Allow"
    Principal = "*"
    Action    = local.pull_actions
    Condition = { StringEquals = { "aws:PrincipalOrgID" = sort(var.pull_organizations) } }
  }]
  # AWS Lambda developer guide, "Amazon ECR permissions": the service pulls, for functions of these accounts only.
  pull_by_lambda = [{
    Sid       = "PullByLambda"
    Effect    = "Allow"
    Principal = { Service = "lambda.amazonaws.com" }
    Action    = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    Condition = { ArnLike = { "aws:SourceArn" = [for account in sort(var.pull_lambda_accounts) : "arn:*:lambda:*:${account}:function:*"] } }
  }]

  # No conditional: both of its results would have to be of one type, and policies are of many.
  given_policy = jsondecode(coalesce(var.repository_policy_json, "{}"))
  statements = concat(
    [for statement in local.push_refused : statement if var.deprecation != null],
    [for statement in local.pull_by_accounts : statement if length(var.pull_accounts) > 0],
    [for statement in local.pull_by_organizations : statement if length(var.pull_organizations) > 0],
    [for statement in local.pull_by_lambda : statement if length(var.pull_lambda_accounts) > 0],
    try(local.given_policy.Statement, []),
  )
}

resource "aws_ecr_repository_policy" "this" {
  count = length(local.statements) > 0 ? 1 : 0

  repository = aws_ecr_repository.this.name
  policy     = jsonencode(merge({ Version = "2012-10-17" }, local.given_policy, { Statement = local.statements }))
}
