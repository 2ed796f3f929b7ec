"""The demo: it delivers the sample app, and shows how the gates stop commits."""
