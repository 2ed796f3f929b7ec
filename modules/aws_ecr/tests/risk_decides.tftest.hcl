# The level of risk decides mutability, encryption and retention; nothing else does.
mock_provider "aws" {}

variables {
  name     = "my-app"
  metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }
}

run "risk_low_has_mutable_tags" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }
  }

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "MUTABLE"
    error_message = "risk low has mutable tags"
  }
}

run "risk_low_is_encrypted_with_aes256" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }
  }

  assert {
    condition     = aws_ecr_repository.this.encryption_configuration[0].encryption_type == "AES256"
    error_message = "risk low is encrypted with AES256"
  }
}

run "risk_low_keeps_20_images_of_each_kind" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }
  }

  assert {
    condition     = alltrue([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.selection.countNumber == 20 if rule.selection.countType == "imageCountMoreThan" && rule.rulePriority >= 10])
    error_message = "risk low keeps 20 images"
  }
}

run "risk_low_scans_on_push" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }
  }

  assert {
    condition     = aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
    error_message = "every image is scanned when it is pushed"
  }
}

run "risk_low_tells_its_controls" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }
  }

  assert {
    condition     = output.controls.mutability == "MUTABLE" && output.controls.encryption == "AES256" && output.controls.keep == 20 && output.controls.risk == "low"
    error_message = "the output says what the risk brought"
  }
}

run "risk_low_has_no_policy_of_its_own" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }
  }

  assert {
    condition     = length(aws_ecr_repository_policy.this) == 0
    error_message = "a policy exists only when one is asked for"
  }
}

run "risk_medium_has_mutable_tags" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "medium" }
  }

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "MUTABLE"
    error_message = "risk medium has mutable tags"
  }
}

run "risk_medium_is_encrypted_with_aes256" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "medium" }
  }

  assert {
    condition     = aws_ecr_repository.this.encryption_configuration[0].encryption_type == "AES256"
    error_message = "risk medium is encrypted with AES256"
  }
}

run "risk_medium_keeps_30_images_of_each_kind" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "medium" }
  }

  assert {
    condition     = alltrue([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.selection.countNumber == 30 if rule.selection.countType == "imageCountMoreThan" && rule.rulePriority >= 10])
    error_message = "risk medium keeps 30 images"
  }
}

run "risk_medium_scans_on_push" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "medium" }
  }

  assert {
    condition     = aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
    error_message = "every image is scanned when it is pushed"
  }
}

run "risk_medium_tells_its_controls" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "medium" }
  }

  assert {
    condition     = output.controls.mutability == "MUTABLE" && output.controls.encryption == "AES256" && output.controls.keep == 30 && output.controls.risk == "medium"
    error_message = "the output says what the risk brought"
  }
}

run "risk_medium_has_no_policy_of_its_own" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "medium" }
  }

  assert {
    condition     = length(aws_ecr_repository_policy.this) == 0
    error_message = "a policy exists only when one is asked for"
  }
}

run "risk_high_has_immutable_tags" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "high" }
  }

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE"
    error_message = "risk high has immutable tags"
  }
}

run "risk_high_is_encrypted_with_kms" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "high" }
  }

  assert {
    condition     = aws_ecr_repository.this.encryption_configuration[0].encryption_type == "KMS"
    error_message = "risk high is encrypted with KMS"
  }
}

run "risk_high_keeps_50_images_of_each_kind" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "high" }
  }

  assert {
    condition     = alltrue([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.selection.countNumber == 50 if rule.selection.countType == "imageCountMoreThan" && rule.rulePriority >= 10])
    error_message = "risk high keeps 50 images"
  }
}

run "risk_high_scans_on_push" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "high" }
  }

  assert {
    condition     = aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
    error_message = "every image is scanned when it is pushed"
  }
}

run "risk_high_tells_its_controls" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "high" }
  }

  assert {
    condition     = output.controls.mutability == "IMMUTABLE" && output.controls.encryption == "KMS" && output.controls.keep == 50 && output.controls.risk == "high"
    error_message = "the output says what the risk brought"
  }
}

run "risk_high_has_no_policy_of_its_own" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "high" }
  }

  assert {
    condition     = length(aws_ecr_repository_policy.this) == 0
    error_message = "a policy exists only when one is asked for"
  }
}

run "risk_high_takes_a_key_of_our_own" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "high" }
    kms_key  = "arn:aws:kms:eu-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition     = aws_ecr_repository.this.encryption_configuration[0].kms_key == "arn:aws:kms:eu-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    error_message = "the given key encrypts"
  }
}

run "risk_low_refuses_a_key" {
  command = plan

  variables {
    kms_key = "arn:aws:kms:eu-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  expect_failures = [aws_ecr_repository.this]
}

run "risk_medium_refuses_a_key" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "medium" }
    kms_key  = "arn:aws:kms:eu-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  expect_failures = [aws_ecr_repository.this]
}

run "a_key_that_is_no_arn_is_refused" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "high" }
    kms_key  = "my-key"
  }

  expect_failures = [var.kms_key]
}

run "an_alias_of_a_key_is_refused" {
  command = plan

  variables {
    metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "high" }
    kms_key  = "arn:aws:kms:eu-west-2:123456789012:alias/ours"
  }

  expect_failures = [var.kms_key]
}
