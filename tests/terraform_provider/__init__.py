"""A stand-in for the Terraform provider hashicorp/aws, for tests only.

It speaks Terraform's plugin protocol under that provider's address, knows the few resource types that this project
declares, and calls whatever AWS endpoint its environment names (an emulator). It is not the AWS provider: its hashes
must never reach a `.terraform.lock.hcl`, and no user ever meets it. `docs/registries.md` says how far it goes.
"""
