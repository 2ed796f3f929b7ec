"""A new environment is a change of the policy: what repeats its environments is generated, or reads the policy."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dev import environment_lists, generate
from tests import environments as shipped
from tests import repository

from goldenpath.delivery.rules import matrix
from goldenpath.policy import environments

ROOT = Path(__file__).resolve().parents[2]
ADDED = "fifth"
# They state the shipped rules, or what was true when they were written, or are the table of unit tests.
_OF_THEIR_OWN = (
    "src/goldenpath/policy/environments.yaml",
    "tests/contract/test_shipped_policy.py",
    "tests/unit/",
    "tests/data/",
    "docs/adr/",
    "docs/errors/",  # examples that tests produce, with rules of their own
    "src/goldenpath/shared/pages/",
    "CHANGELOG.md",
)
_TEXT = (".py", ".md", ".yml", ".yaml", ".tf", ".hcl", ".json")
_NEAR = 90
_READING = re.compile(r"\b(matrix\.load|environments\.(registry_rules|read))\(")
_BY_NAME = re.compile(
    r"files\(.goldenpath\.policy.\).*(POLICY_FILE|environments\.yaml)|from tests(\.environments)? import .*environments"
)


@pytest.fixture(scope="module")
def fifth() -> dict[Path, str]:
    """Return every generated file as it is when one more environment stands before the strictest."""
    policy = matrix.load()
    *others, last = policy.environments
    added = replace(policy, environments=(*others, replace(others[-1], name=ADDED), last))
    *rules, strictest = environments.registry_rules()
    registries = (*rules, environments.RegistryRules(ADDED), strictest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matrix, "load", lambda: added)
        patch.setattr(environments, "registry_rules", lambda: registries)
        return generate.generated()


def committed() -> Iterator[tuple[str, str]]:
    """Yield the path and the text of every file of this repository that may list environments."""
    for name in repository.files():
        if name.endswith(_TEXT) and not name.startswith(_OF_THEIR_OWN):
            yield name, (ROOT / name).read_text(encoding="utf-8")


def names(environment: str, passage: str) -> bool:
    """Tell whether `passage` names `environment`, also as a part of `TF_AWS_IAM_ROLE_DEV`."""
    return re.search(rf"(?i)(?<![a-z]){environment}(?![a-z])", passage) is not None


def listings(text: str) -> Iterator[str]:
    """Yield every passage of `text` that names all the environments that have registries."""
    rarest = max(shipped.WITH_REGISTRIES, key=len)
    for match in re.finditer(rf"(?i)(?<![a-z]){rarest}(?![a-z])", text):
        passage = text[max(0, match.start() - _NEAR) : match.end() + _NEAR]
        if all(names(environment, passage) for environment in shipped.WITH_REGISTRIES):
            yield passage


def test_every_list_of_the_environments_is_generated_from_the_policy(fifth: dict[Path, str]) -> None:
    by_hand = [
        f"{name}: {' '.join(passage.split())}"
        for name, text in committed()
        for passage in listings(fifth.get(ROOT / name, text))
        if not names(ADDED, passage)
    ]
    assert by_hand == []


def test_one_more_environment_is_in_every_generated_list(fifth: dict[Path, str]) -> None:
    changed = {
        str(path.relative_to(ROOT))
        for path, text in fifth.items()
        if not path.exists() or text != path.read_text(encoding="utf-8")
    }
    assert changed == {
        "README.md",
        "docs/governance/GOV-0014-devsecops-matrix.md",
        environment_lists.MODULE_FILE,
        f"envs/{ADDED}/.terraform.lock.hcl",
        *(f"envs/{ADDED}/{name}" for name in ("ecr.tf", "main.tf", "terraform.tfvars", "variables.tf")),
        ".github/workflows/_apply-registries.yml",
        ".github/workflows/_build-and-release.yml",
        ".github/workflows/_rescan.yml",
        ".github/workflows/create-ecr-registry.yml",
        ".github/workflows/ecr-hygiene.yml",
        ".github/workflows/ecr-in-use.yml",
        ".github/workflows/retire-ecr-registry.yml",
        "docs/templates/workflows/delivery.yml",
        "docs/templates/workflows/delivery-notify.yml",
        "docs/templates/workflows/delivery-monorepo-notify.yml",
        "docs/templates/workflows/delivery-monorepo.yml",
        "examples/wordpress/.github/workflows/delivery.yml",
    }
    secret = f"|| inputs.environment == '{ADDED}' && secrets.TF_AWS_IAM_ROLE_{ADDED.upper()}\n"
    assert fifth[ROOT / ".github" / "workflows" / "_build-and-release.yml"].count(secret) == 3
    assert fifth[ROOT / ".github" / "workflows" / "_rescan.yml"].count(secret) == 1


def test_every_kind_of_generated_list_is_used() -> None:
    workflows = "".join(path.read_text() for path in (ROOT / ".github" / "workflows").glob("*.yml"))
    assert [name for name in environment_lists.BLOCKS if f"# generated: {name}\n" not in workflows] == []


def reads_shipped_rules(text: str) -> bool:
    """Tell whether a module of unit tests reads the shipped rules: by name, or before a fixture replaces them."""
    if _BY_NAME.search(text):
        return True
    if not _READING.search(text):
        return False
    outside: list[ast.AST] = []
    for node in ast.parse(text).body:
        outside += node.decorator_list if isinstance(node, ast.FunctionDef) else [node]
    return any(_READING.search(ast.unparse(node)) for node in outside)


def test_unit_tests_read_a_table_of_their_own() -> None:
    modules = sorted((ROOT / "tests" / "unit").rglob("*.py"))
    assert [str(path.relative_to(ROOT)) for path in modules if reads_shipped_rules(path.read_text())] == []


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("POLICY = matrix.load()", True),
        ("@pytest.mark.parametrize('rules', matrix.load().environments)\ndef test(): ...", True),
        ("RULES = environments.registry_rules()", True),
        ('TEXT = (resources.files("goldenpath.policy") / "environments.yaml").read_text()', True),
        ("from tests import environments", True),
        ("def test(): matrix.load()", False),
        ("POLICY = policy_table.POLICY", False),
    ],
)
def test_what_counts_as_reading_the_shipped_rules(text: str, *, reads: bool) -> None:
    assert reads_shipped_rules(text) is reads
