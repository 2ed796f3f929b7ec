"""What a test of Terraform needs around it: an AWS emulator, the stand-in provider, and a checkout to work in."""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import urllib3

from goldenpath.registries.terraform.planning import TerraformWorkspace
from goldenpath.shared import process
from tests import waiting
from tests.terraform_provider import emulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
BUCKET, REGION = "state", "eu-west-2"
CATALOG = "docs/REGISTRY_CATALOG.md"
PATIENCE = 30.0
_KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": REGION}


@dataclass(frozen=True)
class World:
    """A running emulator and stand-in; `variables` lead Terraform to both."""

    endpoint: str
    variables: Mapping[str, str]
    folder: Path

    @contextmanager
    def bad_day(self) -> Iterator[None]:
        """Let ECR refuse every lifecycle policy while the block lasts."""
        sign = self.folder / emulator.BAD_DAY
        sign.touch()
        try:
            yield
        finally:
            sign.unlink()

    def client(self, service: str, region: str = REGION) -> Any:  # noqa: ANN401  one method, several services
        """Return a client of the emulator's `service`."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )

    def workspace(self, checkout: Path, environment: str = "dev", lock_seconds: int = 0) -> TerraformWorkspace:
        """Return where `environment` of `checkout` is planned."""
        return TerraformWorkspace(
            checkout, environment, BUCKET, REGION, checkout / "work", self.variables, lock_seconds=lock_seconds
        )

    def forget(self) -> None:
        """Empty the emulator, and make the bucket for the state anew."""
        pool = urllib3.PoolManager()
        pool.request("POST", f"{self.endpoint}/moto-api/reset", timeout=10)
        pool.clear()
        self.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})


@contextmanager
def running(**more: str) -> Iterator[World]:
    """Run the emulator and the stand-in while the block lasts; `more` are variables of the stand-in."""
    with tempfile.TemporaryDirectory(prefix="goldenpath-moto-") as name, _moto(Path(name)) as endpoint:
        variables = {**_KEYS, "AWS_ENDPOINT_URL": endpoint}
        with stand_in({**variables, **more}) as reattach:
            world = World(endpoint, {**variables, "TF_REATTACH_PROVIDERS": reattach}, Path(name))
            world.forget()
            yield world


@contextmanager
def stand_in(variables: Mapping[str, str]) -> Iterator[str]:
    """Run the stand-in for the provider, which finds AWS by `variables`; give the value for `TF_REATTACH_PROVIDERS`."""
    environment = {**variables, "PYTHONPATH": str(ROOT)}
    child = process.start(sys.executable, "-m", "tests.terraform_provider", cwd=ROOT, environment=environment)
    try:
        assert child.stdout is not None
        reattach = child.stdout.readline().decode().strip()
        assert reattach, child.communicate()[1].decode()
        yield reattach
    finally:
        process.stop_group(child)


@contextmanager
def _moto(folder: Path) -> Iterator[str]:
    """Run moto, and give its endpoint: in a process of its own, for it can only forget everything it holds."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ("-m", emulator.__name__, str(port), str(folder))
    source = {"PYTHONPATH": str(ROOT / "src")}
    child = process.start(sys.executable, *words, cwd=ROOT, log=folder / "moto.log", environment=source)
    try:
        waiting.until(lambda: _listens(port), lambda: "moto does not listen", PATIENCE)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stop_group(child)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def checkout(folder: Path) -> Path:
    """Return a copy of this repository's Terraform in `folder`, with the documents that commands read and write."""
    for name in ("modules", "envs", "docs/templates"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".terraform"))
    shutil.copy(ROOT / CATALOG, folder / CATALOG)
    return folder
