"""How an image is built: Dockerfile, build context, BuildKit."""
