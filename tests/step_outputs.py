"""The outputs of a step, as a runner reads the file that `GITHUB_OUTPUT` names.

Source: GitHub, "Workflow commands": `name=value`, or `name<<DELIMITER`, lines, and the delimiter alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_OUTPUT = re.compile(r"^(?:([\w-]+)<<(\S+)\n(?:(.*?)\n)?\2|([\w-]+)=([^\n]*))$", re.MULTILINE | re.DOTALL)


def read(file: Path) -> dict[str, str]:
    """Return the outputs in `file` by name."""
    return parse(file.read_text(encoding="utf-8"))


def parse(text: str) -> dict[str, str]:
    """Return the outputs in `text` by name, in either form."""
    return {each[1] or each[4]: (each[3] or "") if each[1] else each[5] for each in _OUTPUT.finditer(text)}
