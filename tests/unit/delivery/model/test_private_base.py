from __future__ import annotations

import pytest

from goldenpath.delivery.model import private_base
from goldenpath.delivery.model.base_image import BaseImage
from goldenpath.delivery.model.private_base import EcrPlace, FetchedBases
from goldenpath.shared.names import AccountId, Digest, EcrRepository, Region

D1 = f"sha256:{'1' * 64}"
HOST = "123456789012.dkr.ecr.eu-west-2.amazonaws.com"


@pytest.mark.parametrize(
    ("written", "region", "reference"),
    [
        (f"{HOST}/base/python:3.14", "eu-west-2", "3.14"),
        (f"{HOST}/base/python", "eu-west-2", "latest"),
        (f"{HOST}/base/python@{D1}", "eu-west-2", D1),
        (f"{HOST}/base/python:3.14@{D1}", "eu-west-2", D1),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/base/python:1", "us-gov-west-1", "1"),
        ("123456789012.dkr-ecr.eu-west-2.on.aws/base/python:1", "eu-west-2", "1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/base/python:1", "cn-north-1", "1"),
    ],
)
def test_an_image_of_a_private_registry_says_where_it_is(written: str, region: str, reference: str) -> None:
    found = private_base.parse(written)
    assert found.ecr == EcrPlace(AccountId("123456789012"), Region(region), EcrRepository("base/python"))
    assert (found.repository, found.reference) == ("base/python", reference)


@pytest.mark.parametrize(
    ("written", "registry", "repository", "name", "of_context"),
    [
        ("ghcr.io/org/base:1", "ghcr.io", "org/base", "ghcr.io/org/base:1", "ghcr.io/org/base:1"),
        ("ghcr.io/org/base", "ghcr.io", "org/base", "ghcr.io/org/base:latest", "ghcr.io/org/base"),
        (f"ghcr.io/org/base@{D1}", "ghcr.io", "org/base", "ghcr.io/org/base", "ghcr.io/org/base"),
        (f"ghcr.io/org/base:1@{D1}", "ghcr.io", "org/base", "ghcr.io/org/base:1", "ghcr.io/org/base:1"),
        ("team/base", "docker.io", "team/base", "docker.io/team/base:latest", "docker.io/team/base"),
        ("index.docker.io/team/base:2", "docker.io", "team/base", "docker.io/team/base:2", "docker.io/team/base:2"),
        ("python:3", "docker.io", "library/python", "docker.io/library/python:3", "docker.io/library/python:3"),
        ("localhost:5000/a__b/c--d:x", "localhost:5000", "a__b/c--d", "localhost:5000/a__b/c--d:x",
         "localhost:5000/a__b/c--d:x"),
        ("europe-docker.pkg.dev/project/repo/image:1", "europe-docker.pkg.dev", "project/repo/image",
         "europe-docker.pkg.dev/project/repo/image:1", "europe-docker.pkg.dev/project/repo/image:1"),
    ],
)  # fmt: skip
def test_other_registries_are_read_as_docker_reads_them(
    written: str, registry: str, repository: str, name: str, of_context: str
) -> None:
    found = private_base.parse(written)
    assert (found.ecr, found.registry, found.repository) == (None, registry, repository)
    assert (found.name, found.name_of_context) == (name, of_context)


@pytest.mark.parametrize(
    "written",
    [
        "", "Python:3", "python:3:4", "ghcr.io/", "ghcr.io//a", "a//b", "GHCR.io/a",
        f"{HOST}", f"{HOST}/", f"https://{HOST}/a/b:1", f"{HOST}/A/b:1",
        f"{HOST}.evil.example/base/python:1", "12.dkr.ecr.eu-west-2.amazonaws.com/base/python:1", f"{HOST}/a/b:1 x",
        f"{HOST}/base/python@sha256:1", f"{HOST}/base/python:-x", f"--{HOST}/base/python:1",
        "ghcr.io/" + 248 * "a",
    ],
)  # fmt: skip
def test_anything_else_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        private_base.parse(written)


def test_images_are_named_one_a_line_and_fetched_once() -> None:
    lines = f"\n {HOST}/base/python:1 \n{HOST}/base/python:1\n\n{HOST}/base/node:2"
    assert [each.repository for each in private_base.parse_all(lines)] == ["base/python", "base/node"]


def test_the_record_of_a_fetched_image_is_its_name_and_the_digest_that_was_fetched() -> None:
    fetched = FetchedBases({f"{HOST}/base/python:1@{D1}": Digest(D1)})
    image = BaseImage(f"{HOST}/base/python:1", Digest(D1))
    assert fetched.records == {image: image}
    latest = FetchedBases({f"{HOST}/base/python:latest": Digest(D1)}).records
    assert latest == {BaseImage(f"{HOST}/base/python", Digest(D1)): BaseImage(f"{HOST}/base/python:latest", Digest(D1))}


def test_a_record_with_a_name_that_is_none_is_not_read() -> None:
    with pytest.raises(ValueError, match="is not the name of an image"):
        FetchedBases({"--output": Digest(D1)})
