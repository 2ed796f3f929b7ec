# A repository policy exists when one is asked for; a repository on its way out takes no pushes.
mock_provider "aws" {}

variables {
  name     = "my-app"
  metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }
}

run "without_one_there_is_no_policy" {
  command = plan

  assert {
    condition     = length(aws_ecr_repository_policy.this) == 0
    error_message = "none was asked for"
  }
}

run "a_given_policy_is_attached" {
  command = plan

  variables {
    repository_policy_json = jsonencode({ Statement = [{ Sid = "Pull", Effect = "Allow", Principal = { AWS = "arn:aws:iam::210987654321:root" }, Action = ["ecr:BatchGetImage"] }] })
  }

  assert {
    condition     = jsondecode(aws_ecr_repository_policy.this[0].policy).Statement[0].Sid == "Pull" && length(jsondecode(aws_ecr_repository_policy.this[0].policy).Statement) == 1
    error_message = "the statements are those that were given"
  }
}

run "a_policy_without_a_version_gets_the_current_one" {
  command = plan

  variables {
    repository_policy_json = jsonencode({ Statement = [{ Sid = "Pull", Effect = "Allow", Principal = { AWS = "arn:aws:iam::210987654321:root" }, Action = ["ecr:BatchGetImage"] }] })
  }

  assert {
    condition     = jsondecode(aws_ecr_repository_policy.this[0].policy).Version == "2012-10-17"
    error_message = "IAM's current policy language"
  }
}

run "a_policy_whose_statements_differ_in_shape_is_attached" {
  command = plan

  variables {
    repository_policy_json = jsonencode({ Version = "2012-10-17", Id = "ours", Statement = [
      { Sid = "Pull", Effect = "Allow", Principal = { AWS = "arn:aws:iam::210987654321:root" }, Action = ["ecr:BatchGetImage"] },
      { Effect = "Deny", Principal = "*", Action = "ecr:PutImage", Condition = { Bool = { "aws:SecureTransport" = "false" } } },
    ] })
  }

  assert {
    condition     = aws_ecr_repository_policy.this[0].policy == var.repository_policy_json
    error_message = "the policy is the one that was given"
  }
}

run "deprecated_keeps_a_given_policy_whose_statements_differ_in_shape" {
  command = plan

  variables {
    deprecation = { since = "2026-11-01", remove_after = "2026-12-01" }
    repository_policy_json = jsonencode({ Version = "2012-10-17", Statement = [
      { Sid = "Pull", Effect = "Allow", Principal = { AWS = "arn:aws:iam::210987654321:root" }, Action = ["ecr:BatchGetImage"] },
      { Sid = "Tls", Effect = "Deny", Principal = "*", Action = "ecr:PutImage", Condition = { Bool = { "aws:SecureTransport" = "false" } } },
    ] })
  }

  assert {
    condition     = [for each in jsondecode(aws_ecr_repository_policy.this[0].policy).Statement : each.Sid] == ["DeprecatedRefusesPush", "Pull", "Tls"]
    error_message = "the given statements stay"
  }
}

run "accounts_may_pull_and_nothing_else" {
  command = plan

  variables {
    pull_accounts = ["210987654321", "012345678901"]
  }

  assert {
    condition = jsondecode(aws_ecr_repository_policy.this[0].policy) == jsondecode(jsonencode({ Version = "2012-10-17", Statement = [{
      Sid    = "PullByAccounts", Effect = "Allow", Principal = { AWS = ["012345678901", "210987654321"] }
      Action = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    }] }))
    error_message = "the three actions of a pull, for these accounts"
  }
}

run "organizations_may_pull_by_their_id" {
  command = plan

  variables {
    pull_organizations = ["o-a1b2c3d4e5"]
  }

  assert {
    condition     = jsondecode(aws_ecr_repository_policy.this[0].policy).Statement[0].Condition == jsondecode(jsonencode({ StringEquals = { "aws:PrincipalOrgID" = ["o-a1b2c3d4e5"] } }))
    error_message = "everybody, on the condition of the organization"
  }
}

run "lambda_pulls_for_functions_of_named_accounts_only" {
  command = plan

  variables {
    pull_lambda_accounts = ["123456789012"]
  }

  assert {
    condition     = jsondecode(aws_ecr_repository_policy.this[0].policy).Statement[0].Principal.Service == "lambda.amazonaws.com" && jsonencode(jsondecode(aws_ecr_repository_policy.this[0].policy).Statement[0].Condition) == jsonencode({ ArnLike = { "aws:SourceArn" = ["arn:*:lambda:*:123456789012:function:*"] } })
    error_message = "the service, for functions of that account"
  }
}

run "deprecated_adds_its_deny_to_what_is_described" {
  command = plan

  variables {
    deprecation            = { since = "2026-11-01", remove_after = "2026-12-01" }
    pull_accounts          = ["210987654321"]
    pull_organizations     = ["o-a1b2c3d4e5"]
    pull_lambda_accounts   = ["123456789012"]
    repository_policy_json = jsonencode({ Statement = [{ Sid = "Given", Effect = "Deny", Principal = "*", Action = ["ecr:PutImage"] }] })
  }

  assert {
    condition     = [for each in jsondecode(aws_ecr_repository_policy.this[0].policy).Statement : each.Sid] == ["DeprecatedRefusesPush", "PullByAccounts", "PullByOrganizations", "PullByLambda", "Given"]
    error_message = "who may pull stays described"
  }
}

run "null_lists_are_empty_ones" {
  command = plan

  variables {
    pull_accounts        = null
    pull_organizations   = null
    pull_lambda_accounts = null
  }

  assert {
    condition     = length(aws_ecr_repository_policy.this) == 0
    error_message = "nobody was named"
  }
}

run "an_account_that_is_none_is_refused" {
  command = plan

  variables {
    pull_accounts = ["*"]
  }

  expect_failures = [var.pull_accounts]
}

run "an_organization_that_is_none_is_refused" {
  command = plan

  variables {
    pull_organizations = ["acme"]
  }

  expect_failures = [var.pull_organizations]
}

run "an_account_of_lambda_that_is_none_is_refused" {
  command = plan

  variables {
    pull_lambda_accounts = ["arn:aws:lambda:eu-west-2:123456789012:function:x"]
  }

  expect_failures = [var.pull_lambda_accounts]
}

run "a_policy_with_one_statement_in_no_list_is_refused" {
  command = plan

  variables {
    repository_policy_json = jsonencode({ Statement = { Effect = "Deny", Principal = "*", Action = "ecr:PutImage" } })
  }

  expect_failures = [var.repository_policy_json]
}

run "a_policy_that_is_no_json_is_refused" {
  command = plan

  variables {
    repository_policy_json = "allow all"
  }

  expect_failures = [var.repository_policy_json]
}

run "a_policy_without_statements_is_refused" {
  command = plan

  variables {
    repository_policy_json = "{}"
  }

  expect_failures = [var.repository_policy_json]
}

run "a_policy_with_an_empty_list_is_refused" {
  command = plan

  variables {
    repository_policy_json = jsonencode({ Statement = [] })
  }

  expect_failures = [var.repository_policy_json]
}

run "deprecated_refuses_every_step_of_a_push" {
  command = plan

  variables {
    deprecation = { since = "2026-11-01", remove_after = "2026-12-01" }
  }

  assert {
    condition     = jsondecode(aws_ecr_repository_policy.this[0].policy).Statement[0].Effect == "Deny" && jsondecode(aws_ecr_repository_policy.this[0].policy).Statement[0].Principal == "*" && toset(jsondecode(aws_ecr_repository_policy.this[0].policy).Statement[0].Action) == toset(["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"])
    error_message = "nobody may push"
  }
}

run "deprecated_leaves_pulls_alone" {
  command = plan

  variables {
    deprecation = { since = "2026-11-01", remove_after = "2026-12-01" }
  }

  assert {
    condition     = length(jsondecode(aws_ecr_repository_policy.this[0].policy).Statement) == 1 && !anytrue([for action in jsondecode(aws_ecr_repository_policy.this[0].policy).Statement[0].Action : strcontains(action, "Get")])
    error_message = "what runs goes on running"
  }
}

run "deprecated_keeps_the_given_policy" {
  command = plan

  variables {
    deprecation            = { since = "2026-11-01", remove_after = "2026-12-01" }
    repository_policy_json = jsonencode({ Statement = [{ Sid = "Pull", Effect = "Allow", Principal = { AWS = "arn:aws:iam::210987654321:root" }, Action = ["ecr:BatchGetImage"] }] })
  }

  assert {
    condition     = [for each in jsondecode(aws_ecr_repository_policy.this[0].policy).Statement : each.Sid] == ["DeprecatedRefusesPush", "Pull"]
    error_message = "the given statements stay"
  }
}

run "deprecated_is_told_by_tags" {
  command = plan

  variables {
    deprecation = { since = "2026-11-01", remove_after = "2026-12-01" }
  }

  assert {
    condition     = aws_ecr_repository.this.tags["goldenpath.idp/deprecated-since"] == "2026-11-01" && aws_ecr_repository.this.tags["goldenpath.idp/remove-after"] == "2026-12-01"
    error_message = "both dates are tags"
  }
}

run "deprecated_until_before_it_began_is_refused" {
  command = plan

  variables {
    deprecation = { since = "2026-12-01", remove_after = "2026-11-01" }
  }

  expect_failures = [var.deprecation]
}

run "deprecated_without_a_grace_period_is_refused" {
  command = plan

  variables {
    deprecation = { since = "2026-12-01", remove_after = "2026-12-01" }
  }

  expect_failures = [var.deprecation]
}

run "deprecated_for_29_days_is_refused" {
  command = plan

  variables {
    deprecation = { since = "2026-11-01", remove_after = "2026-11-30" }
  }

  expect_failures = [var.deprecation]
}

run "deprecated_at_no_date_is_refused" {
  command = plan

  variables {
    deprecation = { since = "soon", remove_after = "later" }
  }

  expect_failures = [var.deprecation]
}
