"""The way to a base image in a private registry: one repository, for reading only."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from goldenpath import runner
from goldenpath.release.access import masked_login
from goldenpath.services import aws, oidc
from goldenpath.services.oci_registry import OciRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.model.names import RoleArn
    from goldenpath.model.private_base import PrivateBase
    from goldenpath.runner import Runner

_WAY_IN = "give the role that may pull base images as `role_arn`; a stored key is refused in a workflow run"


@contextmanager
def opened(base: PrivateBase, role: RoleArn | None, here: Runner) -> Iterator[OciRegistry]:
    """Log in and give the repository of `base` for as long as the block lasts. Raises `LoginRefused`, `AccessDenied`.

    No environment owns a base image, so no rule about accounts applies: nothing can be changed with this login.
    """
    session = aws.Session(
        region=base.region,
        repository=base.repository,
        name=f"goldenpath-bases-{here.repository.replace('/', '-')}-{here.run_id}",
        identity=lambda: oidc.token(runner.variables()),
        hide=here.mask,
        stored_keys_refused=here.in_actions,
        read_only=True,
        way_in=_WAY_IN if here.in_actions else aws.AT_A_TERMINAL,
        account=base.account,
    )
    login = masked_login(aws.connect(session, role), here.mask)
    registry = OciRegistry(login(), base.repository, renew=login)
    try:
        yield registry
    finally:
        registry.close()
