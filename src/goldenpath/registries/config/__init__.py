"""The files that describe registries: read, edited, and what each level of risk brings."""
