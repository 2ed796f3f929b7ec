"""Values that stages hand to one another."""
