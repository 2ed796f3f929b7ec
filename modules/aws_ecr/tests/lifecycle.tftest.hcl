# Old images go; a release in use never goes because of newer builds for another environment.
mock_provider "aws" {}

variables {
  name     = "my-app"
  metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }
}

run "untagged_images_go_after_seven_days" {
  command = plan

  assert {
    condition     = one([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule if rule.rulePriority == 1]).selection.tagStatus == "untagged" && one([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule if rule.rulePriority == 1]).selection.countType == "sinceImagePushed" && one([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule if rule.rulePriority == 1]).selection.countUnit == "days" && one([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule if rule.rulePriority == 1]).selection.countNumber == 7
    error_message = "untagged images go after seven days"
  }
}

run "untagged_images_are_the_first_rule" {
  command = plan

  assert {
    condition     = min([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.rulePriority]...) == 1
    error_message = "no other rule comes before the one for untagged images"
  }
}

run "every_environment_has_a_rule_of_its_own_and_the_strictest_comes_first" {
  command = plan

  assert {
    condition     = [for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.selection.tagPatternList if rule.selection.tagStatus == "tagged" && endswith(try(rule.selection.tagPatternList[0], ""), "-*") && rule.rulePriority >= 10] == [for environment in reverse(local.environments) : ["${environment}-*"]]
    error_message = "a release is protected by the strictest environment it reached; several patterns in one rule would all have to match"
  }
}

run "releases_are_counted_not_aged" {
  command = plan

  assert {
    condition     = toset([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.selection.countType if rule.selection.tagStatus == "tagged" && contains([for environment in local.environments : "${environment}-*"], try(rule.selection.tagPatternList[0], ""))]) == toset(["imageCountMoreThan"])
    error_message = "a release does not go because it is old"
  }
}

run "the_rule_for_all_images_comes_last" {
  command = plan

  assert {
    condition     = one([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.rulePriority if rule.selection.tagStatus == "any"]) == max([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.rulePriority]...)
    error_message = "ECR demands that any comes last"
  }
}

run "every_rule_has_a_priority_of_its_own" {
  command = plan

  assert {
    condition     = length(distinct([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.rulePriority])) == length(jsondecode(aws_ecr_lifecycle_policy.this.policy).rules)
    error_message = "ECR demands unique priorities"
  }
}

run "every_rule_expires" {
  command = plan

  assert {
    condition     = alltrue([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.action.type == "expire"])
    error_message = "expire is what a rule does"
  }
}

run "every_rule_says_what_it_is_for" {
  command = plan

  assert {
    condition     = alltrue([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : length(rule.description) > 20])
    error_message = "people read the rules in the console"
  }
}

run "the_policy_belongs_to_the_repository" {
  command = plan

  assert {
    condition     = aws_ecr_lifecycle_policy.this.repository == "my-app"
    error_message = "the policy is attached to the repository"
  }
}
