# ECR's own rule for names, told before AWS is asked.
mock_provider "aws" {}

variables {
  name     = "my-app"
  metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }
}

run "a_name_of_one_character_is_refused" {
  command = plan

  variables {
    name = "a"
  }

  expect_failures = [var.name]
}

run "a_name_in_capitals_is_refused" {
  command = plan

  variables {
    name = "My-App"
  }

  expect_failures = [var.name]
}

run "a_name_with_a_space_is_refused" {
  command = plan

  variables {
    name = "my app"
  }

  expect_failures = [var.name]
}

run "a_name_that_starts_with_a_dash_is_refused" {
  command = plan

  variables {
    name = "-my-app"
  }

  expect_failures = [var.name]
}

run "a_name_that_ends_with_a_dot_is_refused" {
  command = plan

  variables {
    name = "my-app."
  }

  expect_failures = [var.name]
}

run "a_name_with_two_dashes_in_a_row_is_refused" {
  command = plan

  variables {
    name = "my--app"
  }

  expect_failures = [var.name]
}

run "a_name_with_an_empty_part_is_refused" {
  command = plan

  variables {
    name = "team//my-app"
  }

  expect_failures = [var.name]
}

run "a_name_that_ends_with_a_slash_is_refused" {
  command = plan

  variables {
    name = "team/"
  }

  expect_failures = [var.name]
}

run "a_name_that_escapes_is_refused" {
  command = plan

  variables {
    name = "../my-app"
  }

  expect_failures = [var.name]
}

run "an_empty_name_is_refused" {
  command = plan

  variables {
    name = ""
  }

  expect_failures = [var.name]
}

run "a_name_of_two_characters_is_taken" {
  command = plan

  variables {
    name     = "ab"
    metadata = { id = "REGISTRY_AB", owner = "team-web", risk = "low" }
  }

  assert {
    condition     = aws_ecr_repository.this.name == "ab"
    error_message = "two characters are enough"
  }
}

run "a_name_with_a_namespace_is_taken" {
  command = plan

  variables {
    name     = "team/my_app.web"
    metadata = { id = "REGISTRY_TEAM_MY_APP_WEB", owner = "team-web", risk = "low" }
  }

  assert {
    condition     = aws_ecr_repository.this.name == "team/my_app.web"
    error_message = "slashes, dots and underscores are ECR's"
  }
}

run "a_name_of_257_characters_is_refused" {
  command = plan

  variables {
    name = format("%0257d", 0)
  }

  expect_failures = [var.name]
}
