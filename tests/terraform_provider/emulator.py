"""moto's server, for the tests of Terraform: AWS in a process of its own, which can be given a bad day.

    python -m tests.terraform_provider.emulator PORT FOLDER

ECR's images are those of `tests.doubles.aws.images`, which is stricter than moto.

While FOLDER holds the file `bad-day`, ECR takes no lifecycle policy: an apply then breaks when its repository is there
already. `faults` says how single requests are broken.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.ecr.exceptions import InvalidParameterException
from moto.ecr.models import ECRBackend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

from tests.doubles.aws import images, registry_settings
from tests.terraform_provider.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Callable

BAD_DAY = "bad-day"


def _fails_while(there: Path, act: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*words: object, **named: object) -> object:
        if there.exists():
            raise InvalidParameterException("AWS has a bad day")
        return act(*words, **named)

    return guarded


def main(port: str, folder: str) -> None:
    """Serve on `port` until the process is stopped."""
    registry_settings.install()
    images.install()
    ECRBackend.put_lifecycle_policy = _fails_while(  # type: ignore[method-assign]
        Path(folder) / BAD_DAY, ECRBackend.put_lifecycle_policy
    )
    os.environ["MOTO_PORT"] = port
    app = Faults(DomainDispatcherApplication(create_backend_app))
    run_simple("127.0.0.1", int(port), app, threaded=True, request_handler=MotoRequestHandler)


if __name__ == "__main__":
    main(*sys.argv[1:])
