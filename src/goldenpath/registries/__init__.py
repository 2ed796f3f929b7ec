"""Registries from request to retirement. README.md in this folder says where to begin."""
