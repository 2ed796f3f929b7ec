# An immutable repository may leave named tags movable, but never those of releases.
mock_provider "aws" {}

variables {
  name     = "my-app"
  metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "high" }
}

run "without_exclusions_every_tag_is_fixed" {
  command = plan

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE"
    error_message = "nothing may move"
  }
}

run "without_exclusions_there_is_no_filter" {
  command = plan

  assert {
    condition     = length(aws_ecr_repository.this.image_tag_mutability_exclusion_filter) == 0
    error_message = "no filter is written"
  }
}

run "with_exclusions_the_rest_stays_fixed" {
  command = plan

  variables {
    immutability_exclusions = ["latest", "cache-*"]
  }

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE_WITH_EXCLUSION"
    error_message = "ECR's own word for it"
  }

  assert {
    condition     = [for each in aws_ecr_repository.this.image_tag_mutability_exclusion_filter : each.filter] == ["latest", "cache-*"]
    error_message = "the filters are those that were given"
  }

  assert {
    condition     = alltrue([for each in aws_ecr_repository.this.image_tag_mutability_exclusion_filter : each.filter_type == "WILDCARD"])
    error_message = "ECR knows wildcards only"
  }
}

run "five_exclusions_are_taken" {
  command = plan

  variables {
    immutability_exclusions = ["latest", "cache-*", "nightly", "main", "release-candidate"]
  }

  assert {
    condition     = length(aws_ecr_repository.this.image_tag_mutability_exclusion_filter) == 5
    error_message = "five is ECR's limit"
  }
}

run "six_exclusions_are_refused" {
  command = plan

  variables {
    immutability_exclusions = ["latest", "cache-*", "nightly", "main", "next", "release-candidate"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "two_wildcards_in_a_filter_are_taken" {
  command = plan

  variables {
    immutability_exclusions = ["cache-*-linux-*"]
  }

  assert {
    condition     = length(aws_ecr_repository.this.image_tag_mutability_exclusion_filter) == 1
    error_message = "two is ECR's limit"
  }
}

run "three_wildcards_in_a_filter_are_refused" {
  command = plan

  variables {
    immutability_exclusions = ["cache-*-linux-*-*"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "the_same_exclusion_twice_is_refused" {
  command = plan

  variables {
    immutability_exclusions = ["latest", "latest"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "a_filter_for_everything_is_refused" {
  command = plan

  variables {
    immutability_exclusions = ["*"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "a_filter_that_starts_with_a_wildcard_is_refused" {
  command = plan

  variables {
    immutability_exclusions = ["*-cache"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "a_filter_for_prod_releases_is_refused" {
  command = plan

  variables {
    immutability_exclusions = ["prod-*"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "a_filter_for_one_prod_release_is_refused" {
  command = plan

  variables {
    immutability_exclusions = ["prod-a1b2c3d"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "a_filter_that_reaches_prod_releases_is_refused" {
  command = plan

  variables {
    immutability_exclusions = ["pr*"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "a_filter_for_staging_releases_is_refused" {
  command = plan

  variables {
    immutability_exclusions = ["staging-*"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "a_filter_for_test_releases_is_refused" {
  command = plan

  variables {
    immutability_exclusions = ["test-*"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "a_filter_for_dev_releases_is_refused" {
  command = plan

  variables {
    immutability_exclusions = ["dev*"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "a_filter_for_commits_is_refused" {
  command = plan

  variables {
    immutability_exclusions = ["a1*"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "a_commit_is_refused" {
  command = plan

  variables {
    immutability_exclusions = ["a1b2c3d"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "a_filter_for_versions_is_refused" {
  command = plan

  variables {
    immutability_exclusions = ["v*"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "a_filter_for_versions_of_one_line_is_refused" {
  command = plan

  variables {
    immutability_exclusions = ["1.*"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "a_filter_for_release_tags_of_one_line_is_refused" {
  command = plan

  variables {
    immutability_exclusions = ["v1.2*"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "a_filter_for_prereleases_of_a_version_is_refused" {
  command = plan

  variables {
    immutability_exclusions = ["1.2.3-rc*"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "a_version_is_refused" {
  command = plan

  variables {
    immutability_exclusions = ["v1.2.3"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "a_tag_that_names_a_line_of_versions_is_taken" {
  command = plan

  variables {
    immutability_exclusions = ["v1", "1.2", "vendor-*"]
  }

  assert {
    condition     = length(aws_ecr_repository.this.image_tag_mutability_exclusion_filter) == 3
    error_message = "v1 moves on to v1.3.0, and vendor- is no version"
  }
}

run "a_filter_with_a_space_is_refused" {
  command = plan

  variables {
    immutability_exclusions = ["my cache"]
  }

  expect_failures = [var.immutability_exclusions]
}

run "an_empty_filter_is_refused" {
  command = plan

  variables {
    immutability_exclusions = [""]
  }

  expect_failures = [var.immutability_exclusions]
}

run "a_tag_that_only_looks_like_an_environment_is_taken" {
  command = plan

  variables {
    immutability_exclusions = ["development", "testing"]
  }

  assert {
    condition     = length(aws_ecr_repository.this.image_tag_mutability_exclusion_filter) == 2
    error_message = "development is not dev- and a commit"
  }
}

run "exclusions_at_low_risk_are_refused" {
  command = plan

  variables {
    metadata                = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }
    immutability_exclusions = ["latest"]
  }

  expect_failures = [aws_ecr_repository.this]
}

run "exclusions_at_medium_risk_are_refused" {
  command = plan

  variables {
    metadata                = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "medium" }
    immutability_exclusions = ["latest"]
  }

  expect_failures = [aws_ecr_repository.this]
}
