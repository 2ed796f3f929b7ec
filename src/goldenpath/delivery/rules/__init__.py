"""The effective rules of a run, and the decisions by them."""
