"""What people and GitHub's code scanning are shown."""
