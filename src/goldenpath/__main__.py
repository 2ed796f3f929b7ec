"""`python -m goldenpath`, and `python -I src/goldenpath` from a checkout without installing anything."""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from goldenpath.cli import main

if __name__ == "__main__":
    main()
