#!/usr/bin/env -S python3 -I
"""Write a new registry into `envs/<environment>/ecr.tf`.

    scripts/scaffold_ecr.py --app my-app --owner team-web --risk low --env dev

The same as `goldenpath registry request`, under the names that this script has always had. Nothing is sent to AWS.
"""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = {
    "app": "name",
    "owner": "owner",
    "risk": "risk",
    "env": "environment",
    "requester": "requester",
    "domain": "domain",
}


def main() -> None:
    """Become the command that does it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option in OPTIONS:
        parser.add_argument(f"--{option}", default="dev" if option == "env" else "")
    given = vars(parser.parse_args())
    command = [str(ROOT / "bin" / "goldenpath"), "registry", "request", f"--checkout={ROOT}"]
    command += [f"--{OPTIONS[option]}={value}" for option, value in given.items() if value]
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606  a list, and no shell is wanted


if __name__ == "__main__":
    main()
