"""What a delivery at a terminal needs of GitHub: the OIDC token endpoint and code scanning."""
