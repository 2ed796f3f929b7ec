"""`dev/pin.py`: only the hashes of one tool change in the table."""

from __future__ import annotations

import pytest
from dev import pin

from goldenpath.shared import pins
from goldenpath.shared.errors import BadInput
from goldenpath.shared.pins import Host

SHA = "ab" * 32


def test_pinning_replaces_the_hashes_of_one_tool_and_nothing_else() -> None:
    before = pins.TABLE.read_text(encoding="utf-8")
    old = next(tool for tool in pins.load() if tool.name == "trivy")
    hashes = dict.fromkeys((Host.LINUX_AMD64, Host.DARWIN_ARM64), SHA)
    after = pin.repinned(before, "trivy", hashes)
    expected = before
    for host in hashes:
        asset = old.asset_for(host)
        assert asset
        expected = expected.replace(asset.sha256, SHA)
    assert after == expected
    assert after.count(SHA) == 2


def test_the_hashes_of_the_programs_are_written_beside_those_of_their_archives_and_leave_with_them() -> None:
    before = pins.TABLE.read_text(encoding="utf-8")
    hashes = {Host.LINUX_AMD64: SHA}
    written = pin.repinned(before, "trivy", hashes, {Host.LINUX_AMD64: "cd" * 32})
    trivy = next(tool for tool in pins.parse(written) if tool.name == "trivy")
    assert trivy.program_hash(Host.LINUX_AMD64) == "cd" * 32
    assert pin.repinned(written, "trivy", hashes) == pin.repinned(before, "trivy", hashes)


def test_pinning_refuses_a_layout_it_cannot_replace_line_by_line() -> None:
    text = (
        "- name: hello\n  version: 1.2.3\n  for: tests\n  repository: a/b\n"
        f"  assets: [{{platform: linux/amd64, name: x, sha256: {SHA}}}]\n"
    )
    with pytest.raises(BadInput, match="could not be replaced line by line"):
        pin.repinned(text, "hello", {Host.LINUX_AMD64: "cd" * 32})


def test_a_releases_own_list_of_checksums_is_read_in_both_forms() -> None:
    text = f"{SHA}  hello.tar.gz\n{'cd' * 32} *./other\n# a remark\nnot-a-hash  file\n"
    assert pin.checksums(text) == {"hello.tar.gz": SHA, "other": "cd" * 32}
