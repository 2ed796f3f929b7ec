# Who answers for a repository can be read from its tags.
mock_provider "aws" {}

variables {
  name     = "my-app"
  metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }
}

run "id_owner_and_risk_are_tags" {
  command = plan

  assert {
    condition     = aws_ecr_repository.this.tags["goldenpath.idp/id"] == "REGISTRY_MY_APP" && aws_ecr_repository.this.tags["goldenpath.idp/owner"] == "team-web" && aws_ecr_repository.this.tags["goldenpath.idp/risk"] == "low"
    error_message = "the three that must be there are there"
  }
}

run "what_is_not_given_is_no_tag" {
  command = plan

  assert {
    condition     = length(aws_ecr_repository.this.tags) == 3
    error_message = "no empty tags"
  }
}

run "an_empty_domain_is_no_tag" {
  command = plan

  variables {
    domain = ""
  }

  assert {
    condition     = length(aws_ecr_repository.this.tags) == 3
    error_message = "no empty tags"
  }
}

run "domain_requester_and_environment_become_tags" {
  command = plan

  variables {
    domain      = "shop"
    requester   = "octocat"
    environment = "dev"
  }

  assert {
    condition     = aws_ecr_repository.this.tags["goldenpath.idp/domain"] == "shop" && aws_ecr_repository.this.tags["goldenpath.idp/requester"] == "octocat" && aws_ecr_repository.this.tags["goldenpath.idp/environment"] == "dev"
    error_message = "what is given becomes a tag"
  }
}

run "environment_dev_is_known" {
  command = plan

  variables {
    environment = "dev"
  }

  assert {
    condition     = aws_ecr_repository.this.tags["goldenpath.idp/environment"] == "dev"
    error_message = "the platform's four environments are known"
  }
}

run "environment_test_is_known" {
  command = plan

  variables {
    environment = "test"
  }

  assert {
    condition     = aws_ecr_repository.this.tags["goldenpath.idp/environment"] == "test"
    error_message = "the platform's four environments are known"
  }
}

run "environment_staging_is_known" {
  command = plan

  variables {
    environment = "staging"
  }

  assert {
    condition     = aws_ecr_repository.this.tags["goldenpath.idp/environment"] == "staging"
    error_message = "the platform's four environments are known"
  }
}

run "environment_prod_is_known" {
  command = plan

  variables {
    environment = "prod"
  }

  assert {
    condition     = aws_ecr_repository.this.tags["goldenpath.idp/environment"] == "prod"
    error_message = "the platform's four environments are known"
  }
}

run "an_unknown_environment_is_refused" {
  command = plan

  variables {
    environment = "qa"
  }

  expect_failures = [var.environment]
}

run "an_empty_environment_is_taken_for_none" {
  command = plan

  variables {
    environment = null
  }

  assert {
    condition     = length(aws_ecr_repository.this.tags) == 3
    error_message = "no empty tags"
  }
}
