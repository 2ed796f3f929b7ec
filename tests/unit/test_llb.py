from __future__ import annotations

import json
from typing import Any

import pytest

from goldenpath.model import llb
from goldenpath.model.base_image import BaseImage
from goldenpath.model.names import Digest

D1, D2 = (f"sha256:{each * 64}" for each in "12")
PYTHON, NODE = f"docker.io/library/python:3@{D1}", f"docker.io/library/node:22@{D2}"


def source(identifier: str) -> dict[str, Any]:
    return {"source": {"identifier": identifier}}


def operation(kind: str, body: dict[str, Any], *inputs: str) -> dict[str, Any]:
    return {kind: body, "inputs": [{"digest": each} for each in inputs], "platform": {"OS": "linux"}}


def read(**operations: dict[str, Any]) -> llb.Images:
    return llb.images(llb.read(json.dumps({"def": operations, "metadata": {}, "source": {}}).encode()))


IMAGES = {"python": source(f"docker-image://{PYTHON}"), "node": source(f"docker-image://{NODE}")}


@pytest.mark.parametrize(
    ("last", "base"),
    [
        (operation("exec", {"mounts": [{"dest": "/"}, {"dest": "/m", "input": "1"}]}, "python", "node"), PYTHON),
        (operation("exec", {"mounts": [{"dest": "/m"}, {"dest": "/", "input": "1"}]}, "python", "node"), NODE),
        (operation("exec", {"mounts": [{"dest": "/", "input": "-1"}]}, "python", "node"), ""),
        (operation("file", {"actions": [{"secondaryInput": "1", "copy": {}}]}, "python", "node"), PYTHON),
        (operation("file", {"actions": [{"input": "-1", "copy": {}}]}, "python", "node"), ""),
        (operation("merge", {"inputs": [{}, {"input": "1"}]}, "python", "node"), PYTHON),
        (operation("merge", {"inputs": [{"input": "7"}]}, "python", "node"), ""),
        (operation("diff", {"lower": {}}, "node", "python"), NODE),
    ],
)
def test_the_base_is_what_the_last_operation_begins_from(last: dict[str, Any], base: str) -> None:
    found = read(**IMAGES, last=last, end={"inputs": [{"digest": "last"}]})
    assert (found.names, found.base) == ((NODE, PYTHON), base)


def test_files_of_the_repository_and_of_the_internet_are_no_images() -> None:
    found = read(context=source("local://context"), page=source("https://example.com/a"),
                 end=operation("file", {"actions": [{"input": "-1"}]}, "context", "page"))  # fmt: skip
    assert found == llb.Images(())


def test_an_image_of_a_folder_keeps_its_prefix() -> None:
    found = read(one=source(f"oci-layout://docker.io/team/one:1@{D1}"), end={"inputs": [{"digest": "one"}]})
    assert found.base == f"oci-layout://docker.io/team/one:1@{D1}"
    assert llb.parse(found.base) == BaseImage("oci-layout://docker.io/team/one:1", Digest(D1))


@pytest.mark.parametrize(
    "text", [b"", b"null", b"{}", b'{"def": {"a": {"source": {}}}}', b'{"def": {"a": 1}}', b"\xff"]
)
def test_something_else_is_no_graph(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        llb.read(text)


def test_an_image_from_nothing_has_no_base_and_a_graph_in_a_circle_ends() -> None:
    assert read() == llb.Images(())
    circle = operation("file", {"actions": [{}]}, "one")
    assert read(one=circle, end={"inputs": [{"digest": "one"}]}) == llb.Images(())


def test_a_name_without_a_digest_is_not_resolved() -> None:
    assert llb.parse("docker.io/library/python:3") is None
    with pytest.raises(ValueError, match="sha256"):
        llb.parse("docker.io/library/python:3@sha256:1")
