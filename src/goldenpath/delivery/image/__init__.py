"""What an image is made of, read from its OCI layout."""
