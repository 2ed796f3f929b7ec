"""Open the repository of a base image in a private registry, for reading only."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from goldenpath.delivery.registry import oci_login
from goldenpath.delivery.registry.oci_registry import OciRegistry
from goldenpath.delivery.release.access import masked_login
from goldenpath.shared import oidc, runner
from goldenpath.shared.errors import AccessDenied, BadInput, LoginRefused
from goldenpath.shared.names import BASES_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.model.private_base import EcrPlace, PrivateBase
    from goldenpath.delivery.model.stage_requests import BasesRequest
    from goldenpath.delivery.registry.registry_token import Login
    from goldenpath.shared.runner import Runner

_WAY_IN = (
    f"Give the role that may pull base images as `role_arn` (in the workflow: the secret {BASES_ROLE}, for "
    "Dependabot's pull requests among Dependabot's secrets); a stored key is refused in a workflow run"
)


@contextmanager
def open_repository(base: PrivateBase, request: BasesRequest, here: Runner) -> Iterator[OciRegistry]:
    """Log in and yield the repository of `base` for as long as the block lasts.

    Raises `LoginRefused` and `AccessDenied`, and `BadInput` when there is no login for its registry.
    """
    registry = _of_ecr(base.ecr, request, here) if base.ecr else _other(base, request, here)
    with closing(registry):
        try:
            yield registry
        except (AccessDenied, LoginRefused) as error:
            if base.ecr:
                raise
            raise oci_login.refused(base.registry, error.why) from error


def _of_ecr(place: EcrPlace, request: BasesRequest, here: Runner) -> OciRegistry:
    from goldenpath.delivery.registry import ecr_client  # noqa: PLC0415  a build without such a base need not load the SDK

    # No environment owns a base image, so no rule about accounts applies: nothing can be changed with this login.
    session = ecr_client.Session(
        region=place.region,
        repository=place.repository,
        name=f"goldenpath-bases-{here.repository.replace('/', '-')}-{here.run_id}",
        identity=lambda: oidc.token(runner.variables(), request.audience),
        hide=here.mask,
        stored_keys_refused=here.in_actions,
        read_only=True,
        way_in=_WAY_IN if here.in_actions else ecr_client.AT_A_TERMINAL,
        account=place.account,
    )
    login = masked_login(ecr_client.connect(session, request.role_arn), here.mask)
    return OciRegistry(login(), place.repository, renew=login)


def _other(base: PrivateBase, request: BasesRequest, here: Runner) -> OciRegistry:
    given = next((login for login in request.bases_logins if login.registry == base.registry), None)
    if given is None:
        listed = ", ".join(login.registry for login in request.bases_logins) or "nothing"
        raise BadInput(
            f"There is no login for {base.registry}, which {base.written} needs",
            why=f"BASES_LOGINS has logins for {listed}",
            fix=f"Add the line `{base.registry} user password` to the secret BASES_LOGINS (for Dependabot's pull "
            "requests among Dependabot's secrets); leave an image that everybody may pull out of `private_bases`",
        )
    # GitHub masks the secret line by line, and does not know that a word of a line is a password.
    here.mask(given.password)

    def login() -> Login:
        fresh = oci_login.reader(given, base.repository)
        for secret in fresh.secrets:
            here.mask(secret)
        return fresh

    return OciRegistry(login(), base.repository, renew=login)
