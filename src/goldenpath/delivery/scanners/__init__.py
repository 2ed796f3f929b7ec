"""Programs that scan images, each behind the same interface."""
