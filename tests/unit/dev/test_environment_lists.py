from __future__ import annotations

from pathlib import Path

import pytest
from dev import environment_lists

NAMES = ("dev", "uat", "prod")
UPPER = [name.upper() for name in NAMES]


def block(name: str, body: str = "") -> str:
    return f"jobs:\n    # generated: {name}\n{body}    # end\n    other: 1\n"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("role-secrets", [f"TF_AWS_IAM_ROLE_{name}: {{required: false}}" for name in UPPER]),
        (
            "role",
            [
                "role_arn: >-",
                "  ${{ inputs.environment == 'dev' && secrets.TF_AWS_IAM_ROLE_DEV",
                "  || inputs.environment == 'uat' && secrets.TF_AWS_IAM_ROLE_UAT",
                "  || inputs.environment == 'prod' && secrets.TF_AWS_IAM_ROLE_PROD",
                "  || secrets.AWS_ROLE_ARN }}",
            ],
        ),
        (
            "state-bucket",
            [
                "GOLDENPATH_STATE_BUCKET: >-",
                "  ${{ matrix.environment == 'dev' && vars.TF_STATE_BUCKET_DEV",
                "  || matrix.environment == 'uat' && vars.TF_STATE_BUCKET_UAT",
                "  || matrix.environment == 'prod' && vars.TF_STATE_BUCKET_PROD",
                "  || vars.TF_STATE_BUCKET }}",
            ],
        ),
        (
            "apply-roles",
            [
                f"TF_AWS_IAM_ROLE_{name.upper()}: "
                f"${{{{ matrix.environment == '{name}' && secrets.TF_AWS_IAM_ROLE_{name.upper()} || '' }}}}"
                for name in NAMES
            ],
        ),
        (
            "state-buckets",
            [f"GOLDENPATH_STATE_BUCKET_{name}: ${{{{ vars.TF_STATE_BUCKET_{name} }}}}" for name in UPPER],
        ),
        (
            "plan-roles",
            [f"TF_AWS_PLAN_ROLE_{name}: ${{{{ secrets.TF_AWS_PLAN_ROLE_{name} }}}}" for name in UPPER],
        ),
    ],
)  # fmt: skip
def test_a_block_names_every_environment_and_is_as_deep_as_its_mark(name: str, lines: list[str]) -> None:
    body = "".join(f"    {line}\n" for line in lines)
    assert environment_lists.workflow(block(name), NAMES) == block(name, body)
    assert environment_lists.workflow(block(name, body), NAMES) == block(name, body)


def test_a_block_that_nothing_writes_is_an_error() -> None:
    with pytest.raises(KeyError, match="nothing"):
        environment_lists.workflow(block("nothing"), NAMES)


@pytest.mark.parametrize(
    "before",
    [
        "      environment: {type: choice, options: [dev, test], default: dev}\n",
        "      environment:\n        description: Where.\n        type: choice\n        options: [dev]\n",
    ],
)
def test_a_choice_of_the_environment_offers_every_one(before: str) -> None:
    after = environment_lists.workflow(before, NAMES)
    assert after == f"{before.partition('[')[0]}[dev, uat, prod]{before.partition(']')[2]}"


@pytest.mark.parametrize(
    "text",
    [
        "      risk:\n        options: [low, high]\n",
        "      environment:\n        type: string\n      risk:\n        options: [low, high]\n",
        "        with:\n          environment: dev\n      - run: |\n          options: [a]\n",
    ],
)
def test_any_other_choice_stays_as_it_is(text: str) -> None:
    assert environment_lists.workflow(text, NAMES) == text


def test_the_module_has_a_list_in_the_order_in_which_a_change_travels() -> None:
    assert '\n  environments = ["dev", "uat", "prod"]\n' in environment_lists.terraform(NAMES)


def test_an_environment_without_a_folder_has_one_without_registries(tmp_path: Path) -> None:
    dev = tmp_path / "dev"
    dev.mkdir()
    (dev / "main.tf").write_text("terraform {}\n")
    (dev / ".terraform.lock.hcl").write_text("# of the provider\n")
    (dev / "terraform.tfvars").write_text('environment       = "dev"\nbuild_id          = "main"\n')
    head, entry = "# The registries of dev. Sorted.\n\nlocals {\n", '    "my-app" = {\n      risk = "low"\n    }\n'
    (dev / "ecr.tf").write_text(f"{head}  ecr_repositories = {{\n{entry}  }}\n}}\n")
    assert {path.name: text for path, text in environment_lists.new_folder(tmp_path, "uat").items()} == {
        "main.tf": "terraform {}\n",
        ".terraform.lock.hcl": "# of the provider\n",
        "terraform.tfvars": 'environment       = "uat"\nbuild_id          = "main"\n',
        "ecr.tf": "# The registries of uat. Sorted.\n\nlocals {\n  ecr_repositories = {}\n}\n",
    }
    assert environment_lists.new_folder(tmp_path, "dev") == {}
