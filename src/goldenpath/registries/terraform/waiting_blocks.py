"""`moved` and `import` blocks of other registries, which wait in an environment until they are applied.

Terraform refuses a targeted plan while a `moved` block waits for a resource outside of the target ("Moved resource
instances excluded by targeting"), so one waiting adoption would stop every registry of the environment. A registry is
planned without the blocks of the others (docs/adr/0046-what-an-interrupted-apply-leaves.md).
Sources: Terraform's "Refactoring" and "Import", the blocks `moved` and `import`.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from goldenpath.registries.config import ecr_tf
from goldenpath.registries.terraform import plans
from goldenpath.shared import codec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MODULES = "modules"
# As `terraform fmt` writes them. Whatever is written otherwise stays, and Terraform decides about it.
_BLOCK = re.compile(r"^(?:moved|import) \{\n(?P<body>.*?)^\}\n?", re.MULTILINE | re.DOTALL)
_FOR_EACH = re.compile(r"^ *for_each *=", re.MULTILINE)
_ADDRESS = re.compile(r"^ *(?P<side>from|to) *= *(?P<address>\S.*?) *$", re.MULTILINE)


def without_others(text: str, name: str) -> str:
    """Return the configuration `text` without the waiting blocks that are not about the registry `name`."""
    return _BLOCK.sub(lambda block: block[0] if _is_about(block["body"], name) else "", text)


def checkout_without_others(checkout: Path, environment: str, name: str, folder: Path) -> Path:
    """Return a checkout for planning the registry `name`: `checkout` if no block of another registry waits there.

    Otherwise `folder` is filled with the environment and the modules, without those blocks. Raises `DiskTrouble`.
    """
    texts = _texts(checkout, environment)
    planned = {file: without_others(text, name) for file, text in texts.items()}
    if planned == texts:
        return checkout
    try:
        return _written(checkout, environment, planned, folder)
    except OSError as error:
        raise codec.disk_trouble(error, folder) from error


def moved_into(checkout: Path, environment: str, name: str) -> tuple[str, ...]:
    """Return the addresses from which `moved` blocks bring resources of the registry `name`."""
    blocks = [
        _addresses(block["body"]) for text in _texts(checkout, environment).values() for block in _BLOCK.finditer(text)
    ]
    return tuple(sides["from"] for sides in blocks if "from" in sides and _is_in(sides.get("to", ""), name))


def _texts(checkout: Path, environment: str) -> dict[str, str]:
    root = checkout / "envs" / environment
    return {path.name: ecr_tf.read_text(path) for path in sorted(root.glob("*.tf"))}


def _written(checkout: Path, environment: str, planned: Mapping[str, str], folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    for part in (_MODULES, f"envs/{environment}"):
        shutil.copytree(checkout / part, folder / part, symlinks=True)
    for file, text in planned.items():
        codec.write_bytes(folder / "envs" / environment / file, text.encode())
    return folder


def _is_about(body: str, name: str) -> bool:
    # The block that imports each adopted registry is about all of them, and a target chooses: it stops nobody.
    return _FOR_EACH.search(body) is not None or any(_is_in(address, name) for address in _addresses(body).values())


def _addresses(body: str) -> dict[str, str]:
    return {match["side"]: match["address"] for match in _ADDRESS.finditer(body)}


def _is_in(address: str, name: str) -> bool:
    target = plans.target(name)
    return address == target or address.startswith(f"{target}.")
