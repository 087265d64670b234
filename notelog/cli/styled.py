"""Lines and tables with a little colour where a person looks, and plain where a program reads."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from notelog.core.visible import visible_line

if TYPE_CHECKING:
    from rich.console import Console

    from notelog.cli.output import Output

Line = Sequence[tuple[str, str]]
"""A line as pieces of text, each with its style: ``bold``, ``dim``, ``red``, or an empty one."""


_GAP = 2
_LEAST_BAR, _MOST_BAR = 6, 24
_LEAST_NAME_BY_BAR, _LEAST_NAME = 24, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes:
        title: above it.
        right: figures stand to the right.
        gives: it is shortened where the terminal is too narrow.
        path: its cells are paths: the end tells them apart, and stays.
    """

    title: str
    right: bool = False
    gives: bool = False
    path: bool = False


def show_lines(output: "Output", lines: Sequence[Line]) -> None:
    """Writes lines to standard output."""
    if not sys.stdout.isatty():
        for line in lines:
            output.data("".join(text for text, _ in line).rstrip())
        return
    from rich.text import Text

    console = _console(output)
    for line in lines:
        text = Text.assemble(*((visible_line(text), style) for text, style in line))
        console.print(text, soft_wrap=True)


def show_table(
    output: "Output",
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    *,
    total: Sequence[str] | None = None,
    bars: Sequence[tuple[float, float]] = (),
) -> None:
    """Writes a table to standard output; on a terminal too narrow for it, a line a cell.

    Args:
        output: where to.
        columns: their titles and sides.
        rows: a cell a column.
        total: the last row, set apart.
        bars: of each row how long a bar is and how much further it may reach, as shares of the
            longest; shown on a terminal that has room for them.
    """
    shown = [[visible_line(cell) for cell in row] for row in rows]
    last = [[visible_line(cell) for cell in total]] if total is not None else []
    heading = [column.title for column in columns]
    widths = [
        max(cell_width(row[place]) for row in (heading, *shown, *last))
        for place in range(len(columns))
    ]
    bar_width, gap, cells = 0, "", ("", "")
    if sys.stdout.isatty():
        console = _console(output)
        cells = ("#", "-") if console.options.ascii_only else ("█", "░")
        room = _fit(columns, widths, console.width, bars=bool(bars))
        if room < 0:
            show_lines(output, list(_stacked(heading, [*shown, *last])))
            return
        if room >= _GAP + _LEAST_BAR:
            bar_width, gap = min(room - _GAP, _MOST_BAR), " " * _GAP
    lines: list[Line] = [[(_row(columns, heading, widths), "bold")]]
    for number, row in enumerate(shown):
        known, further = (round(share * bar_width) for share in bars[number]) if bars else (0, 0)
        lines.append([
            (_row(columns, row, widths) + gap, ""),
            (cells[0] * known, "green"),
            (cells[1] * further, "yellow"),
        ])  # fmt: skip
    lines += [[(_row(columns, row, widths), "bold")] for row in last]
    show_lines(output, lines)


def _fit(columns: Sequence[Column], widths: list[int], width: int, *, bars: bool) -> int:
    """Shortens the columns that give until a table fits; the room left beside it."""
    room = width - sum(widths) - _GAP * (len(widths) - 1) - 1
    for least, wanted in ((_LEAST_NAME_BY_BAR, _GAP + _LEAST_BAR if bars else 0), (_LEAST_NAME, 0)):
        for place, column in enumerate(columns):
            if column.gives and room < wanted:
                given = min(wanted - room, max(0, widths[place] - least))
                widths[place] -= given
                room += given
    return room


def _stacked(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Line]:
    """Rows below each other, each cell that holds anything behind its title."""
    width = max(map(cell_width, heading))
    for number, row in enumerate(rows):
        if number:
            yield []
        for place, (title, cell) in enumerate(zip(heading, row, strict=True)):
            if cell:
                yield [(f"{title:<{width}}  {cell}", "" if place else "bold")]


def _row(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int]) -> str:
    shown = (_cell(*part) for part in zip(columns, cells, widths, strict=True))
    return (" " * _GAP).join(shown)


def _cell(column: Column, text: str, width: int) -> str:
    """A cell in its width, in columns of the terminal."""
    if cell_width(text) > width:
        while cell_width(text) >= width:
            text = text[1:] if column.path else text[:-1]
        text = f"…{text}" if column.path else f"{text}…"
    blank = " " * (width - cell_width(text))
    return blank + text if column.right else text + blank


def cell_width(text: str) -> int:
    """How many columns of a terminal a text takes: Chinese characters take two."""
    return sum(2 if east_asian_width(letter) in {"W", "F"} else 1 for letter in text)


def _console(output: "Output") -> "Console":
    from rich.console import Console

    no_color = None if output.color is None else not output.color
    return Console(no_color=no_color, highlight=False, markup=False, emoji=False)
