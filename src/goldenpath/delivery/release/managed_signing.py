"""Wait for ECR's managed signing of a release, and decide what an unsigned image means.

ECR signs with the rights of whoever pushes, and does not tell the pusher when it cannot (docs/adr/0050).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from goldenpath.delivery.model.receipt import ImageSignature, SigningState
from goldenpath.shared.errors import AccessDenied, ImageUnsigned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from goldenpath.delivery.registry.signing_status import SigningStatus
    from goldenpath.delivery.release.access import EcrConnection
    from goldenpath.delivery.rules.matrix import Environment
    from goldenpath.shared.names import Digest, SigningProfile

PAUSE = 2.0
# About a minute for a signature, and ten seconds for the first word of one.
QUESTIONS, QUESTIONS_WITHOUT_WORD = 30, 5
_UNSIGNED = {
    SigningState.IN_PROGRESS: "ECR has not signed the image yet with",
    SigningState.FAILED: "ECR could not sign the image with",
}
_FIX = (
    "See that the role of the release has the statements that `goldenpath iam push-policy --signing-profile` prints, "
    "and that a rule of the registry's signing configuration matches the repository; then deliver again"
)


def notes(connection: EcrConnection, environment: Environment) -> tuple[str, ...]:
    """Return what a person should know about the signing of this repository before a release.

    Raises `ImageUnsigned` where the environment requires a signature that the registry would not make.
    """
    registry, named = connection.ecr.signing_profiles(connection.info.name), environment.signing_profiles
    if registry is None:
        unknown = "It is not known whether ECR signs the images: the role may not read the registry's signing rules."
        return (unknown,) if named else ()
    wrong = tuple(_mismatches(connection.info.name, registry, named))
    if wrong and environment.signature_required and not set(named) & set(registry):
        raise ImageUnsigned(
            f"A release to {environment.name} must be signed, and this one would not be", why=" ".join(wrong), fix=_FIX
        )
    return wrong


def awaited(
    connection: EcrConnection, digest: Digest, environment: Environment, say: Callable[[str], None]
) -> tuple[ImageSignature, ...]:
    """Wait until ECR has signed the image `digest` that was just pushed, for about a minute.

    An environment that names no profile waits for nothing. Raises `ImageUnsigned` where it requires a signature and
    there is none with its profiles; elsewhere `say` reports that, and `warnings` does.
    """
    if not environment.signing_profiles:
        return ()
    say("waiting for ECR to sign the image")
    try:
        statuses = _settled(connection, digest)
    except AccessDenied as denied:
        if environment.signature_required:
            raise
        say(denied.why)
        return ()
    signatures = tuple(ImageSignature(status.profile, status.state) for status in statuses)
    missing, reasons = warnings(signatures, environment), [status.reason for status in statuses if status.reason]
    if missing and environment.signature_required:
        why = " ".join((*missing, *reasons))
        raise ImageUnsigned(f"The image {digest} is not signed as it must be", why=why, fix=_FIX)
    for reason in reasons:
        say(f"ECR could not sign: {reason}")
    return signatures


def warnings(signatures: Sequence[ImageSignature], environment: Environment) -> tuple[str, ...]:
    """Return a sentence for every signature that a release to `environment` should have and does not."""
    named = environment.signing_profiles
    ours = [signature for signature in signatures if signature.profile in named]
    if named and not ours:
        return (f"No signature of the image with {', '.join(named)} is known.",)
    return tuple(
        f"{_UNSIGNED[signature.state]} {signature.profile}."
        for signature in ours
        if signature.state is not SigningState.COMPLETE
    )


def _settled(connection: EcrConnection, digest: Digest) -> tuple[SigningStatus, ...]:
    """Return the statuses once all of them are final, or as they are when the time is up."""
    statuses: tuple[SigningStatus, ...] = ()
    for number in range(1, QUESTIONS + 1):
        statuses = connection.ecr.signing_statuses(connection.info.name, digest)
        is_final = bool(statuses) and all(status.state is not SigningState.IN_PROGRESS for status in statuses)
        if is_final or number == (QUESTIONS if statuses else QUESTIONS_WITHOUT_WORD):
            break
        time.sleep(PAUSE)
    return statuses


def _mismatches(name: str, registry: Sequence[SigningProfile], named: Sequence[SigningProfile]) -> list[str]:
    unnamed = [profile for profile in registry if profile not in named]
    missing = [] if set(named) & set(registry) else list(named)
    return [
        *(
            f"ECR signs images of {name} with {profile} and the rights of the release, and `signing_profiles` of the "
            "platform's rules does not name it: that signature will fail."
            for profile in unnamed
        ),
        *([f"No rule of the registry signs {name} with {', '.join(missing)}."] if missing else ()),
    ]
