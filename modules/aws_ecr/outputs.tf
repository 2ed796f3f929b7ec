output "name" {
  description = "Name of the repository: the delivery workflow's input `ecr_repository`."
  value       = aws_ecr_repository.this.name
}

output "arn" {
  description = "ARN of the repository, for the role that may push to it."
  value       = aws_ecr_repository.this.arn
}

output "repository_url" {
  description = "Where images are pulled from: registry host and repository."
  value       = aws_ecr_repository.this.repository_url
}

output "controls" {
  description = "What the risk brought: mutability, encryption, and how many images of each kind are kept."
  value = {
    risk       = var.metadata.risk
    mutability = local.mutability
    encryption = local.controls.encryption
    keep       = local.keep
  }
}
