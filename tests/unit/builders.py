"""Values for tests, each with everything it needs; a test names only what matters to it."""

from __future__ import annotations

from goldenpath.delivery.model.finding import (
    Finding,
    Findings,
    FixStatus,
    Gate,
    Kind,
    Location,
    Package,
    Scanner,
    Severity,
)

COMMIT = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678"
DIGEST = "sha256:" + "5" * 64


def vulnerability(
    severity: Severity = Severity.CRITICAL, *, identity: str = "CVE-2020-14343", fixed: str = "5.4"
) -> Finding:
    return Finding(
        gate=Gate.TRIVY,
        id=identity,
        severity=severity,
        title="PyYAML: arbitrary code",
        location=Location("usr/lib/python3/site-packages/PyYAML.dist-info/METADATA"),
        fingerprint=f"{identity}-{severity}",
        detail="Loading hostile input runs code.",
        package=Package("PyYAML", "5.3", "python-pkg", fixed, FixStatus.FIXED if fixed else FixStatus.AFFECTED),
        url="https://avd.example/CVE-2020-14343",
        kind=Kind.VULNERABILITY,
    )


def secret(path: str = "config.py") -> Finding:
    return Finding(
        gate=Gate.GITLEAKS,
        id="github-pat",
        severity=Severity.CRITICAL,
        title="A GitHub token",
        location=Location(path, 3, COMMIT),
        fingerprint=f"github-pat-{path}",
    )


def image_secret(path: str = "app/key.pem") -> Finding:
    return Finding(
        gate=Gate.TRIVY,
        id="private-key",
        severity=Severity.HIGH,
        title="Asymmetric Private Key in the image",
        location=Location(path, 2),
        fingerprint=f"private-key-{path}",
        advice="Keep it out of the image.",
    )


def blind_spot() -> Finding:
    return Finding(
        gate=Gate.TRIVY,
        id="empty-inventory",
        severity=Severity.HIGH,
        title="No package was seen",
        location=Location("image"),
        fingerprint="empty-inventory",
        kind=Kind.BLIND_SPOT,
        advice="Keep the package database.",
    )


def report(*findings: Finding, gate: Gate = Gate.TRIVY) -> Findings:
    subject = COMMIT if gate is Gate.GITLEAKS else DIGEST
    return Findings(gate, Scanner(gate.value, "1.0", "release"), subject, {"packages": "10"}, findings)
