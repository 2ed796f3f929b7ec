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
