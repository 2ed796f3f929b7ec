"""What a test of Terraform needs around it: an AWS emulator, the stand-in provider, and a checkout to work in."""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import urllib3

from goldenpath.registries.planning import Workplace
from goldenpath.tools import process

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
BUCKET, REGION = "state", "eu-west-2"
PATIENCE = 30.0
_KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": REGION}


@dataclass(frozen=True)
class World:
    """A running emulator and stand-in; `variables` lead Terraform to both."""

    endpoint: str
    variables: Mapping[str, str]

    def client(self, service: str) -> Any:  # noqa: ANN401  one method, several services
        """Return a client of the emulator's `service`."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )

    def workplace(self, checkout: Path, environment: str = "dev", lock_seconds: int = 0) -> Workplace:
        """Return where `environment` of `checkout` is planned."""
        return Workplace(
            checkout, environment, BUCKET, REGION, checkout / "work", self.variables, lock_seconds=lock_seconds
        )

    def forget(self) -> None:
        """Empty the emulator, and make the bucket for the state anew."""
        pool = urllib3.PoolManager()
        pool.request("POST", f"{self.endpoint}/moto-api/reset", timeout=10)
        pool.clear()
        self.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})


@contextmanager
def running() -> Iterator[World]:
    """Run the emulator and the stand-in while the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # In a process of its own: what it forgets, no other emulator of this process must forget.
    folder = tempfile.TemporaryDirectory(prefix="goldenpath-moto-")
    log = Path(folder.name) / "moto.log"
    server = process.start(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port), log=log)
    host = "127.0.0.1"
    _wait_for(port)
    endpoint = f"http://{host}:{port}"
    variables = {**_KEYS, "AWS_ENDPOINT_URL": endpoint}
    child = process.start(
        sys.executable, "-m", "tests.terraform_provider", cwd=ROOT, environment={**variables, **_paths()}
    )
    try:
        assert child.stdout is not None
        reattach = child.stdout.readline().decode().strip()
        assert reattach, child.communicate()[1].decode()
        world = World(endpoint, {**variables, "TF_REATTACH_PROVIDERS": reattach})
        world.forget()
        yield world
    finally:
        process.stop_group(child)
        process.stop_group(server)
        folder.cleanup()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "moto does not answer"
            time.sleep(0.05)
        else:
            return


def checkout(folder: Path) -> Path:
    """Return a copy of this repository's Terraform in `folder`."""
    for name in ("modules", "envs", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".terraform*"))
    return folder


def _paths() -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT)}
