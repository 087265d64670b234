"""The everyday front matter, read line by line: the forms that cannot be mistaken, no others.

A block of lines ``key: value`` and short lists. Whatever this module accepts, a YAML 1.2 parser
reads the same way; whatever is not plainly one of these forms, it leaves alone.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from notelog.core.frontmatter import FrontMatterValues
from notelog.core.note import FrontMatterValue
from notelog.core.yaml_scalar import resolve_scalar

# More kinds of letters are left to the YAML parser.
_CJK = "\u3001-\u303f\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01-\uffe6"
_EMPTY_FLOW = re.compile(r"\[[ ]*\][ ]*$")


class _Forms(NamedTuple):
    key: re.Pattern[str]
    value: re.Pattern[str]
    block_item: re.Pattern[str]
    flow_item: re.Pattern[str]


@lru_cache(maxsize=2)
def _forms(*, ascii_only: bool) -> _Forms:
    """The patterns for a row; those with the letters of CJK take 80 ms to compile."""
    more = "" if ascii_only else _CJK
    letter = f"A-Za-z0-9_{more}"
    # What a plain scalar may hold once it has begun: no "#", ": ", tab or double blank.
    inner = rf"{letter}.+/@\\()=*!$%^&;,'\"<>|~\[\]{{}}-"
    plain = rf"(?:[{letter}./]|[-+](?=[^\s]))(?:[?{inner}]|:(?=[^\s:#])|[ ](?=[{inner}]))*"
    plain_in_flow = rf"[{letter}](?:[{letter}./@()+-]|[ ](?=[{letter}]))*"
    quoted = r"'[^'\n]*'|\"[^\"\\\n]*\""
    scalar = rf"(?:(?P<quoted>{quoted})|(?P<plain>{plain}))[ ]*"
    return _Forms(
        key=re.compile(rf"([A-Za-z_{more}][{letter}-]{{0,63}}):(?=[ ]|$)[ ]*"),
        value=re.compile(rf"{scalar}$"),
        block_item=re.compile(rf"(?P<indent>[ ]*)-[ ]+{scalar}$"),
        flow_item=re.compile(
            rf"[ ]*(?:(?P<quoted>{quoted})|(?P<plain>{plain_in_flow}))[ ]*(?P<next>[,\]])"
        ),
    )


def _of(row: str) -> _Forms:
    return _forms(ascii_only=row.isascii())


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
            key = _of(row).key.match(row)
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
    match = _of(row).value.match(row, start)
    if match is None:
        raise ValueError(row)
    return _scalar(match), number


def _block_list(rows: list[str], number: int) -> tuple[FrontMatterValue, int]:
    items: list[FrontMatterValue] = []
    indents: set[str] = set()
    while number < len(rows) and (match := _of(rows[number]).block_item.match(rows[number])):
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
    while (match := _of(row).flow_item.match(row, place)) is not None:
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
