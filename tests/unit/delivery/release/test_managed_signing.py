"""ECR signs a release, or it does not: what is reported, what is refused, and what an undo removes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from goldenpath.delivery.model.receipt import ImageSignature, Receipt, SigningState, State
from goldenpath.delivery.registry.signing_status import SigningStatus
from goldenpath.delivery.release import managed_signing
from goldenpath.delivery.release.access import EcrConnection
from goldenpath.delivery.rules import matrix
from goldenpath.delivery.stages import ecr_push
from goldenpath.shared.errors import AccessDenied, ImageUnsigned
from goldenpath.shared.names import Digest, SigningProfile
from tests.unit.layout_builder import AMD64, layout
from tests.unit.registry_double import RegistryDouble, info
from tests.unit.run_builder import candidate, run

if TYPE_CHECKING:
    from goldenpath.delivery.model.layout import Layout
    from goldenpath.delivery.rules.matrix import Environment

RELEASE, OTHER = (
    SigningProfile(f"arn:aws:signer:eu-west-2:123456789012:/signing-profiles/{name}") for name in ("release", "other")
)
SIGNATURE = Digest("sha256:" + "5" * 64)
DONE, LATE = SigningStatus(RELEASE, SigningState.COMPLETE), SigningStatus(RELEASE, SigningState.IN_PROGRESS)
FAILED = SigningStatus(RELEASE, SigningState.FAILED, "AccessDenied: no session policy allows it")
ELSEWHERE = SigningStatus(OTHER, SigningState.COMPLETE)
Statuses = tuple[SigningStatus, ...]


def environment(*profiles: SigningProfile, required: bool = False) -> Environment:
    return replace(matrix.load().environment("dev"), signing_profiles=profiles, signature_required=required)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr("goldenpath.delivery.release.managed_signing.time.sleep", taken.append)
    return taken


class Release:
    """A release to an empty repository, in which ECR gives these `statuses` one after the other."""

    def __init__(self, folder: Path, rules: Environment, *statuses: Statuses) -> None:
        self.registry = RegistryDouble(statuses=list(statuses))
        self.made: Layout = layout(folder / "layout", AMD64)
        self.said: list[str] = []
        self.run = replace(run(folder), environment=rules, say=self.said.append)
        double: Any = self.registry
        self.connection = EcrConnection(double, info(), double)

    def go(self) -> Receipt:
        return ecr_push.release(self.run, self.connection, self.made, candidate(self.made))


def test_a_platform_that_names_no_profile_asks_for_nothing(tmp_path: Path) -> None:
    one = Release(tmp_path, environment())
    assert one.go().signatures == ()
    assert not any("sign" in call for call in one.registry.calls)


def test_a_release_waits_for_its_signature_before_any_tag_is_written(tmp_path: Path, pauses: list[float]) -> None:
    one = Release(tmp_path, environment(RELEASE, required=True), (), (LATE,), (DONE,))
    receipt = one.go()
    assert (receipt.state, receipt.signatures) == (State.RELEASED, (ImageSignature(RELEASE, SigningState.COMPLETE),))
    calls = [call.split()[0] for call in one.registry.calls if not call.startswith("put_manifest sha256")]
    assert calls.index("signing_statuses") < calls.index("put_manifest")
    assert pauses == [managed_signing.PAUSE] * 2
    assert managed_signing.warnings(receipt.signatures, one.run.environment) == ()


#            statuses      what is missing                                                              questions
UNSIGNED = {
    "failed": ((FAILED,), f"ECR could not sign the image with {RELEASE}.", 1),
    "never finished": ((LATE,), f"ECR has not signed the image yet with {RELEASE}.", managed_signing.QUESTIONS),
    "never begun": ((), f"No signature of the image with {RELEASE} is known.", managed_signing.QUESTIONS_WITHOUT_WORD),
    "by somebody else": ((ELSEWHERE,), f"No signature of the image with {RELEASE} is known.", 1),
    "one of two": ((DONE, replace(FAILED, profile=OTHER)), f"ECR could not sign the image with {OTHER}.", 1),
}


@pytest.mark.parametrize("name", UNSIGNED)
def test_an_unsigned_image_is_reported_and_where_a_signature_is_required_undone(tmp_path: Path, name: str) -> None:
    statuses, missing, questions = UNSIGNED[name]
    profiles = (RELEASE, OTHER) if name == "one of two" else (RELEASE,)
    one = Release(tmp_path / "reported", environment(*profiles), statuses)
    receipt = one.go()
    assert receipt.state is State.RELEASED
    assert managed_signing.warnings(receipt.signatures, one.run.environment) == (missing,)
    assert sum(call.startswith("signing_statuses") for call in one.registry.calls) == questions

    other = Release(tmp_path / "required", environment(*profiles, required=True), statuses)
    with pytest.raises(ImageUnsigned) as caught:
        other.go()
    assert missing.removesuffix(".") in caught.value.why
    assert (other.registry.tags, other.registry.manifests) == ({}, {})
    assert other.run.work.read_receipt().state is State.UNDONE


def test_an_undo_removes_the_signatures_of_what_it_removes(tmp_path: Path) -> None:
    one = Release(tmp_path, environment(RELEASE, required=True), (FAILED,))
    digest = one.made.root().digest
    one.registry.signed = {digest: (SIGNATURE,)}
    with pytest.raises(ImageUnsigned):
        one.go()
    removed = [call for call in one.registry.calls if call.startswith("delete_images")]
    assert removed == [f"delete_images {digest}", f"delete_images {SIGNATURE}"]


@pytest.mark.parametrize("required", [True, False])
def test_a_status_that_may_not_be_read_is_not_known(tmp_path: Path, *, required: bool) -> None:
    one = Release(tmp_path, environment(RELEASE, required=required))

    def deny(call: str) -> None:
        if call.startswith("signing_statuses"):
            raise AccessDenied("Not allowed to read the signing status", why="no policy allows it", fix="f")

    one.registry.before_call = deny
    if required:
        with pytest.raises(AccessDenied):
            one.go()
        assert one.registry.tags == {}
    else:
        assert one.go().signatures == ()
        assert "no policy allows it" in one.said


class SigningRules:
    """A double of the control plane that knows only which profiles the registry signs with."""

    def __init__(self, profiles: tuple[SigningProfile, ...] | None) -> None:
        self._profiles = profiles

    def signing_profiles(self, _: str) -> tuple[SigningProfile, ...] | None:
        return self._profiles


UNNAMED = (
    f"ECR signs images of my-app with {OTHER} and the rights of the release, and `signing_profiles` of the platform's "
    "rules does not name it: that signature will fail."
)
NO_RULE = f"No rule of the registry signs my-app with {RELEASE}."
UNKNOWN = "It is not known whether ECR signs the images: the role may not read the registry's signing rules."


@pytest.mark.parametrize(
    ("registry", "named", "notes"),
    [
        ((), (), ()),
        (None, (), ()),
        ((RELEASE,), (RELEASE,), ()),
        ((OTHER,), (), (UNNAMED,)),
        ((RELEASE, OTHER), (RELEASE,), (UNNAMED,)),
        ((), (RELEASE,), (NO_RULE,)),
        (None, (RELEASE,), (UNKNOWN,)),
    ],
)
def test_preflight_compares_the_registrys_rules_with_the_platforms(
    registry: tuple[SigningProfile, ...] | None, named: tuple[SigningProfile, ...], notes: tuple[str, ...]
) -> None:
    ecr: Any = SigningRules(registry)
    assert managed_signing.notes(EcrConnection(ecr, info(), ecr), environment(*named)) == notes


@pytest.mark.parametrize("registry", [(), (OTHER,)])
def test_preflight_refuses_a_release_whose_required_signature_nobody_would_make(
    registry: tuple[SigningProfile, ...],
) -> None:
    ecr: Any = SigningRules(registry)
    with pytest.raises(ImageUnsigned) as caught:
        managed_signing.notes(EcrConnection(ecr, info(), ecr), environment(RELEASE, required=True))
    assert caught.value.what == "A release to dev must be signed, and this one would not be"
    assert NO_RULE.removesuffix(".") in caught.value.why
