"""The result as a picture: how many times the recipe's time a delivery takes, for each case.

An SVG file written by hand: three dozen shapes need no library. It brings its own background in two colours, as the
page around it may be light or dark (Media Queries Level 5, `prefers-color-scheme`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from dev.benchmark.model import Side
from dev.benchmark.spread import pairs
from dev.benchmark.table import wall

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dev.benchmark.model import Benchmark
    from dev.benchmark.spread import Pairs, Spread

_WIDTH, _ROW, _TOP, _BOTTOM = 860, 24, 64, 34
_LEFT, _RIGHT = 190, 640  # of the part with the scale; seconds stand right of it
_MARKS = (0.25, 0.5, 1, 2, 4, 8, 16, 32)
_STYLE = """\
  .ground { fill: #ffffff } .text { fill: #1f2328 } .weak { fill: #59636e } .grid { stroke: #d1d9e0 }
  .even { stroke: #59636e } .slow { fill: #bc4c00; stroke: #bc4c00 } .fast { fill: #1a7f37; stroke: #1a7f37 }
  text { font: 13px system-ui, sans-serif } .title { font-weight: 600; font-size: 15px } .range { stroke-width: 3 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .text { fill: #f0f6fc } .weak { fill: #9198a1 } .grid { stroke: #3d444d }
    .even { stroke: #9198a1 } .slow { fill: #f0883e; stroke: #f0883e } .fast { fill: #3fb950; stroke: #3fb950 }
  }"""


def render(benchmark: Benchmark) -> str:
    """Return the SVG file's text."""
    rows = [(race, ratio) for race in pairs(benchmark) if (ratio := race.ratio(wall))]
    scale = _Scale([value for _, ratio in rows for value in (ratio.least, ratio.most)])
    height = _TOP + _ROW * len(rows) + _BOTTOM
    dots = (shape for number, row in enumerate(rows) for shape in _row(number, *row, scale))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
            "<title>Time of a delivery, as a multiple of the recipe's time</title>",
            f"<style>\n{_STYLE}\n</style>",
            *_frame(scale, height),
            *dots,
            "</svg>\n",
        ]
    )


class _Scale:
    """A logarithmic scale that has room for `values`, and for 1."""

    def __init__(self, values: Sequence[float]) -> None:
        least, most = min([*values, 0.8]) / 1.1, max([*values, 1.25]) * 1.1
        self.marks = [mark for mark in _MARKS if least <= mark <= most]
        self._first, self._length = math.log(least), math.log(most / least)

    def place(self, value: float) -> float:
        """Return where `value` is, from the left."""
        return round(_LEFT + (_RIGHT - _LEFT) * (math.log(value) - self._first) / self._length, 1)


def _frame(scale: _Scale, height: int) -> Iterator[str]:
    bottom = height - _BOTTOM
    yield f'<rect class="ground" width="{_WIDTH}" height="{height}"/>'
    yield _text(16, 26, "Time of a delivery, as a multiple of the recipe's time", "text title")
    yield _text(16, 46, "median and range of the rounds; left of 1 the delivery is faster", "weak")
    yield _text(_RIGHT + 16, 46, "recipe → ours", "weak")
    for mark in scale.marks:
        at, kind = scale.place(mark), "even" if mark == 1 else "grid"
        yield f'<line class="{kind}" x1="{at}" x2="{at}" y1="{_TOP - 8}" y2="{bottom + 4}"/>'
        yield _text(at, bottom + 20, f"{mark:g}", "weak", "middle")


def _row(number: int, race: Pairs, ratio: Spread, scale: _Scale) -> Iterator[str]:
    y = _TOP + _ROW * number + _ROW // 2
    kind = "fast" if ratio.median <= 1 else "slow"
    first, middle, last = (scale.place(value) for value in (ratio.least, ratio.median, ratio.most))
    yield _text(16, y + 4, f"{race.case}, {race.state}", "text")
    yield f'<line class="{kind} range" x1="{first}" x2="{last}" y1="{y}" y2="{y}"/>'
    yield f'<circle class="{kind}" cx="{middle}" cy="{y}" r="5"/>'
    seconds = " → ".join(f"{race.spread(side, wall).median:.1f} s" for side in (Side.RECIPE, Side.OURS))
    yield _text(_RIGHT + 16, y + 4, f"{seconds} ({ratio.median:.2f})", "text")


def _text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{kind}" x="{x}" y="{y}"{where}>{escape(words)}</text>'
