"""The pinned table: what it has to hold, and how a mistake in it is told."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from goldenpath.shared import pins
from goldenpath.shared.errors import BadInput
from goldenpath.shared.pins import Asset, GoSource, Group, Host, Tool

SHA = "ab" * 32
GO = GoSource(
    module="example.org/hello", package="example.org/hello/cmd", expected_seconds=90, ldflags="-X v={version}"
)
ASSETS = tuple(Asset(platform=host, name=f"hello_{{version}}_{host.name}", sha256=SHA) for host in Host)
HELLO = Tool(name="hello", version="1.2.3", group=Group.TESTS, repository="acme/hello", assets=ASSETS, go=GO)
VERSION_RULE = r"Expected `str` matching regex '^[0-9]+\\.[0-9]+\\.[0-9]+[0-9A-Za-z.-]*\\Z'"


def test_every_pipeline_program_has_a_hash_for_every_platform_and_a_go_source() -> None:
    for tool in (tool for tool in pins.load() if tool.group is Group.PIPELINE):
        assert {asset.platform for asset in tool.assets} == set(Host), tool.name
        assert tool.go, tool.name


def test_no_two_release_files_of_the_table_share_a_hash() -> None:
    hashes = [asset.sha256 for tool in pins.load() for asset in tool.assets]
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize("version", ["0.69.4", "0.69.5", "0.69.6"])
def test_malicious_trivy_versions_are_refused_wherever_they_are_written(version: str) -> None:
    text = pins.TABLE.read_text(encoding="utf-8").replace("version: 0.74.0", f"version: {version}")
    with pytest.raises(BadInput) as caught:
        pins.parse(text)
    assert caught.value.why == f"trivy {version} is refused: it was a malicious release (CVE-2026-33634) - at `$[1]`"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("version: 8.30.1", "version: 8.30", "Expected `str`, got `float` - at `$[0].version`"),
        ("version: 8.30.1", "version: ../8", VERSION_RULE + " - at `$[0].version`"),
        ("for: pipeline", "for: fun", "Invalid enum value 'fun' - at `$[0].for`"),
        ("member: gitleaks", "membre: gitleaks", "Object contains unknown field `membre` - at `$[0]`"),
        ("linux/arm64", "linux/amd64", "gitleaks has two assets for linux/amd64 - at `$[0]`"),
        ("darwin/amd64", "plan9/amd64", "Invalid enum value 'plan9/amd64' - at `$[0].assets[2].platform`"),
        ("551f6fc8", "551F6FC8", "Expected `str` matching regex '^[0-9a-f]{64}\\\\Z' - at `$[0].assets[0].sha256`"),
        ("  repository: gitleaks/gitleaks\n", "", "gitleaks has assets but no `repository` - at `$[0]`"),
        ("name: trivy\n", "name: gitleaks\n", "gitleaks is listed twice"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_table_is_told_with_the_path_of_its_field(old: str, new: str, why: str) -> None:
    text = pins.TABLE.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(BadInput) as caught:
        pins.parse(text.replace(old, new, 1))
    assert caught.value.why == why


def test_an_entry_that_cannot_be_obtained_is_refused() -> None:
    with pytest.raises(BadInput, match="hello has neither `assets` nor `go`"):
        pins.parse("- {name: hello, version: 1.2.3, for: tests}")


def test_text_that_is_not_yaml_is_refused() -> None:
    with pytest.raises(BadInput, match=r"toolchain\.yaml, is not valid"):
        pins.parse("[")


def test_the_release_path_carries_the_version() -> None:
    assert HELLO.release_path(ASSETS[0].name) == "acme/hello/releases/download/v1.2.3/hello_1.2.3_LINUX_AMD64"


def test_releases_elsewhere_have_a_host_and_a_folder() -> None:
    moved = replace(HELLO, repository=None, host="https://releases.example.org", folder="hello/{version}")
    assert moved.release_path("hello_{version}.zip") == "hello/1.2.3/hello_1.2.3.zip"
    with pytest.raises(ValueError, match="hello has `host` or `folder` but not both"):
        replace(moved, host=None)


def test_the_hash_of_a_program_is_that_of_its_file_unless_it_is_in_an_archive() -> None:
    packed = replace(HELLO, member="hello")
    assert HELLO.program_hash(Host.LINUX_AMD64) == SHA
    assert packed.program_hash(Host.LINUX_AMD64) is None
    known = replace(packed, assets=tuple(replace(asset, program="cd" * 32) for asset in ASSETS))
    assert known.program_hash(Host.LINUX_AMD64) == "cd" * 32
    assert known.program_hash(None) is None
    assert known.pin(Host.LINUX_AMD64) != packed.pin(Host.LINUX_AMD64)


def test_terraform_is_pinned_for_every_platform() -> None:
    terraform = next(tool for tool in pins.load() if tool.name == "terraform")
    assert {asset.platform for asset in terraform.assets} == set(Host)
    assert terraform.release_path(terraform.assets[0].name) == "terraform/1.11.4/terraform_1.11.4_linux_amd64.zip"


def test_a_machine_without_releases_has_no_asset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert Host.here() is None
    assert HELLO.asset_for(None) is None


@pytest.mark.parametrize(("said", "host"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("arm64", "arm64")])
def test_the_kernels_word_for_a_machine_becomes_gos(monkeypatch: pytest.MonkeyPatch, said: str, host: str) -> None:
    monkeypatch.setattr("platform.machine", lambda: said)
    monkeypatch.setattr("sys.platform", "darwin")
    assert Host.here() == f"darwin/{host}"


def test_the_pin_changes_with_what_decides_the_bytes_and_with_nothing_else() -> None:
    pin_here = HELLO.pin(Host.LINUX_AMD64)
    other_hash = (replace(ASSETS[0], sha256="cd" * 32), *ASSETS[1:])
    other_platform = (*ASSETS[:-1], replace(ASSETS[-1], sha256="cd" * 32))
    assert replace(HELLO, version="1.2.4").pin(Host.LINUX_AMD64) != pin_here
    assert replace(HELLO, assets=other_hash).pin(Host.LINUX_AMD64) != pin_here
    assert replace(HELLO, go=replace(GO, ldflags="")).pin(Host.LINUX_AMD64) != pin_here
    assert replace(HELLO, assets=other_platform).pin(Host.LINUX_AMD64) == pin_here
    assert replace(HELLO, go=replace(GO, expected_seconds=1)).pin(Host.LINUX_AMD64) == pin_here


def test_an_image_of_another_version_than_the_program_is_refused() -> None:
    text = pins.TABLE.read_text(encoding="utf-8").replace("    version: 0.34.0\n", "    version: 0.33.0\n")
    with pytest.raises(BadInput, match=r"buildkitd is 0\.34\.0, but its image is 0\.33\.0"):
        pins.parse(text)
