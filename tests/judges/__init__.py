"""GitHub's own judges: its language service and its evaluator of expressions (docs/adr/0018-judges.md)."""
