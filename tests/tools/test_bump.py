"""`dev/bump.py` against a real web server of releases, with programs that stand in for cosign and gh, and a trial."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from dev import bump
from dev.bumps import pinning, policy, trial
from dev.bumps.github import Api
from dev.bumps.pinning import Pinned, Pinning
from dev.bumps.policy import Signed, Signer
from dev.bumps.releases import Proposal
from tests.doubles.github.shapes import Place
from tests.tools import release_server
from tests.unit.releases_double import ORIGIN, OURS, GitHubOfReleases, asset, release

from goldenpath.delivery.model.finding import Finding, Findings, Gate, Location, Package, Scanner, Severity
from goldenpath.local.images import base_images
from goldenpath.shared import codec, pins
from goldenpath.shared.download import Releases
from goldenpath.shared.errors import ToolHashMismatch, ToolMissing
from goldenpath.shared.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.tools

OLD = "ab" * 32
NEW = hashlib.sha256(b"the new release").hexdigest()
FILE = "hello_1.2.4_linux"
TABLE = f"""# Why hello is here.
- name: hello
  version: 1.2.3
  for: tests
  repository: acme/hello
  checksums: hello_{{version}}_checksums.txt
  assets:
    - platform: linux/amd64
      name: hello_{{version}}_linux
      sha256: {OLD}
"""
PROPOSAL = Proposal("hello", "acme/hello", "1.2.3", "1.2.4", datetime(2026, 11, 1, tzinfo=UTC), True, {FILE: NEW})  # noqa: FBT003
IDENTITY = "https://github.com/acme/hello/.github/workflows/release.yml@refs/tags/v{version}"
# A program that writes down how it was started, and ends well when one of its arguments is the one that it accepts.
PROGRAM = """#!/bin/sh
echo "$@" >> {log}
[ -z "{token}" ] || [ "$GH_TOKEN" = "{token}" ] || exit 3
for word; do case $word in {accepted}) exit 0;; esac; done
echo "none of the expected identities matched" >&2
exit 1
"""


@pytest.fixture
def www(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Serve the release of hello 1.2.4: its folder, and the server's address."""
    folder = tmp_path / "www" / "acme" / "hello" / "releases" / "download" / "v1.2.4"
    folder.mkdir(parents=True)
    (folder / FILE).write_bytes(b"the new release")
    (folder / "hello_1.2.4_checksums.txt").write_text(f"{NEW}  {FILE}\n")
    for name in (FILE, "hello_1.2.4_checksums.txt"):
        (folder / f"{name}.sigstore.json").write_text("{}")
    with release_server.serve(tmp_path / "www") as address:
        yield folder, address


def program(folder: Path, name: str, *, accepted: str = "--nothing", token: str = "") -> Path:
    """Write a stand-in of the program `name` that ends well when one of its arguments is `accepted`."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(PROGRAM.format(log=folder / f"{name}.log", accepted=accepted, token=token))
    path.chmod(0o755)
    return path


def pinned(tmp_path: Path, address: str, cosign: Path, proposal: Proposal = PROPOSAL) -> Pinned:
    """Pin `proposal`, with the stand-in of cosign."""
    return Pinning(Releases(address), tmp_path / "work", lambda: cosign, "the-token").apply(proposal, TABLE)


def test_a_release_that_nobody_signs_is_held_against_its_list_and_against_github(
    tmp_path: Path, www: tuple[Path, str]
) -> None:
    found = pinned(tmp_path, www[1], tmp_path / "not-asked")
    assert found.table == TABLE.replace("1.2.3", "1.2.4").replace(OLD, NEW)
    assert found.checks == (
        "Each file is what `hello_1.2.4_checksums.txt` of its own release says.",
        "Each file has the digest that GitHub computed when it was uploaded.",
        "The release is immutable: nobody can replace its files.",
        "No signature was checked: nothing else says who made them.",
    )


@pytest.mark.parametrize("digests", [{}, {FILE: OLD}], ids=["none", "another"])
def test_a_file_that_github_has_another_digest_of_is_not_pinned(
    tmp_path: Path, www: tuple[Path, str], digests: dict[str, str]
) -> None:
    proposal = Proposal("hello", "acme/hello", "1.2.3", "1.2.4", PROPOSAL.settled_at, False, digests)  # noqa: FBT003
    with pytest.raises(ToolHashMismatch, match="is not what GitHub's API says it is; nothing was pinned"):
        pinned(tmp_path, www[1], tmp_path / "not-asked", proposal)


#          what is signed          the file that cosign is shown
SIGNED = [(Signed.LIST, "checksums"), (Signed.FILES, FILE)]


@pytest.mark.parametrize(("signed", "shown"), SIGNED)
def test_a_signature_is_checked_with_cosign_against_the_one_workflow_that_may_sign(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, www: tuple[Path, str], signed: Signed, shown: str
) -> None:
    monkeypatch.setattr(policy, "SIGNERS", {"hello": Signer(signed, IDENTITY)})
    identity = IDENTITY.replace("{version}", "1.2.4")
    cosign = program(tmp_path, "cosign", accepted=identity)
    assert pinned(tmp_path, www[1], cosign).checks[-1] == f"Signed: {signed.value}, by `{identity}`."
    folder = tmp_path / "work" / "hello"
    assert (tmp_path / "cosign.log").read_text() == (
        f"verify-blob --bundle {folder}/{shown}.sigstore.json --certificate-identity {identity} "
        f"--certificate-oidc-issuer https://token.actions.githubusercontent.com {folder}/{shown}\n"
    )


def test_an_attestation_is_checked_with_gh_which_alone_is_given_the_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, www: tuple[Path, str]
) -> None:
    workflow = "acme/hello/.github/workflows/release.yml"
    monkeypatch.setattr(policy, "SIGNERS", {"hello": Signer(Signed.ATTESTED, workflow)})
    monkeypatch.setenv("PATH", str(program(tmp_path, "gh", accepted=workflow, token="the-token").parent))
    assert pinned(tmp_path, www[1], tmp_path / "not-asked").checks[-1].endswith(f"by `{workflow}`.")
    assert (tmp_path / "gh.log").read_text() == (
        f"attestation verify {tmp_path}/work/hello/{FILE} --repo acme/hello --signer-workflow {workflow}\n"
    )


def test_a_release_that_somebody_else_signed_is_not_pinned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, www: tuple[Path, str]
) -> None:
    monkeypatch.setattr(policy, "SIGNERS", {"hello": Signer(Signed.LIST, IDENTITY)})
    with pytest.raises(ToolHashMismatch, match=r"hello 1\.2\.4 is not signed by its project") as caught:
        pinned(tmp_path, www[1], program(tmp_path, "cosign"))
    assert "none of the expected identities matched" in caught.value.why


def test_a_release_without_the_signature_that_its_project_makes_is_not_pinned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, www: tuple[Path, str]
) -> None:
    monkeypatch.setattr(policy, "SIGNERS", {"hello": Signer(Signed.LIST, IDENTITY)})
    (www[0] / "hello_1.2.4_checksums.txt.sigstore.json").unlink()
    with pytest.raises(ToolMissing, match=r"hello_1\.2\.4_checksums\.txt\.sigstore\.json cannot be downloaded"):
        pinned(tmp_path, www[1], program(tmp_path, "cosign"))


def test_a_program_without_release_files_moves_by_its_version_alone(tmp_path: Path) -> None:
    go = "  go: {module: a.example/hello, package: a.example/hello, expected_seconds: 1}\n"
    table = TABLE[: TABLE.index("  checksums")] + go
    pins_it = Pinning(Releases("http://127.0.0.1:9"), tmp_path, lambda: tmp_path, "")
    found = pins_it.apply(PROPOSAL, table)
    assert found.table == table.replace("1.2.3", "1.2.4")
    assert found.checks == ("Built with Go: Go's checksum database vouches for its source.",)


# The checkout of a trial: a `goldenpath` that finds what the version in the table finds, and one test.
GOLDENPATH = """#!/bin/sh
here=$(cd "$(dirname "$0")/.." && pwd)
for word; do case $word in --work-dir=*) work=${word#--work-dir=};; esac; done
mkdir -p "$work"
grep -q 'version: 1.2.4' "$here/src/goldenpath/shared/toolchain.yaml" && now=new || now=old
case $1 in build) ;; sbom) cp "$here/$now.cdx.json" "$work/sbom.cdx.json" ;;
*) cp "$here/$now.json" "$work/${1%-gate}.json" ;; esac
[ ! -e "$here/broken-$now" ] || { echo "it crashed" >&2; exit 11; }
exit 10
"""


def finding(identity: str) -> Finding:
    package = Package("zlib", "1.2", "deb")
    place = Location("usr/lib")
    return Finding(Gate.TRIVY, identity, Severity.HIGH, "t", place, identity, package=package)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one example, whose new scanner misses one finding and one package, and sees another."""
    root = tmp_path / "checkout"
    for folder in ("bin", "src/goldenpath/shared", "examples/one", "tests"):
        (root / folder).mkdir(parents=True)
    (root / "bin" / "goldenpath").write_text(GOLDENPATH)
    (root / "bin" / "goldenpath").chmod(0o755)
    (root / "src" / "goldenpath" / "shared" / "toolchain.yaml").write_text(TABLE)
    (root / "examples" / "one" / "Dockerfile").write_text("FROM scratch\n")
    (root / "tests" / "test_it.py").write_text("def test_it() -> None:\n    pass\n")
    for now, identities, packages in (("old", "AB", ["perl"]), ("new", "BC", [])):
        seen = tuple(finding(f"CVE-{each}") for each in identities)
        codec.write(root / f"{now}.json", Findings(Gate.TRIVY, Scanner("trivy", "1"), "x", {}, seen))
        bill = {
            "components": [{"type": "file", "name": now}]
            + [{"type": "library", "name": name, "version": "5.40"} for name in packages]
        }
        (root / f"{now}.cdx.json").write_text(json.dumps(bill))
    monkeypatch.setattr(policy, "EXAMPLES", (("one", "examples/one"),))
    monkeypatch.setattr(policy, "TESTS", ("tests/test_it.py",))
    monkeypatch.setattr(trial, "_SCANNERS", {"hello"})
    monkeypatch.setattr(base_images, "hub_reachable", lambda: False)
    return root


def tried(checkout: Path, tmp_path: Path) -> trial.Trial:
    new = Pinned(PROPOSAL, pinning.with_version(TABLE, PROPOSAL), ())
    return trial.Trials(checkout, tmp_path, {}).of(new)


def test_a_trial_tells_what_appeared_what_is_gone_and_how_the_tests_ended(checkout: Path, tmp_path: Path) -> None:
    found = tried(checkout, tmp_path)
    assert found.passed
    assert found.tests.startswith("1 passed")
    assert found.differences == (
        trial.Difference(
            "one", before=3, after=2, new=1, missing=2, appeared=("trivy: HIGH CVE-C zlib 1.2 in usr/lib",),
            gone=("syft: perl 5.40", "trivy: HIGH CVE-A zlib 1.2 in usr/lib"),
        ),
    )  # fmt: skip
    assert (checkout / "src" / "goldenpath" / "shared" / "toolchain.yaml").read_text() == TABLE


def test_a_scanner_that_breaks_makes_no_comparison_and_tests_that_fail_are_told(checkout: Path, tmp_path: Path) -> None:
    (checkout / "tests" / "test_it.py").write_text("def test_it() -> None:\n    raise AssertionError\n")
    (checkout / "broken-new").touch()
    found = tried(checkout, tmp_path)
    assert not found.passed
    assert found.tests.startswith("1 failed")
    (difference,) = found.differences
    assert "it crashed" in difference.failed
    assert difference.appeared == difference.gone == ()


def test_an_example_that_cannot_be_built_today_makes_no_comparison(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / "broken-old").touch()
    monkeypatch.setattr(trial.Trials, "_test", lambda _: (True, "1 passed"))
    (difference,) = tried(checkout, tmp_path).differences
    assert (difference.before, difference.after) == (0, 0)
    assert "it crashed" in difference.failed


GO_ONLY = """- name: other
  version: 1.0.0
  for: tests
  repository: acme/other
  go: {module: a.example/other, package: a.example/other, expected_seconds: 1}
"""


def test_one_release_that_is_refused_turns_the_run_red_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, www: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    github = GitHubOfReleases({"acme/hello": [release("1.2.4", asset(FILE, OLD))], "acme/other": [release("1.1.0")]})
    github.take_the_place_of_github(monkeypatch)
    monkeypatch.setattr(pins, "TABLE", tmp_path / "toolchain.yaml")
    pins.TABLE.write_text(TABLE + GO_ONLY)
    monkeypatch.setenv("GOLDENPATH_RELEASES", www[1])
    runner = Runner(in_actions=True, repository=OURS, output_file=tmp_path / "outputs")
    assert bump.pin(tmp_path / "pinned", Api(ORIGIN, "the-token"), runner, "the-token") == 1
    content = (tmp_path / "pinned" / "other.json").read_bytes()
    assert f"\nother={hashlib.sha256(content).hexdigest()}\n" in (tmp_path / "outputs").read_text()
    assert [path.name for path in (tmp_path / "pinned").iterdir()] == ["other.json"]
    assert "::error title=hello is not proposed::" in capsys.readouterr().out

    # Once it is proposed, even where somebody closed it, the next run leaves it out.
    github.github.threads.create_pull(
        Place(ORIGIN, *OURS.split("/")), {"title": "t", "head": "bump/other-1.1.0", "base": "main"}
    )
    assert bump.pin(tmp_path / "again", Api(ORIGIN, "the-token"), runner, "the-token") == 1
    assert list((tmp_path / "again").iterdir()) == []
