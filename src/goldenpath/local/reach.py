"""Check whether this machine reaches a public registry: `goldenpath local` uses stand-ins when it does not."""

from __future__ import annotations

import urllib3

PATIENCE_SECONDS = 3.0
# Where the Docker Engine pulls from when an image name has no registry in it.
DOCKER_HUB = "https://registry-1.docker.io/v2/"
# trivy's first choice for its database (`trivy image --help`, `--db-repository`).
TRIVY_DATABASE = "https://mirror.gcr.io/v2/"


def reachable(url: str) -> bool:
    """Return whether a server responds at `url` within seconds. Any status counts: registries ask for a login first."""
    with urllib3.PoolManager(retries=False, timeout=PATIENCE_SECONDS) as pool:
        try:
            pool.request("GET", url)
        except urllib3.exceptions.HTTPError:
            return False
    return True
