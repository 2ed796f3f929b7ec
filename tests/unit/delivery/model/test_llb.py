from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from goldenpath.delivery.model import llb
from goldenpath.delivery.model.base_image import BaseImage
from goldenpath.delivery.model.image_origins import Step
from goldenpath.shared.names import Digest

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


DOCKERFILE = b"""FROM python:3
 copy a /
RUN <<EOF
true
EOF
WORKDIR /w
COPY --link b /
"""


def located(lines: dict[str, list[int]], operations: dict[str, dict[str, Any]], text: bytes = DOCKERFILE) -> llb.Images:
    """Return the images of a graph whose operations come from these lines of a Dockerfile."""
    locations = {
        name: {"locations": [{"ranges": [{"start": {"line": each}, "end": {"line": each}}]} for each in where]}
        for name, where in lines.items()
    }
    source = {"locations": locations, "infos": [{"filename": "Dockerfile", "data": base64.b64encode(text).decode()}]}
    return llb.images(llb.read(json.dumps({"def": operations, "metadata": {}, "source": source}).encode()))


COPY = operation("file", {"actions": [{"secondaryInput": "1", "copy": {}}]}, "python", "context")
RUN = operation("exec", {"mounts": [{"dest": "/"}]}, "copy")
LINK = operation("file", {"actions": [{"input": "-1", "copy": {}}]}, "context")
MERGE = operation("merge", {"inputs": [{}, {"input": "1"}]}, "run", "link")
ALL = {
    "python": source(f"docker-image://{PYTHON}"), "context": source("local://context"), "copy": COPY, "run": RUN,
    "link": LINK, "merge": MERGE, "end": {"inputs": [{"digest": "merge"}]},
}  # fmt: skip
LINES = {"python": [1], "copy": [2], "run": [3, 3], "link": [7], "merge": [7]}


def test_each_layer_has_the_line_that_brought_it_and_the_base_that_of_its_from() -> None:
    found = located(LINES, ALL)
    assert (found.base, found.line) == (PYTHON, 1)
    assert found.steps == (Step(2, "COPY"), Step(3, "RUN"), Step(7, "COPY"))


def test_what_two_stages_write_alike_has_the_line_of_the_later_one() -> None:
    found = located({**LINES, "copy": [2, 6]}, ALL)
    assert found.steps is not None
    assert found.steps[0] == Step(6, "WORKDIR")


@pytest.mark.parametrize(
    ("lines", "changes"),
    [
        ({"copy": []}, {}),
        ({"copy": [99]}, {}),
        ({"copy": [0]}, {}),
        # Not a Dockerfile, as another frontend may read.
        ({"copy": [5], "text": [1]}, {}),
        # A merge of more than `COPY --link` makes, and an operation that nobody here knows.
        ({}, {"link": operation("file", {"actions": [{}]}, "python")}),
        ({}, {"link": operation("exec", {"mounts": [{"dest": "/"}]}, "python")}),
        ({}, {"run": operation("diff", {"lower": {}}, "copy")}),
        ({}, {"more": source("local://more")}),
    ],
)
def test_steps_are_known_for_all_layers_or_for_none(lines: dict[str, list[int]], changes: dict[str, Any]) -> None:
    text = b"1\n2\n3\n4\n5 {}" if "text" in lines else DOCKERFILE
    assert located({**LINES, **lines}, {**ALL, **changes}, text).steps is None


def test_an_image_from_nothing_has_steps_and_no_base() -> None:
    operations = {"context": ALL["context"], "link": LINK, "end": {"inputs": [{"digest": "link"}]}}
    assert located(LINES, operations) == llb.Images((), steps=(Step(7, "COPY"),))
