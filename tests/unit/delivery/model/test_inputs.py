from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery import pipeline
from goldenpath.delivery.model import inputs
from goldenpath.delivery.model.inputs import read
from goldenpath.delivery.stages import notify, pull_bases, rescan
from goldenpath.shared.errors import BadInput


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


def test_every_input_fills_a_field_of_the_request() -> None:
    aside = (inputs.EVIDENCE, inputs.REF, inputs.CONTEXT_ARTIFACT_DIGEST)
    listed = (*pipeline.INPUTS, *rescan.STAGE.inputs, *pull_bases.STAGE.inputs, *notify.STAGE.inputs, *aside)
    assert {each.name for each in listed} == set(inputs.Request.__dataclass_fields__)


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
