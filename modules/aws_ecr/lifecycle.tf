# How ECR reads these rules (Amazon ECR user guide, "How lifecycle policies work"):
# - An image that fits a rule's tags can never be expired or archived by a rule with a higher number, whether or not the
#   first one acts on it. An image tagged a1b2c3d + dev-a1b2c3d + prod-a1b2c3d is counted among the prod releases only.
# - Patterns listed in one rule must all match: one rule for each environment, never one rule with four patterns.
# - `imageCountMoreThan` keeps the newest by the time of the push, among the images that fit the rule's own tags.
# - `any` must come last. It counts every image, but may expire only those that no rule before it fits: images that
#   this delivery path did not make, since each of its releases carries an environment's tag.
# - An image that a multi-platform index refers to is not expired before the index is.
# - What refers to an image (signatures, attestations and SBOMs as OCI referrers) goes or is archived within a day of it,
#   and not by a rule of its own. Signatures of before are ordinary images with a tag like sha256-<digest>.sig.
# - Each rule needs tags of its own within a storage class: so a release is either expired by count or archived by age.
locals {
  keep               = coalesce(var.retention.keep, local.controls.keep)
  archive_after_days = local.controls.archive_after_days

  # The strictest environment first: an image that reached prod is kept as a prod release, not as a dev build.
  tag_environments = reverse(local.environments)

  # What no rule may expire. A repository holds 100,000 images at most, so this keeps all of them.
  every_image = 100000
  kept_tags = {
    2 = { pattern = "in-use-*", description = "Images that run somewhere stay (goldenpath registry protect sets the tag)" }
    3 = { pattern = "sha256-*", description = "Signatures and attestations under a tag stay: what they vouch for is counted elsewhere" }
  }

  # BuildKit's caches, where somebody keeps them in the registry. Only images of no environment are among them.
  cache_tags = ["buildcache*", "cache*"]

  # After the environments, however many there are; 100 where there are nine at most.
  last_priority = max(100, 10 * (length(local.tag_environments) + 2))

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
    [for priority, kept in local.kept_tags : {
      rulePriority = tonumber(priority)
      description  = kept.description
      selection = {
        tagStatus      = "tagged"
        tagPatternList = [kept.pattern]
        countType      = "imageCountMoreThan"
        countNumber    = local.every_image
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
    } if local.archive_after_days == null],
    [for index, environment in local.tag_environments : {
      rulePriority = 10 * (index + 1)
      description  = "Releases of ${environment} are archived when nobody pulled them for ${local.archive_after_days} days"
      selection = {
        tagStatus      = "tagged"
        tagPatternList = ["${environment}-*"]
        countType      = "sinceImagePulled"
        countUnit      = "days"
        countNumber    = local.archive_after_days
      }
      action = { type = "transition", targetStorageClass = "archive" }
    } if local.archive_after_days != null],
    [for index, pattern in local.cache_tags : {
      rulePriority = 10 * (length(local.tag_environments) + 1) + index
      description  = "Build caches (${pattern}) go when they are 30 days old"
      selection = {
        tagStatus      = "tagged"
        tagPatternList = [pattern]
        countType      = "sinceImagePushed"
        countUnit      = "days"
        countNumber    = 30
      }
      action = { type = "expire" }
    }],
    [{
      rulePriority = local.last_priority
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
