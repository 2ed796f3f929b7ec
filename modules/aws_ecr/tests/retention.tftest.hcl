# Numbers can be other than the risk's own, within bounds.
mock_provider "aws" {}

variables {
  name     = "my-app"
  metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }
}

run "more_images_can_be_kept_than_the_risk_asks" {
  command = plan

  variables {
    retention = { keep = 80 }
  }

  assert {
    condition     = one([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule if rule.rulePriority == 10]).selection.countNumber == 80 && output.controls.keep == 80
    error_message = "the given number is used"
  }
}

run "keeping_as_many_as_the_risk_asks_is_taken" {
  command = plan

  variables {
    retention = { keep = 20 }
  }

  assert {
    condition     = one([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule if rule.rulePriority == 10]).selection.countNumber == 20
    error_message = "the bound itself is inside"
  }
}

run "keeping_500_is_taken" {
  command = plan

  variables {
    retention = { keep = 500 }
  }

  assert {
    condition     = one([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule if rule.rulePriority == 10]).selection.countNumber == 500
    error_message = "the bound itself is inside"
  }
}

run "keeping_fewer_than_risk_low_is_refused" {
  command = plan

  variables {
    retention = { keep = 19 }
  }

  expect_failures = [var.retention]
}

run "keeping_fewer_than_risk_medium_is_refused" {
  command = plan

  variables {
    metadata  = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "medium" }
    retention = { keep = 29 }
  }

  expect_failures = [var.retention]
}

run "keeping_fewer_than_risk_high_is_refused" {
  command = plan

  variables {
    metadata  = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "high" }
    retention = { keep = 49 }
  }

  expect_failures = [var.retention]
}

run "keeping_more_than_500_is_refused" {
  command = plan

  variables {
    retention = { keep = 501 }
  }

  expect_failures = [var.retention]
}

run "keeping_half_an_image_is_refused" {
  command = plan

  variables {
    retention = { keep = 20.5 }
  }

  expect_failures = [var.retention]
}

run "untagged_images_can_go_sooner" {
  command = plan

  variables {
    retention = { untagged_days = 1 }
  }

  assert {
    condition     = one([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule if rule.rulePriority == 1]).selection.countNumber == 1
    error_message = "the given number is used"
  }
}

run "untagged_images_cannot_stay_longer" {
  command = plan

  variables {
    retention = { untagged_days = 8 }
  }

  expect_failures = [var.retention]
}

run "untagged_images_cannot_go_at_once" {
  command = plan

  variables {
    retention = { untagged_days = 0 }
  }

  expect_failures = [var.retention]
}

run "sooner_for_untagged_images_leaves_the_rest_alone" {
  command = plan

  variables {
    retention = { untagged_days = 3 }
  }

  assert {
    condition     = one([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule if rule.rulePriority == 10]).selection.countNumber == 20
    error_message = "what is not given is the risk's own"
  }
}
