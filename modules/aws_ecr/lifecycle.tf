# How ECR reads these rules (Amazon ECR user guide, "How lifecycle policies work"):
# - An image that fits a rule's tags can never be expired by a rule with a higher number, whether or not the first one
#   expires it. An image tagged a1b2c3d + dev-a1b2c3d + prod-a1b2c3d is therefore counted among the prod releases only.
# - Patterns listed in one rule must all match: one rule for each environment, never one rule with four patterns.
# - `imageCountMoreThan` keeps the newest by the time of the push, among the images that fit the rule's own tags.
# - `any` must come last. It counts every image, but may expire only those that no rule before it fits: images that
#   this delivery path did not make, since each of its releases carries an environment's tag.
# - An image that a multi-platform index refers to is not expired before the index is.
locals {
  keep = coalesce(var.retention.keep, local.controls.keep)

  # The strictest environment first: an image that reached prod is kept as a prod release, not as a dev build.
  tag_environments = reverse(local.environments)

  lifecycle_rules = concat(
    [{
      rulePriority = 1
      description  = "Untagged images go after ${var.retention.untagged_days} days"
      selection = {
        tagStatus   = "untagged"
        countType   = "sinceImagePushed"
        countUnit   = "days"
        countNumber = var.retention.untagged_days
      }
      action = { type = "expire" }
    }],
    [for index, environment in local.tag_environments : {
      rulePriority = 10 * (index + 1)
      description  = "The newest ${local.keep} of ${environment} stay, whatever else is pushed"
      selection = {
        tagStatus      = "tagged"
        tagPatternList = ["${environment}-*"]
        countType      = "imageCountMoreThan"
        countNumber    = local.keep
      }
      action = { type = "expire" }
    }],
    [{
      rulePriority = 100
      description  = "Of images no environment released, those among the newest ${local.keep} stay"
      selection = {
        tagStatus   = "any"
        countType   = "imageCountMoreThan"
        countNumber = local.keep
      }
      action = { type = "expire" }
    }],
  )
}
