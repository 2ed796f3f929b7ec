# The settings of one ECR registry: an account and a region have exactly one.

resource "aws_ecr_registry_scanning_configuration" "this" {
  scan_type = var.scan_type

  dynamic "rule" {
    for_each = { for frequency, filters in { SCAN_ON_PUSH = var.scan_on_push, CONTINUOUS_SCAN = var.continuous_scan } : frequency => filters if length(filters) > 0 }

    content {
      scan_frequency = rule.key

      dynamic "repository_filter" {
        for_each = rule.value

        content {
          filter      = repository_filter.value
          filter_type = "WILDCARD"
        }
      }
    }
  }
}

resource "aws_ecr_account_setting" "basic_scan" {
  count = var.basic_scan_version == null ? 0 : 1

  name  = "BASIC_SCAN_TYPE_VERSION"
  value = var.basic_scan_version
}

resource "aws_ecr_pull_time_update_exclusion" "this" {
  # By number: an ARN of a role that is made in the same apply is not known when the plan is.
  count = length(var.pull_time_excluded_roles)

  principal_arn = var.pull_time_excluded_roles[count.index]
}

resource "aws_ecr_replication_configuration" "this" {
  count = var.replication == null ? 0 : 1

  replication_configuration {
    rule {
      dynamic "destination" {
        for_each = var.replication.destinations

        content {
          region      = destination.value.region
          registry_id = destination.value.account
        }
      }

      dynamic "repository_filter" {
        for_each = var.replication.prefixes

        content {
          filter      = repository_filter.value
          filter_type = "PREFIX_MATCH"
        }
      }
    }
  }
}

resource "aws_ecr_registry_policy" "this" {
  count = var.registry_policy_json == null ? 0 : 1

  policy = var.registry_policy_json
}

# hashicorp/aws has no resource for this up to 6.68; Cloud Control has the type.
resource "aws_cloudcontrolapi_resource" "signing" {
  count = var.signing == null ? 0 : 1

  type_name = "AWS::ECR::SigningConfiguration"
  desired_state = jsonencode({
    Rules = [merge(
      { SigningProfileArn = var.signing.profile_arn },
      length(var.signing.repository_prefixes) > 0 ? { RepositoryFilters = [for name in var.signing.repository_prefixes : { Filter = name, FilterType = "WILDCARD_MATCH" }] } : {},
    )]
  })
}
