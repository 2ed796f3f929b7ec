"""Which rules are in force for a run, and what they decide."""
