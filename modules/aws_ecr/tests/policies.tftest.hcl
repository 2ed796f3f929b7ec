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
