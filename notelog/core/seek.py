"""Finding the next of something in a text, each kind in linear time for the whole text."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple, TypeAlias

from notelog.core.content import BLANK
from notelog.core.dialect import DONE_DATE, LABELS, MARKER_AFTER_SEPARATOR, SEPARATOR
from notelog.core.end_marks import EndMarks

_FENCE_ENDS = {
    mark: re.compile(
        mark + rb"(?:(?<=\nx)|(?<=\n x)|(?<=\n  x)|(?<=\n   x))(xx++)[ \t]*+$".replace(b"x", mark),
        re.MULTILINE,
    )
    for mark in (b"`", b"~")
}
_BLANK_LINES = re.compile(rb"(?:[ \t]*\n)*+")
_TRIGGERS = tuple(
    (first, re.compile(re.escape(first) + rest))
    for first, rest in (
        (b"`", rb"``"),
        (b"~", rb"~~"),
        (b"%", rb"%"),
        (b"$", rb"\$"),
        (b"=", rb"(?:begin|end)-chatgpt-md-comment"),
        (b"<", rb"(?:[!?]|[hH][rR][ \t]|(?i:pre|script|style|textarea))"),
        (
            b"[",
            rb"(?:\[|!(?i:notelog)\]|[ xX]\][ \t]+(?i:"
            + LABELS
            + rb")"
            + DONE_DATE
            + BLANK
            + rb"*+(?:\n|\Z))",
        ),
        (b"!", rb"\["),
        (b":", rb"(?:(?<=(?i:role):)|(?<=\\:)):"),
    )
)
"""The first byte of each kind of trigger, and its pattern; another is ``EndMarks.escaped``.

``bytes.find`` of one byte takes 0.01 ms a megabyte; a pattern that begins with one literal byte
takes 0.3 ms, and one that begins with a class of bytes 13 ms.
"""

_SPARSE_BYTES = 200  # a byte that stands less often than once in so many is rare
_SAMPLE_BYTES = 32_768  # how much of a text tells whether a byte is rare in it
_PLAIN_HEADER = re.compile(
    rb'<hr class="__chatgpt_plugin">(?P<separator_end> ?\n)(?: ?\n)*+'
    rb"(?P<marker>(?:#{1,6} )?role::(?:user|assistant)"
    rb"(?:<span [^<>\n]*> \([^()<\n]*\)</span>)? ?\n)"
)
_RULE = re.compile(rb"<[hH][rR][ \t]")
_NEWLINE = ord("\n")
RAW_END = re.compile(rb"</(?:script|pre|style|textarea)>", re.IGNORECASE)
"""What ends a raw HTML block."""


def separator_at(text: bytes, start: int) -> re.Match[bytes] | None:
    """The separator in the line that starts at ``start``, if it is a live one."""
    found = SEPARATOR.match(text, start)
    return found if found and not found["slashes"] else None


def blank_above(text: bytes, floor: int, start: int) -> bool:
    """Whether the line above the one that starts at ``start`` is blank, or none since ``floor``."""
    if start == floor:
        return True
    before = text.rfind(b"\n", floor, start - 1)
    return not text[max(before, floor) : start].strip(b" \t\n")


def marker_after(text: bytes, end: int) -> re.Match[bytes] | None:
    """The role marker that follows a separator that ends at ``end``, of any name."""
    if end < len(text) and text[end] != _NEWLINE:
        return MARKER_AFTER_SEPARATOR.match(text, end)
    blank = _BLANK_LINES.match(text, end)
    return MARKER_AFTER_SEPARATOR.match(text, blank.end() if blank else end)


def plain_header(text: bytes, start: int) -> re.Match[bytes] | None:
    """A separator with its marker, written as the plugin writes them; others are read slowly."""
    return _PLAIN_HEADER.match(text, start)


class _FenceEnds(NamedTuple):
    """The lines that close a kind of fence: offsets, ends, lengths, the longest from there on."""

    offsets: list[int]
    stops: list[int]
    lengths: list[int]
    longest: list[int]


class Closers:
    """Where open blocks end, looked up without ever reading a stretch of text twice."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._missing: dict[bytes, int] = {}
        self._ends: dict[bytes, _FenceEnds] = {}

    def _fence_ends(self, kind: bytes) -> _FenceEnds:
        if kind not in self._ends:
            found = list(_FENCE_ENDS[kind].finditer(self.text))
            lengths = [each.end(1) - each.start() for each in found]
            self._ends[kind] = _FenceEnds(
                [each.start() for each in found],
                [min(each.end() + 1, len(self.text)) for each in found],
                lengths,
                list(accumulate(reversed(lengths), max))[::-1],
            )
        return self._ends[kind]

    def fence(self, kind: bytes, length: int, start: int) -> int:
        """Where the first line from ``start`` on that closes such a fence ends, or -1."""
        offsets, stops, lengths, longest = self._fence_ends(kind)
        place = bisect_left(offsets, start)
        if place >= len(offsets) or longest[place] < length:
            return -1
        while lengths[place] < length:
            place += 1
        return stops[place]

    def after(self, closer: bytes, start: int) -> int:
        """The end of the first ``closer`` from ``start`` on, or -1.

        Any end tag of a raw HTML block closes any of them (CommonMark 4.6).
        """
        if closer.startswith(b"</"):
            closer = b"</"
        if start >= self._missing.get(closer, len(self.text) + 1):
            return -1
        found = self._search(closer, start)
        if found < 0:
            self._missing[closer] = start
        return found

    def _search(self, closer: bytes, start: int) -> int:
        if closer.startswith(b"</"):
            match = RAW_END.search(self.text, start)
            return match.end() if match else -1
        at = self.text.find(closer, start)
        return at + len(closer) if at >= 0 else -1

    @cached_property
    def _turns(self) -> list[int]:
        return [start for start in self._rules() if self._starts_turn(start)]

    def _rules(self) -> Iterator[int]:
        """The offset of each line that begins, after at most three blanks, like a separator."""
        for found in _RULE.finditer(self.text):
            line = self._line_of(found.start())
            if line >= 0:
                yield line

    def _line_of(self, offset: int) -> int:
        """The start of the line, where ``offset`` is at most three bytes into it, else -1."""
        near = max(offset - 4, 0)
        line = self.text.rfind(b"\n", near, offset) + 1
        return line if line or near == 0 else -1

    def _starts_turn(self, start: int) -> bool:
        separator = separator_at(self.text, start)
        return bool(separator and marker_after(self.text, separator.end()))

    def next_turn(self, start: int) -> int:
        """The offset of the next separator that a marker follows, or the text's end."""
        place = bisect_left(self._turns, start)
        return self._turns[place] if place < len(self._turns) else len(self.text)


_Find: TypeAlias = Callable[[bytes, bytes, re.Pattern[bytes], int], int]


def _sparse(text: bytes, first: bytes, pattern: re.Pattern[bytes], start: int) -> int:
    """Where the first byte is rare, going from one to the next is fastest."""
    at = text.find(first, start)
    while at >= 0 and not pattern.match(text, at):
        at = text.find(first, at + 1)
    return at if at >= 0 else len(text)


def _dense(text: bytes, first: bytes, pattern: re.Pattern[bytes], start: int) -> int:
    near = text.find(first, start)
    found = pattern.search(text, near) if near >= 0 else None
    return found.start() if found else len(text)


class Triggers:
    """The next place where a line might be more than plain text.

    Each kind is a search of its own, and those whose first byte the text does not hold are not
    made at all.
    """

    def __init__(self, text: bytes, end_marks: EndMarks) -> None:
        self._text = text
        self._size = len(text)
        sample = text[:_SAMPLE_BYTES]
        self._kinds: list[tuple[bytes, _Find, re.Pattern[bytes]]] = [
            (first, _sparse if sample.count(first) * _SPARSE_BYTES <= len(sample) else _dense, kind)
            for first, kind in (*_TRIGGERS, (b"\\", end_marks.escaped))
            if first in text
        ]
        self._next = [-1] * len(self._kinds)
        for place in range(len(self._kinds)):
            self._look(place, 0)

    def _look(self, place: int, start: int) -> None:
        first, find, pattern = self._kinds[place]
        self._next[place] = find(self._text, first, pattern, start)

    def after(self, start: int) -> int:
        """The offset of the next one from ``start`` on, or -1."""
        known = self._next
        best = min(known, default=self._size)
        while best < start:
            self._look(known.index(best), start)
            best = min(known)
        return best if best < self._size else -1
