# A double answers with whatever its test says.
# ruff: noqa: ANN401

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from msgspec import convert

from goldenpath.delivery.model.finding import Finding, FindingOrigin, FixStatus, Gate, Kind, Location, Package, Severity
from goldenpath.delivery.model.image_config import ImageConfig
from goldenpath.delivery.model.image_origins import ImageOrigins, Step
from goldenpath.delivery.scanners import image_inspection, trivy
from goldenpath.shared import codec, process
from goldenpath.shared.errors import ScannerFailed, ToolFailed
from tests.unit.builders import DIGEST
from tests.unit.hostile import recorded, reports
from tests.unit.program_double import ProgramDouble, ended, program

if TYPE_CHECKING:
    from goldenpath.shared.process import Completed

FIELDS = (
    "SchemaVersion", "Metadata", "ImageID", "OS", "Family", "Name", "Results", "Target", "Type", "Packages",
    "Vulnerabilities", "VulnerabilityID", "PkgName", "Severity", "InstalledVersion", "FixedVersion", "PkgPath",
    "Status", "Title", "Description", "PrimaryURL", "PublishedDate", "Secrets", "RuleID", "StartLine",
    "ArtifactName", "EOSL", "Class",
)  # fmt: skip


def report(**vulnerability: object) -> bytes:
    """Return a report of one vulnerability, with the fields that trivy always writes and those given."""
    whole = {"VulnerabilityID": "CVE-1", "PkgName": "x", "Severity": "LOW", **vulnerability}
    return json.dumps(
        {
            "SchemaVersion": 2,
            "Metadata": {"ImageID": DIGEST},
            "Results": [{"Target": "t (debian 12)", "Type": "debian", "Vulnerabilities": [whole]}],
        }
    ).encode()


def test_a_report_of_the_real_trivy_is_read_whole() -> None:
    scanned = trivy.parse(recorded("trivy/vulnerable.json"))
    first = scanned.findings[0]
    assert scanned.config == json.loads(recorded("trivy/vulnerable.json"))["Metadata"]["ImageID"]
    assert (scanned.system, scanned.packages) == ("debian 12.5", 2)
    assert [each.id for each in scanned.findings] == ["CVE-2020-14343", "CVE-2020-1747"]
    assert first == Finding(
        gate=Gate.TRIVY,
        id="CVE-2020-14343",
        severity=Severity.CRITICAL,
        title="PyYAML runs code from untrusted YAML",
        location=Location("usr/lib/python3/site-packages/PyYAML-5.3.dist-info/METADATA"),
        fingerprint=first.fingerprint,
        detail=first.detail,
        package=Package("PyYAML", "5.3", "python-pkg", "5.4", FixStatus.FIXED),
        url="https://avd.aquasec.com/nvd/cve-2020-14343",
        kind=Kind.VULNERABILITY,
    )


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2021-04-14T23:15:12.917Z", date(2021, 4, 14)), ("2021-04-14T23:15:12-03:00", date(2021, 4, 15)),
        ("", None), ("last week", None), ("9999-12-31T23:59:59-12:00", None),
    ],
)  # fmt: skip
def test_the_day_on_which_a_vulnerability_became_known_is_read_and_no_scan_fails_for_it(
    text: str, day: date | None
) -> None:
    assert trivy.parse(report(PublishedDate=text)).findings[0].published == day


@pytest.mark.parametrize("name", ["vulnerable", "secrets"])
def test_each_finding_of_a_real_report_has_the_layer_that_it_is_in(name: str) -> None:
    scanned = trivy.parse(recorded(f"trivy/{name}.json"))
    assert len(scanned.layers) == len(scanned.findings) > 0
    assert all(each.startswith("sha256:") for each in scanned.layers)


def test_a_finding_without_a_layer_has_no_origin_and_one_in_a_layer_has_that_of_the_layer() -> None:
    layers = ("sha256:1", "sha256:2")
    history = [{"created_by": "ADD"}, {"created_by": "COPY a /"}]
    config = convert({"rootfs": {"diff_ids": layers}, "history": history}, ImageConfig)
    origins = ImageOrigins("docker.io/library/python:3", (Step(2, "COPY"),), 1)
    for layer, origin in (
        ({"DiffID": "sha256:1"}, FindingOrigin(base="docker.io/library/python:3", line=1)),
        ({"DiffID": "sha256:2"}, FindingOrigin(line=2, instruction="COPY")),
        ({"DiffID": "sha256:3"}, None),
        ({}, None),
        (None, None),
    ):
        scanned = trivy.parse(report(Layer=layer))
        (finding,) = image_inspection.with_origins(scanned, config, origins).findings
        assert finding.origin == origin
        assert image_inspection.with_origins(scanned, config, None).findings == scanned.findings


def test_a_record_of_before_has_no_origins() -> None:
    """What a release of last week left is still read."""
    plain = json.loads(codec.encode(trivy.parse(report()).findings[0]))
    del plain["origin"]
    assert codec.decode(json.dumps(plain).encode(), Finding).origin is None


def test_a_clean_image_has_packages_and_no_finding() -> None:
    scanned = trivy.parse(recorded("trivy/clean.json"))
    assert (scanned.system, scanned.packages, scanned.findings) == ("debian 12.5", 1, ())


def test_an_image_without_any_package_is_told_apart_from_a_clean_one() -> None:
    scanned = trivy.parse(recorded("trivy/empty.json"))
    assert (scanned.system, scanned.packages, scanned.findings) == ("", 0, ())


def of_system(**system: object) -> bytes:
    """Return a report of an image with the OS `system`."""
    return json.dumps({"SchemaVersion": 2, "Metadata": {"ImageID": DIGEST, "OS": system}}).encode()


# As the real trivy said it.
NOT_LISTED = '2026-11-21T10:58:26Z\tWARN\tThis OS version is not on the EOL list\tfamily="x" version="y"'
UNSUPPORTED = '2026-11-21T10:58:26Z\tWARN\tUnsupported os\tfamily="x"'
OTHER = '2026-11-21T10:58:26Z\tWARN\t[alpine] Mixing Alpine versions is unsupported\tos="3.22" repository="3.23"'
#        OS in the report                                               said            why it is not supported
UNKNOWN: dict[str, tuple[dict[str, object], str, str]] = {
    "an OS past its end": (
        {"Family": "alpine", "Name": "3.5.2", "EOSL": True}, "", "alpine 3.5.2 is no longer supported",
    ),
    "a name in place of a version": (
        {"Family": "debian", "Name": "trixie/sid"}, NOT_LISTED, "debian trixie/sid is no release that trivy knows",
    ),
    "an OS of which trivy knows nothing": (
        {"Family": "fedora", "Name": "44"}, UNSUPPORTED, "trivy knows no vulnerabilities of fedora 44",
    ),
    "an OS without its name": (
        {"Family": "none", "Name": ""}, UNSUPPORTED, "Nothing names the image's OS",
    ),
    "a release of today": ({"Family": "alpine", "Name": "3.23.2"}, "", ""),
    "a release of today, and another warning": ({"Family": "alpine", "Name": "3.22.1"}, OTHER, ""),
    "a release that trivy does not know yet": ({"Family": "alpine", "Name": "3.24.0"}, NOT_LISTED, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_os_whose_vulnerabilities_are_not_known_is_not_supported(name: str) -> None:
    system, said, why = UNKNOWN[name]
    unsupported = trivy.parse(of_system(**system), (said,)).unsupported
    assert (unsupported[: len(why)], bool(unsupported)) == (why, bool(why))


def test_a_release_that_trivy_does_not_know_yet_is_noted() -> None:
    (note,) = trivy.parse(of_system(Family="rocky", Name="10.0"), (NOT_LISTED,)).notes
    assert note == (
        "trivy does not know until when rocky 10.0 is supported: where its database has nothing of so new a release, "
        "vulnerabilities in OS packages are missed"
    )
    assert trivy.parse(of_system(Family="debian", Name="trixie/sid"), (NOT_LISTED,)).notes == ()


def test_an_os_without_packages_is_noted() -> None:
    said = "2026-11-21T10:58:26Z\tWARN\tNo OS package is detected. Make sure you haven't deleted any files that"
    (note,) = trivy.parse(of_system(Family="alpine", Name="3.23.2"), (said,)).notes
    assert note == (
        "the image's OS is alpine 3.23.2, and no package of it was seen: whether their database was taken out is "
        "unknown"
    )


def test_an_image_without_os_is_supported() -> None:
    assert trivy.parse(recorded("trivy/empty.json"), (OTHER,)).unsupported == ""


@pytest.mark.parametrize(
    ("said", "severity"), [("CRITICAL", "CRITICAL"), ("NEGLIGIBLE", "UNKNOWN"), ("", "UNKNOWN"), ("high", "UNKNOWN")]
)
def test_a_severity_that_is_not_one_of_ours_is_unknown(said: str, severity: str) -> None:
    assert trivy.parse(report(Severity=said)).findings[0].severity is Severity(severity)


def test_a_vulnerability_without_path_title_or_fix_is_at_its_target() -> None:
    found = trivy.parse(report()).findings[0]
    assert (found.location.path, found.title, found.package) == (
        "t (debian 12)", "CVE-1 in x", Package("x", "", "debian", ""),
    )  # fmt: skip


def test_a_secret_in_the_image_is_read_without_what_it_is() -> None:
    scanned = trivy.parse(recorded("trivy/secrets.json"))
    (found,) = scanned.findings
    assert (found.id, found.severity, found.kind) == ("github-pat", Severity.CRITICAL, Kind.SECRET)
    assert (found.title, found.location) == (
        "GitHub Personal Access Token in the image", Location("app/settings.py", 2),
    )  # fmt: skip
    assert found.remedy.startswith("Revoke this secret first, then keep it out of the image")
    assert "TOKEN" not in str(found)


def test_the_place_of_a_finding_does_not_name_the_folder_of_the_scan() -> None:
    raw = report().replace(b'"Target": "t (debian 12)"', b'"Target": "/tmp/x (debian 12)"')
    raw = raw.replace(b'"SchemaVersion": 2', b'"SchemaVersion": 2, "ArtifactName": "/tmp/x"')
    assert trivy.parse(raw).findings[0].location.path == "debian 12"


def test_secrets_are_looked_for_only_where_the_rules_ask_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave_report(*words: str) -> Completed:
        Path(words[words.index("--output") + 1]).write_bytes(b"{}")
        return ended()

    double = ProgramDouble([leave_report])
    monkeypatch.setattr(process, "run", double)
    trivy.scan(program("trivy"), Path("/layout"), Path("/cache"), secrets=False)
    words = double.calls[0]
    assert words[words.index("--scanners") + 1] == "vuln"
    assert "--image-config-scanners" not in words


#        what trivy writes                                       status                has no fix
STATUSES: dict[str, tuple[dict[str, str], FixStatus, bool]] = {
    "a fix": ({"Status": "fixed", "FixedVersion": "2"}, FixStatus.FIXED, False),
    "a fix, whatever else is said": ({"Status": "will_not_fix", "FixedVersion": "2"}, FixStatus.FIXED, False),
    "a fix without its version": ({"Status": "fixed"}, FixStatus.FIXED, False),
    "no fix yet": ({"Status": "affected"}, FixStatus.AFFECTED, True),
    "still investigated": ({"Status": "under_investigation"}, FixStatus.UNDER_INVESTIGATION, True),
    "deferred": ({"Status": "fix_deferred"}, FixStatus.FIX_DEFERRED, True),
    "never": ({"Status": "will_not_fix"}, FixStatus.WILL_NOT_FIX, True),
    "past its end": ({"Status": "end_of_life"}, FixStatus.END_OF_LIFE, True),
    "a word of the future": ({"Status": "fix_soon"}, FixStatus.UNKNOWN, False),
    "nothing": ({}, FixStatus.UNKNOWN, False),
}


@pytest.mark.parametrize("name", STATUSES)
def test_what_is_known_about_a_fix_is_kept(name: str) -> None:
    fields, status, has_no_fix = STATUSES[name]
    (found,) = trivy.parse(report(**fields)).findings
    assert found.package is not None
    assert (found.package.status, found.has_no_fix) == (status, has_no_fix)


@pytest.mark.parametrize("reversed_", [False, True])
def test_a_platform_without_a_fix_does_not_hide_the_fix_of_another(*, reversed_: bool) -> None:
    one, other = trivy.parse(report(Status="will_not_fix")), trivy.parse(report(Status="fixed", FixedVersion="2"))
    scans = [("linux/amd64", one), ("linux/arm64", other)]
    (found, *_) = image_inspection.merged(dict(reversed(scans) if reversed_ else scans))
    assert found.remedy == "Update x from  to 2."


def test_a_long_description_is_cut() -> None:
    assert trivy.parse(report(Description="x" * 5000)).findings[0].detail == "x" * 1000


def test_the_same_package_in_two_places_is_two_findings() -> None:
    prints = {trivy.parse(report(PkgPath=path)).findings[0].fingerprint for path in ("a", "b")}
    assert len(prints) == 2


def test_the_same_package_in_two_programs_is_two_findings() -> None:
    """Of a Go program the target is the path."""
    one, other = (report().replace(b"t (debian 12)", path) for path in (b"usr/bin/one", b"usr/bin/other"))
    merged = image_inspection.merged({str(number): trivy.parse(scan) for number, scan in enumerate((one, other, one))})
    places = [each.location.path for each in merged if each.kind is Kind.VULNERABILITY]
    assert places == ["usr/bin/one", "usr/bin/other"]


def test_a_finding_in_an_os_package_stays_the_same_when_the_os_is_updated() -> None:
    before = report().replace(b'"Type": "debian"', b'"Type": "debian", "Class": "os-pkgs"')
    after = before.replace(b"debian 12", b"debian 12.5")
    assert trivy.parse(before).findings[0].fingerprint == trivy.parse(after).findings[0].fingerprint


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "Its report cannot be read: Input data was truncated"),
        (b"[]", "Its report cannot be read: Expected `object`, got `array`"),
        (
            b'{"SchemaVersion": 3, "Metadata": {"ImageID": "%s"}}' % DIGEST.encode(),
            "Its report has schema version 3, and 2 was expected",
        ),
        (b'{"SchemaVersion": 2}', "Its report cannot be read: Object missing required field `Metadata`"),
        (
            b'{"SchemaVersion": 2, "Metadata": {"ImageID": "abc"}}',
            (
                "Its report cannot be read: 'abc' is not a digest (`sha256:` and 64 hexadecimal digits) - at "
                "`$.Metadata.ImageID`"
            ),
        ),
    ],
)
def test_a_report_that_is_not_one_is_an_error(raw: bytes, why: str) -> None:
    with pytest.raises(ScannerFailed) as caught:
        trivy.parse(raw)
    assert caught.value.why == why


RECORDED = tuple(recorded(f"trivy/{name}.json") for name in ("vulnerable", "clean", "empty", "secrets"))


@given(reports(*RECORDED, names=FIELDS, words=(DIGEST, "CRITICAL", "2")))
def test_any_report_is_read_or_refused(raw: bytes) -> None:
    try:
        scanned = trivy.parse(raw)
    except ScannerFailed:
        return
    assert all(isinstance(each.severity, Severity) for each in scanned.findings)


def test_trivy_scans_one_layout_once_offline_and_listens_to_no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave_report(*words: str) -> Completed:
        Path(words[words.index("--output") + 1]).write_bytes(b"{}")
        rules.append(Path(words[words.index("--secret-config") + 1]))
        assert rules[0].read_text() == "skip-patterns: ['**/.git/**', '**/node_modules/**']\n"
        return ended(stderr="one\ntwo\n")

    rules = list[Path]()
    double = ProgramDouble([leave_report])
    monkeypatch.setattr(process, "run", double)
    assert trivy.scan(program("trivy"), Path("/layout"), Path("/cache")) == (b"{}", ("one", "two"))
    folder = double.options[0]["cwd"]
    assert double.calls[0] == (
        "/bin/trivy", "image", "--input", "/layout", "--scanners", "vuln,secret",
        "--image-config-scanners", "secret", "--secret-config", str(rules[0]), "--list-all-pkgs",
        "--format", "json", "--output",
        f"{folder}/report.json", "--cache-dir", "/cache", "--timeout", "900s", "--skip-db-update",
        "--skip-java-db-update", "--offline-scan", "--disable-telemetry", "--skip-version-check", "--no-progress",
        "--cache-backend", "memory",
    )  # fmt: skip
    assert double.options[0]["environment"] == {"GOGC": "400"}
    assert rules[0].parent == folder
    assert len(rules[0].stem) == 32


@pytest.mark.parametrize("failure", [ToolFailed("trivy ended with exit status 1", why="no db", fix="f"), ended()])
def test_a_scan_without_report_fails(monkeypatch: pytest.MonkeyPatch, failure: Any) -> None:
    monkeypatch.setattr(process, "run", ProgramDouble([failure]))
    with pytest.raises(ScannerFailed, match=r"^trivy did not finish its work"):
        trivy.scan(program("trivy"), Path("/layout"), Path("/cache"))
