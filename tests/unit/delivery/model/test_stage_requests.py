from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from goldenpath.delivery import stages
from goldenpath.delivery.model import inputs, stage_requests
from goldenpath.delivery.model.stage_requests import (
    BasesRequest,
    EcrRequest,
    ImageRequest,
    StageRequest,
    UploadRequest,
)
from goldenpath.shared.errors import BadInput, GoldenPathError, SarifRefused
from goldenpath.shared.names import EcrRepository


@pytest.mark.parametrize(
    ("kind", "error", "what"),
    [
        (ImageRequest, BadInput, "No ECR repository was named"),
        (EcrRequest, BadInput, "No ECR repository was named"),
        (BasesRequest, BadInput, "No base image was named"),
        (UploadRequest, SarifRefused, "There is no token to upload SARIF with"),
    ],
)
def test_a_required_field_that_is_empty_is_the_error_of_that_field(
    kind: type[StageRequest], error: type[GoldenPathError], what: str
) -> None:
    with pytest.raises(error) as refused:
        stage_requests.of(kind, inputs.Request())
    assert (refused.value.what, bool(refused.value.fix)) == (what, True)


def test_what_a_run_does_not_name_has_its_default() -> None:
    name = EcrRepository("my-app")
    assert stage_requests.of(EcrRequest, inputs.Request(ecr_repository=name)) == EcrRequest(
        ecr_repository=name, aws_region=inputs.AWS_REGION.parse(inputs.AWS_REGION.default),
        audience=inputs.AUDIENCE.default, role_arn=None, allowed_account_ids=(), registry_account=None,
    )  # fmt: skip


def test_no_token_is_shown_in_a_request() -> None:
    assert "secret" not in repr(UploadRequest(github_token="secret"))


def test_no_stage_checks_or_replaces_a_field_that_its_request_requires() -> None:
    required = "|".join({declared.name for kind in (EcrRequest, BasesRequest) for declared in fields(kind)})
    checks = re.compile(rf"\b(if|not) (run\.)?request\.({required})\b|\brequest\.({required}) (or|is|and) ")
    modules = sorted(Path(*stages.__path__).glob("*.py"))
    # A build may be for any ECR repository, so its input of that name is optional.
    assert [path.name for path in modules if checks.search(path.read_text())] == ["build.py"]
