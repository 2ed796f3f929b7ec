"""The files that describe registries: read, edited, and the controls per level of risk."""
