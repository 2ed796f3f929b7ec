# What vouches for a release lives as long as the release; what runs somewhere stays; build caches do not.
mock_provider "aws" {}

variables {
  name     = "my-app"
  metadata = { id = "REGISTRY_MY_APP", owner = "team-web", risk = "low" }
}

run "signatures_under_a_tag_are_kept_whatever_else_is_pushed" {
  command = plan

  assert {
    condition     = one([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.selection if try(rule.selection.tagPatternList, []) == ["sha256-*"]]) == { tagStatus = "tagged", tagPatternList = ["sha256-*"], countType = "imageCountMoreThan", countNumber = 100000 }
    error_message = "cosign names a signature by its image: it must not be counted as an image that no environment released"
  }
}

run "what_runs_somewhere_is_kept_before_any_rule_that_counts" {
  command = plan

  assert {
    condition     = one([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.rulePriority if try(rule.selection.tagPatternList, []) == ["in-use-*"]]) < min([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.rulePriority if rule.selection.countNumber == 20]...)
    error_message = "an image that fits an earlier rule is never expired by a later one"
  }
}

run "build_caches_go_and_take_no_release_with_them" {
  command = plan

  assert {
    condition     = min([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.rulePriority if strcontains(try(rule.selection.tagPatternList[0], ""), "cache")]...) > max([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.rulePriority if contains([for environment in reverse(local.environments) : "${environment}-*"], try(rule.selection.tagPatternList[0], ""))]...)
    error_message = "an image that an environment released is decided by the rule of that environment"
  }
}

run "a_rule_is_about_tags_of_its_own" {
  command = plan

  assert {
    condition     = length(distinct([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : try(rule.selection.tagPatternList[0], rule.selection.tagStatus)])) == length(jsondecode(aws_ecr_lifecycle_policy.this.policy).rules)
    error_message = "ECR takes no two rules with the same tags"
  }
}

run "nothing_is_archived_unless_the_risk_says_so" {
  command = plan

  assert {
    condition     = !strcontains(aws_ecr_lifecycle_policy.this.policy, "archive")
    error_message = "an archived image cannot be pulled"
  }
}
