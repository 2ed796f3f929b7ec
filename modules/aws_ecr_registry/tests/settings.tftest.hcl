# What is on by default, and what is refused.
mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

run "by_default_every_push_is_scanned_and_the_rest_is_off" {
  command = plan

  assert {
    condition     = aws_ecr_registry_scanning_configuration.this.scan_type == "BASIC" && length(aws_ecr_registry_scanning_configuration.this.rule) == 1
    error_message = "basic scanning on push"
  }
  assert {
    condition     = length(aws_ecr_pull_time_update_exclusion.this) + length(aws_ecr_replication_configuration.this) + length(aws_ecr_registry_policy.this) + length(aws_cloudcontrolapi_resource.signing) + length(aws_ecr_repository_creation_template.quarantine) == 0
    error_message = "nothing else"
  }
}

run "a_quarantined_repository_cannot_be_pulled_and_expires" {
  command = plan

  variables {
    quarantine = { expire_days = 3 }
  }

  assert {
    condition     = jsondecode(aws_ecr_repository_creation_template.quarantine["ROOT"].lifecycle_policy).rules[0].selection.countNumber == 3
    error_message = "after three days"
  }
  assert {
    condition     = jsondecode(aws_ecr_repository_creation_template.quarantine["ROOT"].repository_policy).Statement[0].Effect == "Deny"
    error_message = "no pulls"
  }
  assert {
    condition     = aws_ecr_repository_creation_template.quarantine["ROOT"].applied_for == toset(["CREATE_ON_PUSH"])
    error_message = "only what a push makes"
  }
}

run "continuous_scans_need_the_inspector" {
  command = plan

  variables {
    continuous_scan = ["prod-*"]
  }

  expect_failures = [var.continuous_scan]
}

run "enhanced_scans_have_both_rules" {
  command = plan

  variables {
    scan_type       = "ENHANCED"
    continuous_scan = ["prod-*"]
  }

  assert {
    condition     = length(aws_ecr_registry_scanning_configuration.this.rule) == 2
    error_message = "on push, and continuously"
  }
}

run "an_exclusion_is_no_wildcard" {
  command = plan

  variables {
    pull_time_excluded_roles = ["*"]
  }

  expect_failures = [var.pull_time_excluded_roles]
}

run "more_exclusions_than_ecr_takes_are_refused" {
  command = plan

  variables {
    pull_time_excluded_roles = [for number in range(101) : "arn:aws:iam::123456789012:role/role-${number}"]
  }

  expect_failures = [var.pull_time_excluded_roles]
}

run "what_expires_at_once_is_refused" {
  command = plan

  variables {
    quarantine = { expire_days = 0 }
  }

  expect_failures = [var.quarantine]
}
