# The least that can be said: a name, and who answers for it.
provider "aws" {
  region = "eu-west-2"
}

module "repository" {
  source = "../.."

  name = "hello-web"
  metadata = {
    id    = "REGISTRY_HELLO_WEB"
    owner = "team-web"
    risk  = "low"
  }
}

output "repository_url" {
  description = "Where images are pulled from."
  value       = module.repository.repository_url
}
