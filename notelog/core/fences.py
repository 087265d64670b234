"""Fenced code in a text that is cut: what must be closed and opened again around the cut."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

# A code fence (CommonMark 4.5) at any depth of lists and quotes.
_FENCE: Final = re.compile(
    r"^(?P<lead>[ \t>]*)(?P<mark>`{3,}|~{3,})(?P<rest>[^\n]*)$", re.MULTILINE
)
_LIKE: Final = re.compile(r"[ \t>]*(?:```|~~~)[^\n]*")
_INFO_CHARS: Final = 60


class _Line(NamedTuple):
    """A line that is a fence or looks like one, and what opens and closes what is open after it."""

    start: int
    end: int
    opener: str = ""
    closer: str = ""


class Fences:
    """The fences of a text, found in one pass."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [_Line(-1, -1), *_fence_lines(text)]
        self._starts = [line.start for line in self._lines]

    def before(self, index: int) -> tuple[int, str]:
        """Where a beginning of the text that ends near ``index`` ends, and what closes it then."""
        place = bisect_left(self._starts, max(0, index)) - 1
        line = self._lines[place]
        if index < line.end or (line.opener and index <= line.end + 1):
            return line.start, self._lines[place - 1].closer
        return index, line.closer

    def after(self, index: int) -> tuple[int, str]:
        """Where an end of the text that begins near ``index`` begins, and what opens it then."""
        if index and self._text[index - 1] != "\n" and (like := _LIKE.match(self._text, index)):
            index = like.end()
        place = bisect_right(self._starts, index) - 1
        line, above = self._lines[place], self._lines[place - 1]
        if line.start == index and (line.opener or not above.opener):
            return index, above.opener
        return max(index, line.end), line.opener


def _fence_lines(text: str) -> Iterator[_Line]:
    """The lines that are fences, or would be if they were cut."""
    mark = opener = closer = ""
    for found in _FENCE.finditer(text):
        lead, now, rest = found["lead"], found["mark"], found["rest"]
        if not mark and not (now[0] == "`" and "`" in rest):
            mark = now
            opener = f"{lead}{mark}{rest if len(rest) <= _INFO_CHARS else ''}"
            closer = f"{lead}{mark}"
        elif mark and now.startswith(mark) and not rest.strip():
            mark = opener = closer = ""
        yield _Line(*found.span(), opener, closer)
