"""The command with one thing changed: it uses the programs that this machine keeps in a workflow run too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

from goldenpath import cli
from goldenpath.shared import runner


def trusts_machine() -> bool:
    """Tell that the machine of the tests is the user's own."""
    return True


if __name__ == "__main__":
    runner.trusts_machine = trusts_machine
    cli.main()
