from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.builds import bases
from goldenpath.delivery.builds.builder import Builder
from goldenpath.delivery.builds.buildx import BuildOrder
from goldenpath.delivery.model.base_image import BaseImage
from goldenpath.delivery.model.image_origins import ImageOrigins, Step
from goldenpath.delivery.model.private_base import FetchedBases
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.delivery.rules import matrix
from goldenpath.shared import codec, process
from goldenpath.shared.errors import BaseRefused, BuildFailed, EvidenceMismatch
from goldenpath.shared.names import Digest, Platform
from tests.unit import policy_table
from tests.unit.program_double import ProgramDouble, ended, program

if TYPE_CHECKING:
    from goldenpath.delivery.rules import matrix

D1, D2 = (Digest(f"sha256:{each * 64}") for each in "12")
PYTHON = BaseImage("docker.io/library/python:3", D1)
PRIVATE = BaseImage("registry.example.com:5000/team/base:1", D2)
PROD = policy_table.POLICY.environment("prod")
STRICT = replace(PROD, base_registries=("docker.io/library", "public.ecr.aws"))
BUILDER = Builder(program("buildx"), "b1", "remote", "0.34.0", {})
ORDER = BuildOrder(Path("/app"), Path("/app/Dockerfile"), 0, {"a": "b"}, build_args=(("V", "3"),), target="run")
FETCHED = "registry.example/python:3"
BOTH = (Platform("linux/amd64"), Platform("linux/arm64"))


def graph(*names: str) -> str:
    """Return the graph of an image that begins from the first of `names` and copies from the others."""
    sources = {name: {"source": {"identifier": name if "://" in name else f"docker-image://{name}"}} for name in names}
    inputs = [{"digest": name} for name in names]
    last = {"inputs": inputs, "file": {"actions": [{}, *({"secondaryInput": "1"} for _ in names[1:])]}}
    return json.dumps({"def": {**sources, "last": last, "end": {"inputs": [{"digest": "last"}]}}})


def resolved(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *answers: str,
    order: BuildOrder = ORDER,
    rules: matrix.Environment = PROD,
) -> tuple[bases.Bases, ProgramDouble]:
    double = ProgramDouble([ended(each) for each in answers])
    monkeypatch.setattr(process, "run", double)
    return bases.resolved(BUILDER, order, (), rules, folder), double


def test_base_images_are_listed_by_buildkit_and_the_build_is_held_to_their_digests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, double = resolved(tmp_path, monkeypatch, graph(PYTHON.reference, PRIVATE.reference))
    assert found.images == (PYTHON, PRIVATE)
    assert "--call=convertllb,format=json" in double.calls[0]
    assert found.order.labels == {
        "a": "b", "org.opencontainers.image.base.name": PYTHON.name, "org.opencontainers.image.base.digest": D1,
        "goldenpath.idp/layers": "unknown",
    }  # fmt: skip
    assert found.sources is not None
    assert json.loads(found.sources.read_bytes()) == bases.source_policy((PYTHON, PRIVATE))


def test_the_rules_refuse_every_image_but_those_that_were_listed() -> None:
    name = "docker-image://docker.io/library/python:3"
    assert bases.source_policy((PYTHON,), ("docker/dockerfile:1-labs",)) == {
        "version": 1,
        "rules": [
            {"action": "DENY", "selector": {"identifier": "docker-image://*"}},
            {"action": "ALLOW", "selector": {"identifier": "docker-image://docker.io/docker/dockerfile:*"}},
            {"action": "ALLOW", "selector": {"identifier": "docker-image://docker.io/docker/dockerfile@*"}},
            {"action": "ALLOW", "selector": {"identifier": f"{name}@{D1}", "matchType": "EXACT"}},
            {
                "action": "CONVERT",
                "selector": {"identifier": name, "matchType": "EXACT"},
                "updates": {"identifier": f"{name}@{D1}"},
            },
        ],
    }


def located(*names: str) -> str:
    """Return the same graph with the lines of a Dockerfile that begins with `FROM`, then copies."""
    lines = {names[0]: 1, "last": 2}
    locations = {
        name: {"locations": [{"ranges": [{"start": {"line": line}, "end": {"line": line}}]}]}
        for name, line in lines.items()
    }
    data = base64.b64encode(b"FROM x\nCOPY a /\n").decode()
    return json.dumps({**json.loads(graph(*names)), "source": {"locations": locations, "infos": [{"data": data}]}})


def test_the_lines_that_add_layers_are_known_and_a_label_carries_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = resolved(tmp_path, monkeypatch, located(PYTHON.reference, PRIVATE.reference))
    assert found.origins == (ImageOrigins(PYTHON.name, (Step(2, "COPY"),), 1),)
    assert found.order.labels["goldenpath.idp/layers"] == "COPY:2"


def test_platforms_whose_layers_come_from_other_lines_carry_no_such_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = replace(ORDER, platforms=BOTH)
    answers = (located(PYTHON.reference), graph(PYTHON.reference))
    found, _ = resolved(tmp_path, monkeypatch, *answers, order=order)
    assert found.origins == (ImageOrigins(PYTHON.name, (Step(2, "COPY"),), 1), None)
    assert found.order.labels["goldenpath.idp/layers"] == "unknown"
    assert found.order.labels["org.opencontainers.image.base.name"] == PYTHON.name


def test_a_name_with_two_digests_stands_for_neither() -> None:
    rules = bases.source_policy((PYTHON, BaseImage(PYTHON.name, D2)))["rules"]
    assert [each["action"] for each in rules] == ["DENY", "ALLOW", "ALLOW"]


def test_an_image_of_a_named_context_is_resolved_without_the_apps_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = replace(ORDER, build_contexts=(("tools", "docker-image://registry.example.com:5000/team/base:1"),))
    answers = (graph(PYTHON.reference, PRIVATE.name), graph("local://context", PRIVATE.reference))
    found, double = resolved(tmp_path, monkeypatch, *answers, order=order)
    assert found.images == (PYTHON, PRIVATE)
    dockerfile = tmp_path / "named-contexts" / "Dockerfile"
    assert dockerfile.read_text() == f"FROM scratch\nCOPY --from={PRIVATE.name} / /0/"
    words = double.calls[1]
    assert f"--file={dockerfile}" in words
    assert not [each for each in words if each.startswith(("--build-context", "--target", "--build-arg=V"))]


def test_an_image_whose_digest_nobody_knows_is_not_built_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BuildFailed) as caught:
        resolved(tmp_path, monkeypatch, graph(PYTHON.name), graph(PYTHON.name))
    assert caught.value.what == "The digest of the base image docker.io/library/python:3 cannot be found"


def test_each_platform_is_listed_and_a_label_says_only_what_holds_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = replace(ORDER, platforms=BOTH)
    found, double = resolved(tmp_path, monkeypatch, graph(PYTHON.reference), graph(PRIVATE.reference), order=order)
    assert found.images == (PYTHON, PRIVATE)
    assert (found.order.labels, found.order.platforms) == ({"a": "b", "goldenpath.idp/layers": "unknown"}, BOTH)
    assert [[each for each in call if each.startswith("--platform")] for call in double.calls] == [
        ["--platform=linux/amd64"], ["--platform=linux/arm64"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("local://context", {}),
        # What it begins from may have a label of that name, and the image would inherit it.
        (f"oci-layout://docker.io/team/base:1@{D1}", {"goldenpath.idp/layers": "unknown"}),
    ],
)
def test_nothing_from_a_registry_is_no_base_to_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, more: dict[str, str]
) -> None:
    found, _ = resolved(tmp_path, monkeypatch, graph(name))
    assert found.order.labels == {"a": "b", **more}


def test_an_image_of_another_registry_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BaseRefused) as caught:
        resolved(tmp_path, monkeypatch, graph(PYTHON.reference, PRIVATE.reference), rules=STRICT)
    assert str(caught.value) == (
        "registry.example.com:5000/team/base:1 is a base image that prod does not allow. For prod the platform allows "
        "base images from docker.io/library, public.ecr.aws only. Use a copy of it in one of them, or ask the platform "
        "team to list the registry under `base_registries` (docs/policy.md)."
    )


def test_a_builder_that_cannot_list_base_images_warns_or_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goldenpath.delivery.builds.buildx.graph", lambda *_: None)
    found = bases.resolved(BUILDER, ORDER, (), PROD, tmp_path)
    assert (found.order, found.images, found.sources, len(found.warnings)) == (ORDER, None, None, 1)
    with pytest.raises(BaseRefused, match="cannot be listed"):
        bases.resolved(BUILDER, ORDER, (), STRICT, tmp_path)


def test_an_answer_that_is_no_graph_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BuildFailed, match="The list of base images cannot be read"):
        resolved(tmp_path, monkeypatch, "Check complete")


def test_what_was_built_for_dev_is_held_against_the_rules_of_prod() -> None:
    bases.require_allowed((PYTHON,), STRICT)
    bases.require_allowed((), STRICT)
    bases.require_allowed(None, PROD)
    for images in ((PYTHON, PRIVATE), None):
        with pytest.raises(BaseRefused):
            bases.require_allowed(images, STRICT)


def test_an_image_of_several_platforms_has_the_bases_of_all_or_none_are_known() -> None:
    assert bases.joined([(PYTHON,), (PYTHON, PRIVATE)]) == (PYTHON, PRIVATE)
    assert bases.joined([(PYTHON,), None]) is None


def test_an_image_that_is_not_whole_is_refused_by_its_name(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    codec.write(work.bases, FetchedBases({FETCHED: Digest.of(b"another")}))
    with pytest.raises(EvidenceMismatch, match=f"The base image {FETCHED} is not the one that was fetched"):
        bases.fetched(work)


def test_where_no_job_fetched_any_there_are_none(tmp_path: Path) -> None:
    assert bases.fetched(WorkFolder(tmp_path)) == FetchedBases({})
