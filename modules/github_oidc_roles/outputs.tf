output "secrets" {
  description = "The ARNs of the platform's roles, by the name of the secret that holds each: `TF_AWS_PLAN_ROLE_DEV` in the repository, `TF_AWS_IAM_ROLE_DEV` in the GitHub environment `registry-apply-dev`."
  value = merge(
    { for environment in var.environments : "TF_AWS_PLAN_ROLE_${upper(environment)}" => aws_iam_role.this["${var.name_prefix}plan-${environment}"].arn },
    { for environment in var.environments : "TF_AWS_IAM_ROLE_${upper(environment)}" => aws_iam_role.this["${var.name_prefix}apply-${environment}"].arn },
  )
}

output "release_roles" {
  description = "The ARN of the role that releases, by the app's name in `apps`."
  value       = { for name in keys(var.apps) : name => aws_iam_role.this["${var.name_prefix}release-${name}"].arn }
}

output "rescan_roles" {
  description = "The ARN of the role that scans again, by the app's name in `apps`."
  value       = { for name, app in var.apps : name => aws_iam_role.this["${var.name_prefix}rescan-${name}"].arn if app.rescan }
}

output "role_arns" {
  description = "The ARNs of all roles, for `pull_time_excluded_roles` of `modules/aws_ecr_registry`: what they read is not a use."
  value       = [for role in aws_iam_role.this : role.arn]
}

output "oidc_provider_arn" {
  description = "The ARN of GitHub's OIDC provider."
  value       = "arn:${local.partition}:iam::${local.account}:oidc-provider/${local.issuer}"
}
