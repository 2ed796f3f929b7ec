"""The demo: the sample app, its deliveries, and the commits that are stopped."""
