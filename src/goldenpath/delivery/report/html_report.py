"""The delivery report: one HTML file that shows a whole run, without a network.

Everything that scanners and strangers wrote is data: the template escapes it, the page's script sets it as text, and
the page's own policy runs no other script. Source: W3C, "Content Security Policy Level 3", hash sources.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from msgspec.structs import asdict

from goldenpath.delivery.report import finding_counts, finding_groups, finding_text, job_summary, report_data
from goldenpath.delivery.report.report_data import FindingStanding
from goldenpath.shared import codec

if TYPE_CHECKING:
    from datetime import date

    from goldenpath.delivery.model.work_folder import WorkFolder
    from goldenpath.delivery.report.job_summary import Facts
    from goldenpath.delivery.report.report_data import ReportData

FILES = Path(__file__).parent / "html"
_POLICY = "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'"
_GROUPS_AT_MOST = 200
_LAYERS_AT_MOST = 300
_GONE_AT_MOST = 300


def write(work: WorkFolder, facts: Facts, path: Path, released: WorkFolder | None = None) -> None:
    """Write the report on the run that left its files in `work` to `path`.

    `released` is the folder of a re-scan of the last release. Raises `BadInput` when there is none in it,
    `EvidenceMismatch` for a file that no job of this run reported, `DiskTrouble` when it cannot be written.
    """
    codec.write_bytes(path, render(facts, report_data.gather(work, facts, released)).encode())


def render(facts: Facts, data: ReportData) -> str:
    """Return the report on a run as one HTML file."""
    style, script = ((FILES / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FILES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    groups = finding_groups.grouped(facts.to_fix)
    return environment.get_template("report.html.j2").render(
        style=style,
        script=script,
        policy=_POLICY.format(_hash(style), _hash(script)),
        headline=job_summary.headline(facts),
        facts=facts,
        best_change=finding_groups.best_change(facts.to_fix),
        columns=finding_text.COLUMNS,
        rows=[group.row() for group in groups[:_GROUPS_AT_MOST]],
        rows_left=len(groups) - _GROUPS_AT_MOST,
        stages=_stages(facts),
        severities=finding_counts.by_severity(data.findings),
        ages=finding_counts.by_age(data.findings, _day(facts)),
        sources=finding_counts.by_source(data.findings),
        difference=data.difference,
        gone=[
            report_data.finding_row(finding, FindingStanding.REPORTED)
            for finding in (data.difference.gone[:_GONE_AT_MOST] if data.difference else ())
        ],
        layers=sorted(data.layers, key=lambda layer: -layer.size)[:_LAYERS_AT_MOST],
        largest=max((layer.size for layer in data.layers), default=0) or 1,
        size=sum(layer.size for layer in data.layers),
        bar=finding_counts.bar,
        data={
            "findings": [list(asdict(row).values()) for row in data.findings],
            "packages": [list(asdict(row).values()) for row in data.packages],
        },
    )


def _stages(facts: Facts) -> list[dict[str, object]]:
    longest = max((timing.seconds for timing in facts.timings.stages), default=0.0)
    return [
        {
            "name": timing.stage, "end": timing.end.value, "seconds": timing.seconds, "sentence": timing.sentence,
            "fix": timing.fix, "bar": finding_counts.bar(timing.seconds, longest),
        }
        for timing in facts.timings.stages
    ]  # fmt: skip


def _day(facts: Facts) -> date | None:
    """Return the day of the decisions, from which ages are counted; `None` if no gate names it."""
    days = [verdict.decided_at.astimezone(UTC).date() for verdict in facts.verdicts.values() if verdict.decided_at]
    return max(days, default=None)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
