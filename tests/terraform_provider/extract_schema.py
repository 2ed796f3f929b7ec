"""Make `schema.json`, the ground truth for the stand-in, from the npm package `@cdktf/provider-aws`.

    npm pack @cdktf/provider-aws@21.22.1 && tar xzf cdktf-provider-aws-21.22.1.tgz
    python -m tests.terraform_provider.extract_schema package

That package was generated from the real provider's schema (its README says from which version). It tells an attribute's
type, whether one must set it, and whether one can; what is computed although it can be set, it does not tell.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

TYPES = {
    "aws_ecr_repository": "ecr-repository",
    "aws_ecr_lifecycle_policy": "ecr-lifecycle-policy",
    "aws_ecr_repository_policy": "ecr-repository-policy",
    "aws_caller_identity": "data-aws-caller-identity",
}
_INTERFACE = re.compile(r"^export interface (\w+?)(Config)? (?:extends [^{]+)?\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^    readonly (\w+)(\??): (.+)", re.MULTILINE)
_GETTER = re.compile(r"^    get (\w+)\(\): (string|number|boolean|cdktf\.\w+);", re.MULTILINE)
_BLOCK = re.compile(r"(\w+): \{\s+value: [^\n]+\n\s+isBlock: true,\s+type: \"(\w+)\"")


def extract(package: Path) -> dict[str, Any]:
    """Return the schema of every type in `TYPES`."""
    version = re.search(r"hashicorp/aws provider version ([\d.]+)", (package / "README.md").read_text())
    name = json.loads((package / "package.json").read_text())
    source = f"{name['name']} {name['version']}, generated from hashicorp/aws {version[1] if version else '?'}"
    return {"source": source, "types": {kind: _of(package / "lib" / folder) for kind, folder in TYPES.items()}}


def _of(folder: Path) -> dict[str, Any]:
    declared, code = (folder / "index.d.ts").read_text(), (folder / "index.js").read_text()
    interfaces = {(name, bool(main)): body for name, main, body in _INTERFACE.findall(declared)}
    main_name, fields = next((name, body) for (name, main), body in interfaces.items() if main)
    blocks = dict(_BLOCK.findall(code))
    inside = {
        block: {"nesting": nesting, "attributes": _fields(interfaces.get((main_name + _camel(block), False), ""))}
        for block, nesting in blocks.items()
    }
    attributes = {name: told for name, told in _fields(fields).items() if name not in blocks}
    body = declared[declared.index(f"export declare class {main_name} ") :]
    for getter, kind in _GETTER.findall(body):
        if not getter.endswith("Input") and _snake(getter) not in {**attributes, **blocks}:
            attributes[_snake(getter)] = {"type": kind, "required": False, "settable": False}
    return {"attributes": dict(sorted(attributes.items())), "blocks": dict(sorted(inside.items()))}


def _fields(body: str) -> dict[str, Any]:
    return {
        _snake(name): {"type": _type(kind), "required": not optional, "settable": True}
        for name, optional, kind in _FIELD.findall(body)
    }


def _type(declared: str) -> str:
    word = declared.partition(" ")[0].rstrip(";")
    return "map" if word == "{" else word


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), name)


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


if __name__ == "__main__":
    target = Path(__file__).with_name("schema.json")
    target.write_text(json.dumps(extract(Path(sys.argv[1])), indent=2) + "\n")
