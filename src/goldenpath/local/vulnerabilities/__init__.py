"""A small trivy database made from advisory records."""
