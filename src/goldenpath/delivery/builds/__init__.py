"""Build the image: its Dockerfile, build context, base images and secrets, and the BuildKit that builds it."""
