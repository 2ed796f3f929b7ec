"""moto's server, for the tests of Terraform: AWS in a process of its own, which can be given a bad day.

    python -m tests.terraform_provider.emulator PORT FOLDER

ECR's images are those of `tests.doubles.aws.images`, which is stricter than moto.

While FOLDER holds the file `bad-day`, ECR takes no lifecycle policy: an apply then breaks when its repository is there
already.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.ecr.exceptions import InvalidParameterException
from moto.ecr.models import ECRBackend
from moto.server import main

from tests.doubles.aws import images, registry_settings

if TYPE_CHECKING:
    from collections.abc import Callable

BAD_DAY = "bad-day"


def _fails_while(there: Path, act: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*words: object, **named: object) -> object:
        if there.exists():
            raise InvalidParameterException("AWS has a bad day")
        return act(*words, **named)

    return guarded


if __name__ == "__main__":
    registry_settings.install()
    images.install()
    ECRBackend.put_lifecycle_policy = _fails_while(  # type: ignore[method-assign]
        Path(sys.argv[2]) / BAD_DAY, ECRBackend.put_lifecycle_policy
    )
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
