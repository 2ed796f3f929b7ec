"""The policy templates of `modules/github_oidc_roles`, from the code that `goldenpath iam` prints them with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from goldenpath.delivery.registry import iam
from goldenpath.registries.account import role_policies
from goldenpath.registries.account.role_policies import RoleScope

if TYPE_CHECKING:
    from goldenpath.shared.names import EcrRepository, Region

FOLDER = "modules/github_oidc_roles/policies"
_PARTITION, _ACCOUNT, _BUCKET = "${partition}", "${account}", "${bucket}"
_REGION = cast("Region", "${region}")
_NAME = cast("EcrRepository", "${repository}")
_SCOPE = RoleScope(_PARTITION, _ACCOUNT, _REGION, "${environment}", _BUCKET)
_KEYS = "${keys}"
# One ARN in the document stands for a list that Terraform makes.
_REPOSITORIES = "arn:${partition}:ecr:${region}:${account}:repository/${repository}"
_LISTS = {
    f'"{_REPOSITORIES}"': f'${{jsonencode([for repository in repositories : "{_REPOSITORIES}"])}}',
    f'[\n        "{_KEYS}"\n      ]': "${jsonencode(keys)}",
    '"${condition}"': "${jsonencode(condition)}",
}


def files() -> dict[str, str]:
    """Return every template by its path."""
    documents = {
        "apply": role_policies.apply_policy(_SCOPE),
        "apply_with_keys": role_policies.apply_policy(_SCOPE, (_KEYS,)),
        "boundary": role_policies.boundary_policy(_PARTITION, _ACCOUNT, _BUCKET),
        "plan": role_policies.plan_policy(_SCOPE),
        "release": iam.push_policy(_PARTITION, _REGION, _ACCOUNT, _NAME),
        "rescan": iam.pull_policy(_PARTITION, _REGION, _ACCOUNT, [_NAME]),
        "trust": _trust(),
    }
    return {f"{FOLDER}/{name}.json.tftpl": _template(document) for name, document in documents.items()}


def _trust() -> dict[str, Any]:
    anybody = iam.Subject("owner/name", refs=("refs/heads/main",), any_workflow=True)
    document = iam.trust_policy(_PARTITION, _ACCOUNT, anybody)
    document["Statement"][0]["Condition"] = "${condition}"
    return document


def _template(document: dict[str, Any]) -> str:
    text = json.dumps(document, indent=2)
    for written, template in _LISTS.items():
        text = text.replace(written, template)
    return text + "\n"
