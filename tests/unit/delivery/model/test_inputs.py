from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery import pipeline
from goldenpath.delivery.model import delivery_outputs, inputs, verdict
from goldenpath.delivery.model.inputs import read
from goldenpath.delivery.stages import notify, pull_bases, rescan
from goldenpath.shared.errors import BadInput
from goldenpath.shared.input_text import OneOf

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[4]


def test_all_mistakes_are_told_together() -> None:
    with pytest.raises(BadInput) as caught:
        read(pipeline.INPUTS, {"ecr_repository": "-no", "version": "-x", "aws_region": "mars"})
    assert caught.value.what == "4 inputs cannot be used"
    assert caught.value.why == (
        "`environment` is missing; "
        "`version`: '-x' is not a version that can be a tag (like `1.4.2`); "
        "`ecr_repository`: '-no' is not an ECR repository name (2 to 256 of a-z, 0-9, and single `.`, `_`, `-`, `/` "
        "between them); "
        "`aws_region`: 'mars' is not an AWS region (like `eu-west-2`)"
    )


def test_an_empty_input_has_its_default() -> None:
    request = read(pipeline.INPUTS, {"environment": "dev", "ecr_repository": "my-app", "aws_region": ""})
    assert request.aws_region == "eu-west-2"
    assert request.version is None


def test_the_build_context_and_dockerfile_are_looked_for_in_the_source(tmp_path: Path) -> None:
    raw = {"environment": "dev", "ecr_repository": "my-app", "source": str(tmp_path), "build_context": "web"}
    request = read(pipeline.INPUTS, raw)
    assert request.build_context == tmp_path / "web"
    assert request.dockerfile_path == tmp_path / "Dockerfile"


@pytest.mark.parametrize("environment", ["--help", "a\nb", "\u202eprod"])
def test_a_word_that_could_be_an_option_or_hides_characters_is_refused(environment: str) -> None:
    with pytest.raises(BadInput, match="1 input cannot be used"):
        read((inputs.ENVIRONMENT,), {"environment": environment})


ASIDE = (inputs.EVIDENCE, inputs.REF, inputs.CONTEXT_ARTIFACT_DIGEST)
LISTED = (*pipeline.INPUTS, *rescan.STAGE.inputs, *pull_bases.STAGE.inputs, *notify.STAGE.inputs, *ASIDE)
ALL = {each.name: each for each in LISTED}


def test_every_input_fills_a_field_of_the_request() -> None:
    assert set(ALL) == set(inputs.Request.__dataclass_fields__)


CLOSED = {
    "compare_released": "neither `true` nor `false`",
    "delivery_released": "neither `true` nor `false`",
    "delivery_result": "none of `success`, `failure`, `cancelled` and `skipped`",
    "delivery_verdict": "none of `pass`, `advise`, `block` and `error`",
    "push_latest": "neither `true` nor `false`",
    "trivy_exit_code": "neither `0` nor `1`",
}


def test_the_table_has_every_input_with_a_closed_set_of_words() -> None:
    """What a stage compares with words is an enum or a boolean, and only a reader of all its words makes one."""
    annotations = {name: str(field.type) for name, field in inputs.Request.__dataclass_fields__.items()}
    enums = {kind.__name__ for kind in (*enums_of(delivery_outputs), *enums_of(verdict))}
    closed = {name for name, written in annotations.items() if set(written.split(" | ")) & {"bool", *enums}}
    assert closed == set(CLOSED)
    assert {name for name, each in ALL.items() if isinstance(each.parse, OneOf)} == set(CLOSED)


def enums_of(module: ModuleType) -> list[type[StrEnum]]:
    return [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, StrEnum)]


@pytest.mark.parametrize("raw", ["maybe", "True", "SUCCESS", "Block", "success ", "yes", "2", "-", "\u202etrue"])
@pytest.mark.parametrize("name", CLOSED)
def test_a_word_that_is_not_one_of_the_input_s_is_refused_with_all_of_them(name: str, raw: str) -> None:
    with pytest.raises(BadInput) as caught:
        read((ALL[name],), {name: raw})
    assert caught.value.why == f"`{name}`: {raw!a} is {CLOSED[name]}"


@pytest.mark.parametrize("name", CLOSED)
def test_each_word_of_a_closed_set_is_taken_and_no_two_mean_the_same(name: str) -> None:
    parse = ALL[name].parse
    assert isinstance(parse, OneOf)
    values = [getattr(read((ALL[name],), {name: word}), name) for word in parse.words]
    assert len(set(values)) == len(parse.words)


@pytest.mark.parametrize(
    "module", sorted((ROOT / "src" / "goldenpath" / "delivery").rglob("*.py")), ids=lambda path: path.stem
)
def test_no_stage_compares_an_input_with_a_word_in_quotes(module: Path) -> None:
    """Such a comparison takes every other word for the opposite: the input's reader must have refused it."""
    assert not re.findall(r"request\.\w+ (?:[!=]=|(?:not )?in) [\"({\[]", module.read_text())


@pytest.mark.parametrize(("name", "kind"), [("allowed_account_ids", "AWS account"), ("platforms", "platform")])
@pytest.mark.parametrize("raw", [",", " ", " , ,"])
def test_a_list_of_nothing_but_commas_is_not_the_list_of_all(name: str, kind: str, raw: str) -> None:
    with pytest.raises(BadInput) as caught:
        read((ALL[name],), {name: raw})
    assert caught.value.why == f"`{name}`: {raw!a} names no {kind}; leave it empty if none is meant"


def test_a_secret_has_no_default_and_no_option() -> None:
    assert [each.name for each in pipeline.INPUTS if each.secret] == [
        "github_token", "build_secrets", "build_ssh_key",
    ]  # fmt: skip


def test_a_secret_may_begin_as_it_likes_and_is_never_shown() -> None:
    assert read((inputs.GITHUB_TOKEN,), {"github_token": "-abc"}).github_token == "-abc"
    with pytest.raises(BadInput) as caught:
        read((inputs.GITHUB_TOKEN,), {"github_token": "abc\n"})
    assert "abc" not in str(caught.value)


def test_an_address_in_the_place_of_a_repository_s_name_is_refused_with_the_name() -> None:
    address = "123456789012.dkr.ecr.eu-west-2.amazonaws.com/team/my-app"
    with pytest.raises(BadInput) as caught:
        read((inputs.ECR_REPOSITORY,), {"ecr_repository": address})
    assert caught.value.why == f"`ecr_repository`: '{address}' is an address: give only the name, like 'team/my-app'"


def test_a_repository_s_name_with_capital_letters_is_refused_with_the_name_that_ecr_takes() -> None:
    with pytest.raises(BadInput) as caught:
        read((inputs.ECR_REPOSITORY,), {"ecr_repository": "My-App"})
    told = "'My-App' has capital letters, which ECR does not allow: give it as 'my-app'"
    assert caught.value.why == f"`ecr_repository`: {told}"
