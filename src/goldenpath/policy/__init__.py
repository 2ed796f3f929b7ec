"""The platform's rules as data, for deliveries and registries."""
