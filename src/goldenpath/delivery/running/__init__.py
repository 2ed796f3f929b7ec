"""How any stage runs: what it is given, what both gates do with a report, and what is reported when a stage ends."""
