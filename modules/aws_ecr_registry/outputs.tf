output "registry_id" {
  description = "The account of the registry."
  value       = aws_ecr_registry_scanning_configuration.this.registry_id
}

output "quarantine_prefixes" {
  description = "The prefixes under which a push makes a quarantined repository."
  value       = [for template in aws_ecr_repository_creation_template.quarantine : template.prefix]
}
