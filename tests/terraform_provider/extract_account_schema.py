"""Make `account_schema.json`, the ground truth for an account's resources, from the npm package `@cdktn/provider-aws`.

    npm pack @cdktn/provider-aws@25.7.0 && tar xzf cdktn-provider-aws-25.7.0.tgz
    python -m tests.terraform_provider.extract_account_schema package

The package was generated from the real provider's schema; its README says from which version. Unlike `schema.json` this
knows blocks inside of blocks: `rule.repository_filter`. An attribute of a block may be a list or a set; the package
does not tell them apart.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

TYPES = {
    "aws_cloudcontrolapi_resource": "cloudcontrolapi-resource",
    "aws_ecr_account_setting": "ecr-account-setting",
    "aws_ecr_pull_time_update_exclusion": "ecr-pull-time-update-exclusion",
    "aws_ecr_registry_policy": "ecr-registry-policy",
    "aws_ecr_registry_scanning_configuration": "ecr-registry-scanning-configuration",
    "aws_ecr_replication_configuration": "ecr-replication-configuration",
    "aws_ecr_repository_creation_template": "ecr-repository-creation-template",
    "aws_iam_openid_connect_provider": "iam-openid-connect-provider",
    "aws_iam_policy": "iam-policy",
    "aws_iam_role": "iam-role",
    "aws_iam_role_policy": "iam-role-policy",
    "aws_partition": "data-aws-partition",
    "aws_region": "data-aws-region",
    "aws_s3_bucket": "s3-bucket",
    "aws_s3_bucket_policy": "s3-bucket-policy",
    "aws_s3_bucket_public_access_block": "s3-bucket-public-access-block",
    "aws_s3_bucket_server_side_encryption_configuration": "s3-bucket-server-side-encryption-configuration",
    "aws_s3_bucket_versioning": "s3-bucket-versioning",
}
_INTERFACE = re.compile(r"^export interface (\w+)(?: extends [^{]+)? \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^    readonly (\w+)(\??): (.+?);?$", re.MULTILINE)
_GETTER = re.compile(r"^    get (\w+)\(\): (string|number|boolean|string\[\]|cdktn\.\w+);", re.MULTILINE)
_CLASS = re.compile(r"^export declare class (\w+) extends cdktn\.Terraform(?:Resource|DataSource) \{", re.MULTILINE)
_BLOCK = re.compile(r"(\w+): \{\s+value: [^\n]+\n\s+isBlock: true,\s+type: \"(\w+)\",\s+storageClassType: \"(\w+)\"")
_KINDS = {
    "string": "string",
    "number": "number",
    "boolean | cdktn.IResolvable": "boolean",
    "boolean": "boolean",
    "cdktn.IResolvable": "boolean",
    "string[]": "strings",
}


def extract(package: Path) -> dict[str, Any]:
    """Return the schema of every type in `TYPES`."""
    version = re.search(r"hashicorp/aws provider version ([\d.]+)", (package / "README.md").read_text())
    name = json.loads((package / "package.json").read_text())
    source = f"{name['name']} {name['version']}, generated from hashicorp/aws {version[1] if version else '?'}"
    return {"source": source, "types": {kind: _of(package / "lib" / folder) for kind, folder in TYPES.items()}}


def _of(folder: Path) -> dict[str, Any]:
    declared, code = (folder / "index.d.ts").read_text(), (folder / "index.js").read_text()
    interfaces = dict(_INTERFACE.findall(declared))
    main = _CLASS.search(declared)
    assert main is not None
    nesting = {storage.removesuffix("List"): (block, kind) for block, kind, storage in _BLOCK.findall(code)}
    schema = _level(interfaces[f"{main[1]}Config"], interfaces, nesting)
    body = declared[main.end() :].partition("\n}\n")[0]
    for getter, kind in _GETTER.findall(body):
        name = _snake(getter)
        if not getter.endswith("Input") and name not in {**schema["attributes"], **schema["blocks"]}:
            schema["attributes"][name] = {"type": _KINDS.get(kind, "other"), "required": False, "settable": False}
    return schema


def _level(body: str, interfaces: dict[str, str], nesting: dict[str, tuple[str, str]]) -> dict[str, Any]:
    attributes, blocks = {}, {}
    for name, optional, kind in _FIELD.findall(body):
        inner = kind.partition("[]")[0].partition(" ")[0].rstrip(";")
        if inner in nesting:
            blocks[_snake(name)] = {"nesting": nesting[inner][1], **_level(interfaces[inner], interfaces, nesting)}
        elif inner not in interfaces:
            attributes[_snake(name)] = {"type": _kind(kind), "required": not optional, "settable": True}
    return {"attributes": attributes, "blocks": blocks}


def _kind(declared: str) -> str:
    return "map" if declared.startswith("{") else _KINDS.get(declared, "other")


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda match: "_" + match[1].lower(), name)


if __name__ == "__main__":
    target = Path(__file__).with_name("account_schema.json")
    target.write_text(json.dumps(extract(Path(sys.argv[1])), indent=1, sort_keys=True) + "\n")
