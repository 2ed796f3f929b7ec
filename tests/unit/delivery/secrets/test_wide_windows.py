from __future__ import annotations

from goldenpath.delivery.secrets.wide_windows import FarRegions, regions

LINE = b"a line of twenty b.\n"


def test_a_region_begins_a_few_lines_before_its_word_and_reaches_as_far_as_pieces_overlap() -> None:
    text = LINE * 100 + b"run curl -u a\n" + LINE * 2000
    ((begin, end),) = regions("run.sh", text)
    assert text[begin:].startswith(LINE * 9 + b"run curl")
    assert 16_000 <= end - begin - len(LINE * 9) < 16_040
    assert text[:end].endswith(b"\n")


def test_of_a_manifest_of_kubernetes_what_comes_before_is_read_too() -> None:
    text = LINE * 2000 + b"kind: Secret\n" + LINE * 2000
    ((begin, end),) = regions("k8s/db.yaml", text)
    assert begin <= 2000 * len(LINE) - 16_000
    assert end >= 2000 * len(LINE) + 16_000
    assert list(regions("k8s/db.txt", text)) == []


def test_regions_that_touch_are_one() -> None:
    text = b"curl\n" + LINE * 10 + b"-----BEGIN RSA PRIVATE KEY-----\n"
    assert list(FarRegions().new("a", text)) == [(0, text)]


def test_of_a_file_full_of_words_only_the_regions_around_a_change_are_new() -> None:
    given, lines = FarRegions(), [b"curl https://example.com/%d\n" % number for number in range(4_000)]
    assert sum(len(region) for _, region in given.new("a", b"".join(lines))) == sum(map(len, lines))
    lines[2_000] = b"curl https://example.com/changed\n"
    ((before, region),) = given.new("a", b"".join(lines))
    assert before < 2_000 < before + region.count(b"\n")
    assert len(region) < 2.1 * 16_000


def test_a_region_that_did_not_change_is_given_once_for_each_path() -> None:
    given = FarRegions()
    key = b"-----BEGIN A-----\n" + LINE * 1000
    assert [before for before, _ in given.new("a", key)] == [0]
    assert list(given.new("a", key)) == []
    assert [before for before, _ in given.new("b", key)] == [0]
    assert list(given.new("a", key + LINE)) == []
    assert [before for before, _ in given.new("a", LINE * 20 + key)] == [11]
    assert list(given.new("a", LINE * 30 + key)) == []
