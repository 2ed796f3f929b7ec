"""What dev/bump.py may propose, in one place: how old a release must be, what is followed, and who signs what.

Reasons: docs/adr/0021-versions.md. The same number of days is in .github/dependabot.yml; a test compares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

COOL_DOWN = timedelta(days=7)

# Entries of toolchain.yaml that are not followed, each with the reason.
HELD: Mapping[str, str] = MappingProxyType(
    {
        "buildkitd": "it moves together with the BuildKit image of the same version, by hand",
        "buildctl": "it moves together with buildkitd",
        "terraform": "users bring their own; its releases are not on GitHub",
        "trivy-db": "it has no releases",
    }
)

# Every trial runs these tests with the new program, whichever it is: the bypass table, the gates and a whole delivery.
TESTS = (
    "tests/tools/test_bypasses.py",
    "tests/tools/delivery/secrets/test_canary.py",
    "tests/tools/delivery/stages/test_gitleaks_gate.py",
    "tests/tools/test_rules_are_near.py",
    "tests/tools/delivery/stages/test_trivy_gate.py",
    "tests/tools/delivery/scanners/test_trivy_database.py",
    "tests/tools/delivery/scanners/test_java_index.py",
    "tests/tools/delivery/scanners/test_trivy_scanner.py",
    "tests/tools/delivery/stages/test_build.py",
    "tests/tools/delivery/test_pipeline.py",
    "tests/e2e/test_workflows_lint.py",
    "tests/e2e/test_delivery.py",
)

# What is scanned before and after: name, and folder below the root of the repository.
EXAMPLES = (("hello-web", "examples/hello-web"), ("wordpress", "examples/wordpress"))

_GITHUB = "https://token.actions.githubusercontent.com"
_GOOGLE = "https://accounts.google.com"


class Signed(StrEnum):
    """What a project signs: its list of checksums, or each file; or GitHub keeps an attestation of each file."""

    LIST = "the list of checksums"
    FILES = "each file"
    ATTESTED = "each file, as an attestation that GitHub keeps"


@dataclass(frozen=True)
class Signer:
    """Who must have signed a release: `identity` is in the certificate, `{version}` stands for the release's."""

    signed: Signed
    identity: str
    issuer: str = _GITHUB


# gitleaks, act and registry sign no release files, and buildx signs only how each was built, which is not checked: for
# them GitHub's digest and the list of checksums must do.
SIGNERS: Mapping[str, Signer] = MappingProxyType(
    {
        "trivy": Signer(
            Signed.LIST,
            "https://github.com/aquasecurity/trivy/.github/workflows/reusable-release.yaml@refs/tags/v{version}",
        ),
        "syft": Signer(Signed.LIST, "https://github.com/anchore/syft/.github/workflows/release.yaml@refs/heads/main"),
        "cosign": Signer(Signed.FILES, "keyless@projectsigstore.iam.gserviceaccount.com", _GOOGLE),
        "actionlint": Signer(Signed.ATTESTED, "rhysd/actionlint/.github/workflows/release.yaml"),
    }
)
