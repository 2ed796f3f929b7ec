"""The AWS emulator: STS and IAM, ECR's API, and the registry behind ECR's rules."""
