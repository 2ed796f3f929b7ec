"""The AWS SDK's descriptions of services, which a process of tests parses once and not for every session.

A command opens a session and parses two megabytes of JSON for it. In a test that runs commands in its own process,
that was half of the work.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import botocore.session
from botocore.loaders import create_loader

if TYPE_CHECKING:
    from botocore.loaders import Loader


def share() -> None:
    """Have all sessions of this process take descriptions from one loader for each value of AWS_DATA_PATH."""
    botocore.session.create_loader = _shared


def _shared(search_path_string: str | None = None) -> Loader:
    loader = _loader(search_path_string)
    # Every session of boto3 appends the same path.
    loader.search_paths[:] = dict.fromkeys(loader.search_paths)
    return loader


@functools.cache
def _loader(search_path_string: str | None) -> Loader:
    return create_loader(search_path_string)
