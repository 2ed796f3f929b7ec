from __future__ import annotations

import json
from typing import Any

import pytest

from goldenpath.delivery.model import image_origins
from goldenpath.delivery.model.finding import FindingOrigin
from goldenpath.delivery.model.image_config import ImageConfig
from goldenpath.delivery.model.image_origins import ImageOrigins, Step
from goldenpath.shared import codec, oci

PYTHON = "docker.io/library/python:3"
NAMED = {oci.BASE_NAME: PYTHON, oci.BASE_DIGEST: f"sha256:{'1' * 64}"}
BASE = FindingOrigin(base=PYTHON, line=1)
ORIGINS = ImageOrigins(PYTHON, (Step(3, "COPY"), Step(4, "RUN")), 1)
LAYERS = ("sha256:1", "sha256:2", "sha256:3", "sha256:4")
HISTORY = ("ADD rootfs", "RUN apt", "COPY a / # buildkit", "RUN |1 V=3 /bin/sh -c make # buildkit")


def config(
    layers: tuple[str, ...] = LAYERS, history: tuple[str, ...] = HISTORY, labels: dict[str, str] | None = None
) -> ImageConfig:
    empty: list[dict[str, Any]] = [{"created_by": "ENV A=1", "empty_layer": True}]
    told = [{"created_by": each, "comment": "buildkit.dockerfile.v0"} for each in history]
    body = {"rootfs": {"type": "layers", "diff_ids": layers}, "history": [*empty, *told], "config": {"Labels": labels}}
    return codec.decode(json.dumps(body).encode(), ImageConfig)


def test_the_lower_layers_are_the_bases_and_each_other_one_has_its_line() -> None:
    assert image_origins.by_layer(config(), ORIGINS) == {
        "sha256:1": BASE, "sha256:2": BASE,
        "sha256:3": FindingOrigin(line=3, instruction="COPY"), "sha256:4": FindingOrigin(line=4, instruction="RUN"),
    }  # fmt: skip


def test_a_layer_that_the_base_has_too_is_the_bases() -> None:
    layers = ("sha256:1", "sha256:2", "sha256:3", "sha256:1")
    assert image_origins.by_layer(config(layers), ORIGINS)["sha256:1"] == BASE


def test_all_layers_of_an_image_from_nothing_are_the_apps_own() -> None:
    origins = ImageOrigins("", (Step(2, "COPY"),))
    found = image_origins.by_layer(config(("sha256:1",), ("COPY a / # buildkit",)), origins)
    assert found == {"sha256:1": FindingOrigin(line=2, instruction="COPY")}


def test_what_onbuild_of_the_base_added_has_the_line_of_its_from() -> None:
    origins = ImageOrigins(PYTHON, (Step(1, "FROM"), Step(4, "RUN")), 1)
    assert image_origins.by_layer(config(), origins)["sha256:3"] == FindingOrigin(line=1, instruction="FROM")


UNFIT = {
    "nothing is known": (config(), None),
    "its history tells of another instruction": (config(), ImageOrigins(PYTHON, (Step(3, "RUN"), Step(4, "RUN")))),
    "its history tells of fewer layers": (config(history=HISTORY[1:]), ORIGINS),
    "its history tells of more layers": (config(history=(*HISTORY, "RUN x")), ORIGINS),
    "it has fewer layers than steps": (config(LAYERS[:1], HISTORY[:1]), ORIGINS),
    "it begins from nothing, and has more layers than steps": (config(), ImageOrigins("", ORIGINS.steps)),
    "it has no layers at all": (ImageConfig(), ORIGINS),
}


@pytest.mark.parametrize("name", UNFIT)
def test_no_layer_is_told_apart_where(name: str) -> None:
    found, origins = UNFIT[name]
    assert image_origins.by_layer(found, origins) == {}


def test_the_apps_own_layers_are_counted_where_they_are_known() -> None:
    assert image_origins.own_layers(config(), ORIGINS) == 2
    assert [image_origins.own_layers(*each) for each in UNFIT.values()] == [0] * len(UNFIT)


def test_a_label_carries_the_steps_of_a_released_image() -> None:
    labels = {**NAMED, **image_origins.label(ORIGINS)}
    assert labels["goldenpath.idp/layers"] == "COPY:3 RUN:4"
    assert image_origins.labelled(config(labels=labels)) == ImageOrigins(PYTHON, ORIGINS.steps)


def test_an_image_with_no_layer_of_its_own_carries_an_empty_list() -> None:
    origins = ImageOrigins(PYTHON, ())
    labels = {**NAMED, **image_origins.label(origins)}
    assert image_origins.labelled(config(labels=labels)) == origins
    assert set(image_origins.by_layer(config(), origins).values()) == {FindingOrigin(base=PYTHON)}


def test_where_the_layers_are_not_known_the_label_of_the_base_image_is_not_inherited() -> None:
    labels = {**NAMED, **image_origins.label(ORIGINS), **image_origins.label(None)}
    assert image_origins.labelled(config(labels=labels)) is None


@pytest.mark.parametrize(
    "labels",
    [
        None,
        {},
        {"goldenpath.idp/layers": "COPY:3"},
        NAMED,
        {oci.BASE_NAME: PYTHON, "goldenpath.idp/layers": "COPY:3"},
        {**NAMED, oci.BASE_NAME: "<b>", "goldenpath.idp/layers": "COPY:3"},
        {**NAMED, "goldenpath.idp/layers": "COPY"},
        {**NAMED, "goldenpath.idp/layers": "COPY:x RUN:4"},
        {**NAMED, "goldenpath.idp/layers": "<b>:3"},
    ],
)
def test_labels_of_another_form_say_nothing(labels: dict[str, str] | None) -> None:
    assert image_origins.labelled(config(labels=labels)) is None
