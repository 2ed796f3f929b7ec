"""Registries that images come from and go to."""
