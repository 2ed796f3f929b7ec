"""The reports for people and for GitHub code scanning: summaries, annotations and SARIF."""
