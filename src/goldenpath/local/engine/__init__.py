"""A Docker Engine and a BuildKit on this machine, and the Debian packages that they need."""
