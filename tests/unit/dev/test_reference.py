"""The pages of reference: what is read out of a command's options, and out of a schema's fields."""

from __future__ import annotations

import click
import pytest
from dev import reference

from goldenpath import cli

HELP = """Do it.

More of it.

\b
    goldenpath do --at here     at once
    goldenpath do
"""


@click.command(help=HELP, epilog="\b\nExamples:\n  goldenpath do again")
@click.argument("what")
@click.option("--at", help="Where. [default: everywhere]", envvar="GOLDENPATH_AT")
@click.option("--step", type=click.Choice(["first", "last"]), default="first", help="Which one.")
@click.option("--days", type=int, required=True, help="How long.")
@click.option("--loud", is_flag=True, help="Say it.")
@click.option("--secret-way", hidden=True)
def command(**_: object) -> None:
    """Not shown: `help` is."""


SECTION = """
## `goldenpath do`

Do it.

More of it.

{mark}
```sh
goldenpath do --at here    # at once
goldenpath do
goldenpath do again
```

| option | what it is | default | variable |
| --- | --- | --- | --- |
| `WHAT` |  | required |  |
| `--at TEXT` | Where. | everywhere | `GOLDENPATH_AT` |
| `--step first\\|last` | Which one. | `first` |  |
| `--days INTEGER` | How long. | required |  |
| `--loud` | Say it. |  |  |
"""


def test_a_command_is_shown_with_examples_and_options() -> None:
    assert reference.section("goldenpath do", command) == SECTION.format(mark=reference.EXAMPLE_MARK)


def test_the_page_has_every_command_and_marks_what_a_stage_requires() -> None:
    page = reference.command_page()
    stages = set(cli.SHORT_HELP) - {"iam", "local", "policy", "registry", "release", "report", "tools"}
    assert [name for name in sorted(stages) if f"\n## `goldenpath {name}`\n" not in page] == []
    deliver = page.partition("\n## `goldenpath deliver`\n")[2].partition("\n## ")[0]
    assert [line for line in deliver.splitlines() if line.startswith("| `--environment ") and "| required |" in line]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"const": "blocking"}, "`blocking`"),
        ({"enum": ["allowed", "refused"]}, "`allowed`, `refused`"),
        ({"oneOf": [{"const": "any"}, {"type": "array", "items": {"type": "string"}}]}, "`any` or list"),
        ({"type": "array", "items": {"enum": ["HIGH"]}}, "list of `HIGH`"),
        ({"type": "integer"}, "whole number"),
    ],
)
def test_a_type_says_what_may_be_written(field: dict[str, object], expected: str) -> None:
    assert reference.type_of(field) == expected


def test_the_policys_page_has_the_fields_of_all_three_files() -> None:
    page = reference.policy_page()
    for field in (
        "environments.ENVIRONMENT.trivy.mode",
        "tighten.ENVIRONMENT.trivy.mode",
        "exceptions[].scope.package",
    ):
        assert f"\n| `{field}` | " in page
    assert '\n| `settled[].settled_by` | text | required | Who settled it, a person or team. | `"team-web"` |\n' in page
