#!/usr/bin/env -S python3 -I
"""Write the README of a Terraform module from its variables and outputs: `scripts/module_readme.py modules/aws_ecr`.

The text above the tables is kept; the tables are generated.
"""

import re
import sys
from pathlib import Path

MARK = "<!-- generated: inputs and outputs -->"
_BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)


def render(module: Path) -> str:
    """Return the README of `module`."""
    head = (module / "README.md").read_text().partition(MARK)[0]
    return f"{head}{MARK}\n{_table(module, 'variable')}\n{_table(module, 'output')}"


def _table(module: Path, kind: str) -> str:
    rows = []
    for block, name, body in _BLOCK.findall((module / f"{kind}s.tf").read_text()):
        described = re.search(r'^  description = "(.*)"$', body, re.MULTILINE)
        text = described[1].replace('\\"', '"') if described else ""
        needed = "" if block == "output" else " no |" if re.search(r"^  default ", body, re.MULTILINE) else " **yes** |"
        rows.append(f"| `{name}` |{needed} {text} |\n")
    columns = ["input", "required", "what it is"] if kind == "variable" else ["output", "what it is"]
    head = f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}\n"
    return head + "".join(rows)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "README.md").write_text(render(folder))
