"""What ``notelog tokens`` shows on a terminal: tables, the cut, and the window as a bar."""

from typing import TYPE_CHECKING

from notelog.cli.styled import Column, show_table
from notelog.cli.tokens_sentences import (
    TEXT_COLUMNS,
    bar_parts,
    cut_place,
    cut_sentence,
    figure_lines,
    text_rows,
    turn_cells,
)
from notelog.core.trim_report import Fate
from notelog.core.visible import visible_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from notelog.app.tokens import Tally
    from notelog.cli.output import Output

_ROLE_STYLES = {"system": "magenta", "user": "cyan", "assistant": "green"}
_CELLS = ("█", "░", "▒")
_ASCII_CELLS = ("#", ".", "r")
_MOST_BAR = 60
_LEAST_WIDE = 64


def show_turns(tally: "Tally", *, color: bool | None) -> None:
    """Shows a chat note on the terminal.

    Args:
        tally: what was counted.
        color: None lets the terminal and ``NO_COLOR`` decide.
    """
    console = _console(color)
    console.print(_turn_table(tally, narrow=console.width < _LEAST_WIDE))
    ascii_only = console.options.ascii_only
    width = min(_MOST_BAR, console.width - 2)
    lines = figure_lines(tally)
    for line in lines[:-1]:
        _print_figure(console, line)
    if tally.plan is not None:
        console.print(_bar(tally, width, _ASCII_CELLS if ascii_only else _CELLS))
    _print_figure(console, lines[-1])


def show_texts(tallies: "Sequence[Tally]", output: "Output") -> None:
    """Shows several notes, or plain texts, on the terminal."""
    columns = [
        Column(title=title, right=title not in {"count", "name"}, gives=title == "name", path=True)
        for title in TEXT_COLUMNS
    ]
    rows = text_rows(tallies)
    total = rows.pop() if len(tallies) > 1 else None
    show_table(output, columns, rows, total=total)


def _console(color: bool | None) -> "Console":  # noqa: FBT001  # a tri-state passed through
    from rich.console import Console

    no_color = None if color is None else not color
    return Console(no_color=no_color, highlight=False, markup=False, emoji=False)


def _print_figure(console: "Console", line: str) -> None:
    from rich.text import Text

    name, _, rest = line.partition(":")
    console.print(line if line[:1] == " " else Text.assemble((f"{name}:", "bold"), rest))


def _turn_table(tally: "Tally", *, narrow: bool) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True, title_justify="left")
    table.title = Text(visible_line(tally.path), style="bold")
    shown = slice(1, 2) if narrow else slice(3)
    for name in ("#", "role", *("lines", "tokens", "share")[shown]):
        left = name in {"role", "lines"}
        table.add_column(name, justify="left" if left else "right", no_wrap=True)
    table.add_column("text", no_wrap=True, overflow="ellipsis", ratio=1)
    place = cut_place(tally)
    for number, turn in enumerate(tally.turns, start=1):
        role, *figures, sent, words = turn_cells(turn)
        role_text = Text(role, style=_ROLE_STYLES.get(role, ""))
        mark = "pinned " if sent == "pinned" else ""
        if turn.fate is Fate.SHORTENED:
            mark = f"shortened to {sent} "
        text = Text.assemble((mark, "yellow"), words)
        style = "dim" if sent == "no" else ""
        table.add_row(str(number), role_text, *figures[shown], text, style=style)
        if number == place:
            table.add_section()
            blank = ["" for _ in figures[shown]]
            table.add_row("", Text("cut", style="red"), *blank, _cut_text(tally))
            table.add_section()
    return table


def _cut_text(tally: "Tally") -> "Text":
    from rich.text import Text

    return Text(cut_sentence(tally, brief=True).removeprefix("cut "), style="red")


def _bar(tally: "Tally", width: int, cells: tuple[str, str, str]) -> "Text":
    """The window: the prompt, what is free for it, and what is kept for the reply."""
    from rich.text import Text

    styles = ("green", "dim", "blue")
    names = ("prompt", "free", "kept for the reply")
    parts = bar_parts(tally, width)
    bar = Text.assemble(
        *((cell * part, style) for cell, part, style in zip(cells, parts, styles, strict=True))
    )
    bar.append("\n")
    for cell, name, style in zip(cells, names, styles, strict=True):
        bar.append(cell, style)
        bar.append(f" {name}   ")
    return bar
