"""A merged pull request: what pushed it, what it changed, and whether that may be applied."""
