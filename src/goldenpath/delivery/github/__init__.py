"""Requests of a delivery to GitHub: code scanning, environments, history and pull requests."""
