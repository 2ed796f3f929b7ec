from __future__ import annotations

from goldenpath.shared import oci


def test_what_docker_calls_a_list_is_an_index_and_no_manifest() -> None:
    assert set(oci.INDEXES).isdisjoint(oci.MANIFESTS)
    assert oci.DOCKER_LIST in oci.INDEXES
    assert oci.DOCKER_MANIFEST in oci.MANIFESTS


def test_no_two_names_mean_one_media_type_or_annotation() -> None:
    values = [value for name, value in vars(oci).items() if name.isupper() and isinstance(value, str)]
    assert sorted(values) == sorted(set(values))
