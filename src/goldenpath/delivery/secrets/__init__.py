"""The search for secrets in source and image."""
