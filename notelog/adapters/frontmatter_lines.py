"""The everyday front matter, read line by line: the forms that cannot be mistaken, no others.

A block of lines ``key: value`` and short lists. Whatever this module accepts, a YAML 1.2 parser
reads the same way; whatever is not plainly one of these forms, it leaves alone.
"""

import re

from notelog.core.frontmatter import FrontMatterValues
from notelog.core.note import FrontMatterValue
from notelog.core.yaml_scalar import resolve_scalar

# Letters are those of ASCII and CJK; more kinds are left to the YAML parser.
_CJK = "\u3001-\u303f\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01-\uffe6"
_LETTER = f"A-Za-z0-9_{_CJK}"
# What a plain scalar may hold once it has begun; "#", ": ", tabs and double blanks are left out.
_INNER = rf"{_LETTER}.+/@\\()=*!$%^&;,'\"<>|~\[\]{{}}-"
_PLAIN = rf"(?:[{_LETTER}./]|[-+](?=[^\s]))(?:[?{_INNER}]|:(?=[^\s:#])|[ ](?=[{_INNER}]))*"
_PLAIN_IN_FLOW = rf"[{_LETTER}](?:[{_LETTER}./@()+-]|[ ](?=[{_LETTER}]))*"
_QUOTED = r"'[^'\n]*'|\"[^\"\\\n]*\""

_KEY = re.compile(rf"([A-Za-z_{_CJK}][{_LETTER}-]{{0,63}}):(?=[ ]|$)[ ]*")
_VALUE = re.compile(rf"(?:(?P<quoted>{_QUOTED})|(?P<plain>{_PLAIN}))[ ]*$")
_BLOCK_ITEM = re.compile(
    rf"(?P<indent>[ ]*)-[ ]+(?:(?P<quoted>{_QUOTED})|(?P<plain>{_PLAIN}))[ ]*$"
)
_FLOW_ITEM = re.compile(
    rf"[ ]*(?:(?P<quoted>{_QUOTED})|(?P<plain>{_PLAIN_IN_FLOW}))[ ]*(?P<next>[,\]])"
)
_EMPTY_FLOW = re.compile(r"\[[ ]*\][ ]*$")


def read_plain_lines(text: str) -> FrontMatterValues | None:
    """Reads a block of unmistakable lines.

    Args:
        text: printable text with LF line ends.

    Returns:
        The mapping, or None where any line is of another form.
    """
    values: dict[str, FrontMatterValue] = {}
    lines: dict[str, int] = {}
    rows = text.split("\n")
    number = 0
    try:
        while number < len(rows):
            row = rows[number]
            if row.startswith("#") or not row.strip(" "):
                number += 1
                continue
            key = _KEY.match(row)
            if key is None or key[1] in values:
                return None
            lines[key[1]] = number
            values[key[1]], number = _value(row, key.end(), rows, number + 1)
    except ValueError:
        return None
    return FrontMatterValues(values=values, lines=lines)


def _value(row: str, start: int, rows: list[str], number: int) -> tuple[FrontMatterValue, int]:
    """The value that follows a key, and the number of the first row after it.

    Raises:
        ValueError: it has another form.
    """
    if start == len(row):
        return _block_list(rows, number)
    if row[start] == "[":
        return _flow_list(row, start), number
    match = _VALUE.match(row, start)
    if match is None:
        raise ValueError(row)
    return _scalar(match), number


def _block_list(rows: list[str], number: int) -> tuple[FrontMatterValue, int]:
    items: list[FrontMatterValue] = []
    indents: set[str] = set()
    while number < len(rows) and (match := _BLOCK_ITEM.match(rows[number])) is not None:
        items.append(_scalar(match))
        indents.add(match["indent"])
        number += 1
    if len(indents) > 1:
        raise ValueError(number)
    return (tuple(items) if items else None), number


def _flow_list(row: str, start: int) -> FrontMatterValue:
    if _EMPTY_FLOW.match(row, start):
        return ()
    items: list[FrontMatterValue] = []
    place = start + 1
    while (match := _FLOW_ITEM.match(row, place)) is not None:
        items.append(_scalar(match))
        place = match.end()
        if match["next"] == "]":
            break
    if match is None or row[place:].strip(" "):
        raise ValueError(row)
    return tuple(items)


def _scalar(match: re.Match[str]) -> FrontMatterValue:
    if (quoted := match["quoted"]) is not None:
        return quoted[1:-1]
    return resolve_scalar(match["plain"])
