"""GitHub as the platform uses it: one client, and what GitHub records of runs and pull requests."""
