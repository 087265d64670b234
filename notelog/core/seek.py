"""Finding the next of something in a text, each kind in linear time for the whole text."""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import cached_property

from notelog.core.dialect import MARKER_AFTER_SEPARATOR, SEPARATOR

_FENCE_END = re.compile(rb"^ {0,3}(`{3,}|~{3,})[ \t]*$", re.MULTILINE)
_BLANK_LINES = re.compile(rb"(?:[ \t]*\n)*+")
_HTML = re.compile(rb"<(?:[!?]|[hH][rR]|(?i:pre|script|style|textarea))")
_TASK = re.compile(
    rb"\[[ xX]\][ \t]+(?i:send|again|retry|pin|\xe5\x8f\x91\xe9\x80\x81)[ \t]*$", re.M
)
_NOTELOG = re.compile(rb"\[!(?i:notelog)\]")
_ROLE = re.compile(rb"(?i:role)\\*+::")
_SEPARATOR_LINE = re.compile(rb"^(?=[ ]{0,3}<)" + SEPARATOR.pattern, SEPARATOR.flags)
RAW_END = re.compile(rb"</(?:script|pre|style|textarea)>", re.IGNORECASE)
"""What ends a raw HTML block."""

_LINKS = re.compile(rb"!?\[\[|!\[")


def separator_at(text: bytes, start: int) -> re.Match[bytes] | None:
    """The separator in the line that starts at ``start``, if it is a live one."""
    found = SEPARATOR.match(text, start)
    return found if found and not found["slashes"] else None


def marker_after(text: bytes, end: int) -> re.Match[bytes] | None:
    """The role marker that follows a separator that ends at ``end``, of any name."""
    if end < len(text) and text[end] != 10:
        return MARKER_AFTER_SEPARATOR.match(text, end)
    blank = _BLANK_LINES.match(text, end)
    return MARKER_AFTER_SEPARATOR.match(text, blank.end() if blank else end)


class Closers:
    """Where open blocks end, looked up without ever reading a stretch of text twice."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._missing: dict[bytes, int] = {}

    @cached_property
    def _fences(self) -> dict[bytes, tuple[list[int], list[int], list[int]]]:
        """For each kind of fence its closing lines: offsets, lengths, longest from there on."""
        kinds: dict[bytes, tuple[list[int], list[int], list[int]]] = {
            b"`": ([], [], []),
            b"~": ([], [], []),
        }
        for found in _FENCE_END.finditer(self.text):
            offsets, lengths, _ = kinds[found[1][:1]]
            offsets.append(found.start())
            lengths.append(len(found[1]))
        for _, lengths, longest in kinds.values():
            best = 0
            for length in reversed(lengths):
                best = max(best, length)
                longest.append(best)
            longest.reverse()
        return kinds

    def fence(self, kind: bytes, length: int, start: int) -> int:
        """The offset of the first line from ``start`` on that closes such a fence, or -1."""
        offsets, lengths, longest = self._fences[kind]
        place = bisect_left(offsets, start)
        if place >= len(offsets) or longest[place] < length:
            return -1
        while lengths[place] < length:
            place += 1
        return offsets[place]

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
        return [
            found.start()
            for found in _SEPARATOR_LINE.finditer(self.text)
            if not found["slashes"] and marker_after(self.text, found.end())
        ]

    def next_turn(self, start: int) -> int:
        """The offset of the next separator that a marker follows, or the text's end."""
        place = bisect_left(self._turns, start)
        return self._turns[place] if place < len(self._turns) else len(self.text)


class Triggers:
    """The next place where a line might be more than plain text."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._finders: Sequence[Callable[[int], int]] = (
            lambda start: text.find(b"```", start),
            lambda start: text.find(b"~~~", start),
            lambda start: text.find(b"%%", start),
            lambda start: text.find(b"$$", start),
            lambda start: text.find(b"=begin-chatgpt-md-comment", start),
            lambda start: text.find(b"=end-chatgpt-md-comment", start),
            self._role,
            *(_searcher(pattern, text) for pattern in (_HTML, _LINKS, _TASK, _NOTELOG)),
        )
        self._next = [find(0) for find in self._finders]

    def after(self, start: int) -> int:
        """The offset of the next one from ``start`` on, or -1."""
        best = -1
        for place, offset in enumerate(self._next):
            if 0 <= offset < start:
                offset = self._next[place] = self._finders[place](start)  # noqa: PLW2901  # refreshed
            if 0 <= offset and (offset < best or best < 0):
                best = offset
        return best

    def _role(self, start: int) -> int:
        """The next ``role::``; a plain search for ``::`` is far faster than one for letters."""
        at = self.text.find(b"::", start)
        while at >= 0:
            if self.text[at - 1 : at] == b"\\" or self.text[at - 4 : at].lower() == b"role":
                return at
            at = self.text.find(b"::", at + 2)
        return -1


def _searcher(pattern: re.Pattern[bytes], text: bytes) -> Callable[[int], int]:
    def find(start: int) -> int:
        found = pattern.search(text, start)
        return found.start() if found else -1

    return find
