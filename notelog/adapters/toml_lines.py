"""On which line of a TOML file each key stands: tomllib reads values and forgets places."""

import re
from collections.abc import Mapping

_PART = r"(?:[A-Za-z0-9_-]+|\"(?:[^\"\\]|\\.)*\"|'[^']*')"
_NAME = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_HEADER = re.compile(rf"[ \t]*\[\[?[ \t]*({_NAME})[ \t]*\]")
_ASSIGNMENT = re.compile(rf"[ \t]*({_NAME})[ \t]*=")
_PARTS = re.compile(_PART)
_ESCAPE = re.compile(r"\\(.)")
_TRIPLE = ('"""', "'''")


def key_lines(text: str) -> Mapping[str, int]:
    """The 1-based line of every table and key, by dotted name.

    Args:
        text: a TOML document that tomllib has read.
    """
    lines: dict[str, int] = {}
    table = ""
    open_quote = ""
    for number, row in enumerate(text.split("\n"), 1):
        if open_quote:
            open_quote = "" if row.count(open_quote) % 2 else open_quote
            continue
        if header := _HEADER.match(row):
            table = _dotted(header[1])
            _note(lines, table, number)
        elif assignment := _ASSIGNMENT.match(row):
            name = _dotted(assignment[1])
            _note(lines, f"{table}.{name}" if table else name, number)
        open_quote = next((quote for quote in _TRIPLE if row.count(quote) % 2), "")
    return lines


def line_of(lines: Mapping[str, int], name: str) -> int | None:
    """The line of a key, or of the nearest thing that holds it, such as an inline table."""
    while name and name not in lines:
        name = name.rpartition(".")[0]
    return lines.get(name)


def _note(lines: dict[str, int], name: str, number: int) -> None:
    """Records a name and, where they are new, all that it lies in."""
    while name:
        lines.setdefault(name, number)
        name = name.rpartition(".")[0]


def _dotted(name: str) -> str:
    return ".".join(_bare(part) for part in _PARTS.findall(name))


def _bare(part: str) -> str:
    if part.startswith('"'):
        return _ESCAPE.sub(r"\1", part[1:-1])
    return part.strip("'")
