output "secrets" {
  description = "What to store on GitHub in the platform's repository."
  value       = module.roles.secrets
}

output "release_roles" {
  description = "What to store on GitHub in the repository of each app, as the secret of its environment."
  value       = module.roles.release_roles
}

output "rescan_roles" {
  description = "The roles of rescan.yml, by app."
  value       = module.roles.rescan_roles
}

output "state_bucket" {
  description = "The variable TF_STATE_BUCKET of the platform's repository."
  value       = aws_s3_bucket.state.bucket
}

# An environment that exists is left as it is: to write it again would take away its reviewers.
output "store_on_github" {
  description = "Commands that store the roles and the state bucket in the platform's repository; they make the GitHub environments that are missing."
  value = join("\n", concat(
    [for environment in var.environments : "gh api --silent repos/${var.platform.repository}/environments/registry-apply-${environment} 2>/dev/null || gh api --silent --method PUT repos/${var.platform.repository}/environments/registry-apply-${environment}"],
    [for environment in var.environments : "gh secret set TF_AWS_PLAN_ROLE_${upper(environment)} --repo ${var.platform.repository} --body ${module.roles.secrets["TF_AWS_PLAN_ROLE_${upper(environment)}"]}"],
    [for environment in var.environments : "gh secret set TF_AWS_IAM_ROLE_${upper(environment)} --repo ${var.platform.repository} --env registry-apply-${environment} --body ${module.roles.secrets["TF_AWS_IAM_ROLE_${upper(environment)}"]}"],
    ["gh variable set TF_STATE_BUCKET --repo ${var.platform.repository} --body ${aws_s3_bucket.state.bucket}"],
  ))
}
