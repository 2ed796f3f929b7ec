"""Which ecosystems trivy's database has to know, and what its answers are taken for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.scanners import trivy_canary
from goldenpath.delivery.scanners.scanner import Inventory
from goldenpath.delivery.scanners.trivy_canary import LANGUAGES
from goldenpath.shared.errors import ScannerFailed
from tests.unit.program_double import program

if TYPE_CHECKING:
    from collections.abc import Mapping

PYTHON, EVERYTHING = {"pip": "CVE-2019-10906"}, {name: min(each.ids) for name, each in LANGUAGES.items()}


def report(known: Mapping[str, str], *, openssl: bool = False) -> bytes:
    found = [{"VulnerabilityID": each, "PkgName": name} for name, each in known.items()]
    system = [{"VulnerabilityID": "CVE-2022-0778", "PkgName": "openssl"}] if openssl else None
    results = [{"Class": "os-pkgs", "Vulnerabilities": system}, {"Class": "lang-pkgs", "Vulnerabilities": found}]
    return json.dumps({"SchemaVersion": 2, "Results": results}).encode()


def unknown(answer: bytes, monkeypatch: pytest.MonkeyPatch, *types: str, system: str = "") -> tuple[str, ...]:
    monkeypatch.setattr(trivy_canary, "ask", lambda *_: answer)
    inventory = Inventory(frozenset(types), *system.split())
    return trivy_canary.unknown(program("trivy"), Path("/cache"), inventory)


def test_only_what_the_image_has_needs_to_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unknown(report(PYTHON), monkeypatch, "python-pkg") == ()
    assert unknown(report(PYTHON), monkeypatch, "python-pkg", "node-pkg", "yarn") == ("npm",)
    assert unknown(report(PYTHON), monkeypatch, "jar", system="debian 12.12") == ("debian 12.12", "maven")
    assert unknown(report({}, openssl=True), monkeypatch, system="alpine 3.23.2") == ()


def test_what_has_no_package_of_its_own_needs_all_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unknown(report(EVERYTHING), monkeypatch, "conan", system="redhat 9.4") == ()
    assert set(unknown(report(PYTHON), monkeypatch, "conan")) == set(LANGUAGES) - {"pip"}
    assert set(unknown(report({}, openssl=True), monkeypatch, system="redhat 9.4")) == set(LANGUAGES)


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"Results": 3}'])
def test_an_answer_that_cannot_be_read_is_an_error(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ScannerFailed, match="did not finish its work"):
        unknown(answer, monkeypatch, "jar")


def test_the_document_names_the_os_of_the_image() -> None:
    inventory = Inventory(frozenset(), "debian", "12.12")
    components = json.loads(trivy_canary.document(inventory, "pkg:deb/debian/openssl@0.9.8a-1"))["components"]
    assert {"bom-ref": "os", "type": "operating-system", "name": "debian", "version": "12.12"} in components
    assert components[-1]["purl"] == "pkg:deb/debian/openssl@0.9.8a-1?distro=debian-12.12"
    assert len({each["bom-ref"] for each in components}) == len(components)
