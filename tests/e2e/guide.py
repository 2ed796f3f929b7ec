"""What the delivery guide tells an app team to write."""

from __future__ import annotations

import re

from tests.tools.command import ROOT


def deploying() -> str:
    """Return the job that deploys what was released, to be put behind the job `delivery`."""
    (block,) = re.findall(r"```yaml\n(  deploy:\n.*?)```", (ROOT / "docs" / "guide.md").read_text(), re.DOTALL)
    return str(block)
