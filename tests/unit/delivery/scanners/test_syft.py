from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.delivery.scanners import syft
from goldenpath.shared import process
from goldenpath.shared.errors import ScannerFailed, ToolTimeout
from tests.unit.builders import DIGEST
from tests.unit.hostile import recorded, reports
from tests.unit.program_double import ProgramDouble, ended, program

if TYPE_CHECKING:
    from goldenpath.shared.process import Completed

SPDX, CYCLONEDX = recorded("syft/vulnerable.spdx.json"), recorded("syft/vulnerable.cdx.json")
SPDX_FIELDS = ("packages", "versionInfo", "primaryPackagePurpose")
CYCLONEDX_FIELDS = ("metadata", "component", "version")
WORDS = (DIGEST, "CONTAINER")


def test_the_documents_of_the_real_syft_are_about_one_image_and_count_its_packages() -> None:
    inventory = syft.parse(SPDX, CYCLONEDX)
    assert inventory.packages == 2
    assert (inventory.spdx, inventory.cyclonedx) == (SPDX, CYCLONEDX)
    assert f'"{inventory.digest}"'.encode() in SPDX


def test_an_image_without_any_package_is_an_inventory_of_none() -> None:
    assert syft.parse(recorded("syft/empty.spdx.json"), recorded("syft/empty.cdx.json")).packages == 0


def test_two_documents_about_different_images_are_refused() -> None:
    with pytest.raises(ScannerFailed) as caught:
        syft.parse(recorded("syft/empty.spdx.json"), CYCLONEDX)
    assert caught.value.why.startswith("Its SPDX document is about ['sha256:")
    assert ", its CycloneDX document about sha256:" in caught.value.why


@pytest.mark.parametrize("count", [0, 2])
def test_an_spdx_document_about_none_or_two_images_is_refused(count: int) -> None:
    image = f'{{"versionInfo": "{DIGEST}", "primaryPackagePurpose": "CONTAINER"}}'
    spdx = f'{{"packages": [{",".join([image] * count)}]}}'.encode()
    cyclonedx = f'{{"metadata": {{"component": {{"version": "{DIGEST}"}}}}}}'.encode()
    with pytest.raises(ScannerFailed, match="did not finish"):
        syft.parse(spdx, cyclonedx)


@given(
    reports(SPDX, names=SPDX_FIELDS, words=WORDS) | st.just(SPDX),
    reports(CYCLONEDX, names=CYCLONEDX_FIELDS, words=WORDS) | st.just(CYCLONEDX),
)
def test_any_two_documents_are_read_or_refused(spdx: bytes, cyclonedx: bytes) -> None:
    try:
        inventory = syft.parse(spdx, cyclonedx)
    except ScannerFailed:
        return
    assert inventory.packages >= 0


def test_syft_reads_the_layout_once_for_both_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave_documents(*words: str) -> Completed:
        for word, content in (("spdx-json=", SPDX), ("cyclonedx-json=", CYCLONEDX)):
            path = next(each.removeprefix(word) for each in words if each.startswith(word))
            Path(path).write_bytes(content)
        return ended()

    double = ProgramDouble([leave_documents])
    monkeypatch.setattr(process, "run", double)
    inventory = syft.scan(program("syft"), Path("/layout"), "my-app")
    folder = double.options[0]["cwd"]
    assert inventory.packages == 2
    assert double.calls[0] == (
        "/bin/syft", "scan", "oci-dir:/layout", "--quiet", "--source-name", "my-app",
        "--output", f"spdx-json={folder}/spdx.json", "--output", f"cyclonedx-json={folder}/cyclonedx.json",
    )  # fmt: skip
    assert double.options[0]["environment"] == {
        "SYFT_CHECK_FOR_APP_UPDATE": "false",
        "HOME": str(folder),
        "GOGC": "200",
    }


@pytest.mark.parametrize("failure", [ToolTimeout("syft did not end", fix="f"), ended()], ids=["it hangs", "no file"])
def test_an_inventory_that_was_not_taken_is_an_error(monkeypatch: pytest.MonkeyPatch, failure: Completed) -> None:
    monkeypatch.setattr(process, "run", ProgramDouble([failure]))
    with pytest.raises(ScannerFailed, match=r"^syft did not finish its work"):
        syft.scan(program("syft"), Path("/layout"), "my-app")
