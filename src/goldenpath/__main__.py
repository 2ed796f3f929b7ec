"""`python -m goldenpath`, and `python -I src/goldenpath` from a checkout without installing anything."""

import gc
import sys
from pathlib import Path

# What is loaded stays: to look through it again and again for garbage would take a tenth of a short command.
gc.set_threshold(200_000)

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from goldenpath.cli import main  # noqa: E402  after the path and the threshold

if __name__ == "__main__":
    main()
