"""The AWS SDK, quick to start: of the services of AWS it is told that it knows those that a release calls."""

from __future__ import annotations

import botocore.session
from botocore.loaders import Loader

SERVICES = ("ecr", "sts")


class _Known(Loader):
    """The SDK's models. It would look through the folders of all of AWS's services to learn that ours are there."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002  botocore's
        return list(SERVICES)


def core() -> botocore.session.Session:
    """Return a session of the SDK's core for `SERVICES` alone, which a `boto3.Session` can be made of."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _Known())
    return session
