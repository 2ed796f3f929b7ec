# A repository has an id, an owner and a risk, or it does not exist.
mock_provider "aws" {}

variables {
  name     = "my-app"
  metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }
}

run "governed_metadata_is_enough" {
  command = plan

  assert {
    condition     = aws_ecr_repository.this.name == "my-app"
    error_message = "the repository has the name it was given"
  }
}

run "no_metadata_at_all_is_refused" {
  command = plan

  variables {
    metadata = {}
  }

  expect_failures = [var.metadata]
}

run "metadata_without_an_id_is_refused" {
  command = plan

  variables {
    metadata = { owner = "team-web", risk = "low" }
  }

  expect_failures = [var.metadata]
}

run "metadata_without_an_owner_is_refused" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", risk = "low" }
  }

  expect_failures = [var.metadata]
}

run "metadata_without_a_risk_is_refused" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web" }
  }

  expect_failures = [var.metadata]
}

run "an_empty_owner_is_refused" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "", risk = "low" }
  }

  expect_failures = [var.metadata]
}

run "an_owner_of_spaces_is_refused" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "   ", risk = "low" }
  }

  expect_failures = [var.metadata]
}

run "an_owner_with_capitals_is_refused" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "Team-Web", risk = "low" }
  }

  expect_failures = [var.metadata]
}

run "an_owner_that_ends_in_a_dash_is_refused" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-", risk = "low" }
  }

  expect_failures = [var.metadata]
}

run "an_unknown_risk_is_refused" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "critical" }
  }

  expect_failures = [var.metadata]
}

run "a_risk_in_capitals_is_refused" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "HIGH" }
  }

  expect_failures = [var.metadata]
}

run "an_id_in_lower_case_is_refused" {
  command = plan

  variables {
    metadata = { id = "registry_my_app", owner = "team-web", risk = "low" }
  }

  expect_failures = [var.metadata]
}

run "an_id_without_its_prefix_is_refused" {
  command = plan

  variables {
    metadata = { id = "MY_APP", owner = "team-web", risk = "low" }
  }

  expect_failures = [var.metadata]
}

run "the_id_of_another_repository_is_refused" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_OTHER", owner = "team-web", risk = "low" }
  }

  expect_failures = [aws_ecr_repository.this]
}

run "the_id_of_a_nested_name_has_underscores" {
  command = plan

  variables {
    name     = "team/my.app"
    metadata = { id = "REGISTRY_TEAM_MY_APP", owner = "team-web", risk = "low" }
  }

  assert {
    condition     = aws_ecr_repository.this.tags["goldenpath.idp/id"] == "REGISTRY_TEAM_MY_APP"
    error_message = "every sign that is not a letter or digit is an underscore in the id"
  }
}
