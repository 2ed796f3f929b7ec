# Which roles there are, whom they trust, and what is refused before anything is planned.
mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { region = "eu-west-2" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/goldenpath-boundary" }
  }
}

variables {
  platform     = { repository = "our-org/platform", owner_id = "12", repository_id = "345" }
  environments = ["dev"]
  state_bucket = "our-state"
  apps = {
    my-app-dev = {
      repository       = "our-org/my-app"
      owner_id         = "12"
      repository_id    = "678"
      ecr_repositories = ["my-app"]
      refs             = ["refs/heads/development"]
    }
  }
}

run "an_account_without_registries_has_no_plan_and_apply_roles" {
  command = plan

  variables {
    environments = []
    state_bucket = null
  }

  assert {
    condition     = toset(keys(aws_iam_role.this)) == toset(["goldenpath-release-my-app-dev", "goldenpath-rescan-my-app-dev"])
    error_message = "only the app's roles"
  }
}

run "a_role_trusts_a_repository_by_its_number" {
  command = plan

  assert {
    condition     = jsondecode(aws_iam_role.this["goldenpath-release-my-app-dev"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:repository_id"] == ["678"]
    error_message = "a name could be taken by somebody else"
  }
}

run "a_customised_subject_is_expressed" {
  command = plan

  variables {
    subject_claim_keys = ["repository_owner_id", "repository_id", "context"]
  }

  assert {
    condition     = jsondecode(aws_iam_role.this["goldenpath-release-my-app-dev"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == ["repository_owner_id:12:repository_id:678:ref:refs/heads/development"]
    error_message = "the claims in their order"
  }
}

run "a_customised_subject_may_name_the_workflow" {
  command = plan

  variables {
    subject_claim_keys = ["repo", "context", "job_workflow_ref"]
  }

  assert {
    condition     = contains(jsondecode(aws_iam_role.this["goldenpath-apply-dev"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"], "repo:our-org/platform:environment:registry-apply-dev:job_workflow_ref:our-org/platform/.github/workflows/_apply-registries.yml@refs/heads/main")
    error_message = "the workflow is part of the subject"
  }
}

run "a_subject_that_cannot_be_known_is_refused" {
  command = plan

  variables {
    subject_claim_keys = ["repo", "actor"]
  }

  expect_failures = [var.subject_claim_keys]
}

run "a_subject_without_a_repository_is_refused" {
  command = plan

  variables {
    subject_claim_keys = ["repository_owner", "context"]
  }

  expect_failures = [var.subject_claim_keys]
}

run "a_version_with_a_wildcard_is_refused" {
  command = plan

  variables {
    delivery_versions = ["refs/tags/v*"]
  }

  expect_failures = [var.delivery_versions]
}

run "environments_need_a_bucket" {
  command = plan

  variables {
    state_bucket = null
  }

  expect_failures = [var.state_bucket]
}

run "an_app_without_numbers_is_refused" {
  command = plan

  variables {
    apps = { my-app = { repository = "our-org/my-app", owner_id = "our-org", repository_id = "", ecr_repositories = ["my-app"], refs = ["refs/heads/main"] } }
  }

  expect_failures = [var.apps]
}

run "a_wildcard_for_ecr_repositories_is_refused" {
  command = plan

  variables {
    apps = { my-app = { repository = "our-org/my-app", owner_id = "12", repository_id = "1", ecr_repositories = ["*"], refs = ["refs/heads/main"] } }
  }

  expect_failures = [var.apps]
}

run "an_enterprise_is_a_condition_of_every_role" {
  command = plan

  variables {
    enterprise_id = "9"
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.this : jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:enterprise_id"] == ["9"]])
    error_message = "every role"
  }
}

run "a_provider_that_is_there_is_not_made_again" {
  command = plan

  variables {
    create_oidc_provider = false
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0
    error_message = "an account has one provider"
  }
  assert {
    condition     = output.oidc_provider_arn == "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    error_message = "and its roles trust that"
  }
}

run "a_boundary_of_ones_own_takes_the_place_of_ours" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/ours"
  }

  assert {
    condition     = length(aws_iam_policy.boundary) == 0 && alltrue([for role in aws_iam_role.this : role.permissions_boundary == "arn:aws:iam::123456789012:policy/ours"])
    error_message = "the boundary that was given"
  }
}
