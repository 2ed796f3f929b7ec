"""Base images made here for machines that cannot reach Docker Hub."""
