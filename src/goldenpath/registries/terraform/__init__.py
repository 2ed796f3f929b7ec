"""Terraform: the program, its plans and locks, and the workspace of an environment."""
