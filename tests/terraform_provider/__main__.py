"""Serve the stand-in until stopped; print one line, the value for `TF_REATTACH_PROVIDERS`.

The wiring is Terraform's own for a provider under a debugger ("Debugging Providers" in its plugin documentation):
Terraform connects to the socket named in that variable instead of starting a plugin, and needs no lock-file entry.
"""

# The plugin library has no types.
# mypy: disable-error-code="import-untyped, misc"
from __future__ import annotations

import json
import os
import sys
import tempfile
from concurrent import futures
from pathlib import Path

import grpc
from tf.gen import tfplugin_pb2_grpc

from tests.terraform_provider.provider import StandIn
from tests.terraform_provider.servicer import Servicer

ADDRESS = "registry.terraform.io/hashicorp/aws"


def main() -> None:
    """Serve on a socket of our own until the process is stopped."""
    with tempfile.TemporaryDirectory(prefix="tf-") as folder:
        socket = Path(folder) / "s"
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
        tfplugin_pb2_grpc.add_ProviderServicer_to_server(Servicer(StandIn()), server)
        server.add_insecure_port(f"unix://{socket}")
        server.start()
        sys.stdout.write(json.dumps({ADDRESS: _reattach(socket)}) + "\n")
        sys.stdout.flush()
        server.wait_for_termination()


def _reattach(socket: Path) -> dict[str, object]:
    return {
        "Protocol": "grpc",
        "ProtocolVersion": 6,
        "Pid": os.getpid(),
        "Test": True,
        "Addr": {"Network": "unix", "String": str(socket)},
    }


if __name__ == "__main__":
    main()
