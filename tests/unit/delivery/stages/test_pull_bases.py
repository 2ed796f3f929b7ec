from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.builds import bases
from goldenpath.delivery.model import evidence, private_base
from goldenpath.delivery.model.base_image import BaseImage
from goldenpath.delivery.model.private_base import EcrPlace, FetchedBases
from goldenpath.delivery.model.stage_requests import BasesRequest
from goldenpath.delivery.registry import ecr_client, oci_pull
from goldenpath.delivery.registry.oci_registry import StoredManifest
from goldenpath.delivery.registry.registry_token import Login
from goldenpath.delivery.release import private_bases
from goldenpath.delivery.stages import pull_bases
from goldenpath.shared import codec, process
from goldenpath.shared.errors import BadInput, EvidenceMismatch
from goldenpath.shared.names import AUDIENCE, AccountId, Digest
from tests.unit import layout_builder, run_builder
from tests.unit.delivery.builds.test_bases import BUILDER, ORDER, STRICT, graph
from tests.unit.program_double import ProgramDouble, ended

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.delivery.model.layout import Layout
    from goldenpath.delivery.model.work_folder import WorkFolder
    from goldenpath.delivery.registry.oci_registry import OciRegistry

NAME = "123456789012.dkr.ecr.eu-west-2.amazonaws.com/base/python:3.14"
BASE = private_base.parse(NAME)


class Registry:
    """A registry that holds one image, or none, under any name."""

    def __init__(self, image: Layout | None) -> None:
        self._image = image

    def manifest(self, _: object) -> StoredManifest | None:
        if self._image is None:
            return None
        root = self._image.root()
        return StoredManifest(root.digest, root.media_type, self._image.manifest_bytes(root))


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Layout:
    """One image, which every login opens and every pull gives."""
    image = layout_builder.layout(tmp_path / "image")

    @contextlib.contextmanager
    def open_repository(*_: object) -> Iterator[Registry]:
        yield Registry(image)

    monkeypatch.setattr(private_bases, "open_repository", open_repository)
    monkeypatch.setattr(
        oci_pull, "pull",
        lambda _registry, _stored, folder: layout_builder.layout(folder),
    )  # fmt: skip
    return image


@pytest.fixture
def work(registry: Layout, tmp_path: Path) -> WorkFolder:
    """The work folder after the image was fetched."""
    assert registry
    run = run_builder.run(tmp_path, private_bases=(BASE,))
    pull_bases.run(run)
    return run.work


def test_each_image_is_fetched_and_its_digest_recorded(registry: Layout, work: WorkFolder) -> None:
    digest = registry.root().digest
    assert work.read_bases() == FetchedBases({NAME: digest})
    assert bases.fetched(work).records == {BaseImage(NAME, digest): BaseImage(NAME, digest)}


def test_nothing_was_fetched_where_nobody_asked(tmp_path: Path) -> None:
    run = run_builder.run(tmp_path)
    assert bases.fetched(run.work) == FetchedBases({})
    with pytest.raises(BadInput, match="No base image was named"):
        pull_bases.run(run)


def test_an_image_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(private_bases, "open_repository", lambda *_: contextlib.nullcontext(Registry(None)))
    with pytest.raises(BadInput, match=r"base/python:3\.14 does not exist"):
        pull_bases.run(run_builder.run(tmp_path, private_bases=(BASE,)))


def test_a_record_or_an_image_that_another_job_replaced_is_refused(registry: Layout, work: WorkFolder) -> None:
    reported = replace(work, evidence=evidence.of_files([work.bases], work.path))
    assert bases.fetched(reported).images == {NAME: registry.root().digest}
    with pytest.raises(EvidenceMismatch):
        bases.fetched(replace(work, evidence=evidence.Evidence({})))
    layout = work.base_layout(registry.root().digest)
    (layout / "blobs" / "sha256" / registry.root().digest.hex).write_bytes(b"{}")
    with pytest.raises(EvidenceMismatch, match="is not the one that was fetched"):
        bases.fetched(reported)
    codec.write(work.bases, FetchedBases({NAME: Digest.of(b"another")}))
    with pytest.raises(EvidenceMismatch):
        bases.fetched(reported)


def test_the_build_starts_from_the_fetched_image_and_the_record_names_its_registry(
    registry: Layout, work: WorkFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    digest = registry.root().digest
    order = bases.with_fetched(ORDER, work, bases.fetched(work))
    assert order.build_contexts == ((NAME, f"oci-layout://{work.base_layout(digest)}@{digest}"),)
    monkeypatch.setattr(process, "run", ProgramDouble([ended(graph(f"oci-layout://{NAME}@{digest}"))]))
    rules = replace(STRICT, base_registries=("123456789012.dkr.ecr.eu-west-2.amazonaws.com/base",))
    found = bases.resolved(BUILDER, order, (), rules, tmp_path, bases.fetched(work).records)
    assert found.images == (BaseImage(NAME, digest),)
    assert found.order.labels["org.opencontainers.image.base.name"] == NAME


def test_an_app_gives_no_context_of_its_own_for_a_fetched_image(work: WorkFolder) -> None:
    order = replace(ORDER, build_contexts=((NAME, "./vendored"),))
    with pytest.raises(BadInput, match="is in `build_contexts` and in `private_bases`"):
        bases.with_fetched(order, work, bases.fetched(work))


def test_the_login_opens_one_repository_for_reading(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sessions: list[ecr_client.Session] = []

    class Ecr:
        def login(self) -> Login:
            return Login("https://registry", "Basic x", ("x",))

    def connect(session: ecr_client.Session, _: object) -> Ecr:
        sessions.append(session)
        return Ecr()

    monkeypatch.setattr(ecr_client, "connect", connect)
    opened: OciRegistry
    run = run_builder.run(tmp_path)
    request = BasesRequest((BASE,), (), None, AUDIENCE)
    with private_bases.open_repository(BASE, request, run.runner) as opened:
        assert opened
    (session,) = sessions
    assert BASE.ecr == EcrPlace(AccountId(session.account or ""), session.region, session.repository)
    assert session.read_only
