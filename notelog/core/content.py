"""The view of a turn that is sent: without hidden text, metadata and outer blank lines."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_BLANKS = re.compile(rb"[ \t]*")
_NARROW = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f "
_WIDE = "\x85\xa0\u1680\u2028\u2029\u202f\u205f\u2060\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200E))
)
_INVISIBLE = _NARROW + _WIDE
_NARROW_BYTES = _NARROW.encode()
_WIDE_BYTES = tuple(map(str.encode, _WIDE))
BLANK = b"(?:[ \t]|" + b"|".join(map(re.escape, _WIDE_BYTES)) + b")"
"""A pattern for one character within a line that shows nothing, of whatever script."""

_BLANK_LINES = re.compile(b"(?:" + BLANK + rb"*+\n)*+")
_NEWLINE = ord("\n")


class Content(NamedTuple):
    """A turn's text.

    Attributes:
        text: as it is sent; empty for an empty turn.
        first: the offset of its first visible byte; -1 for an empty turn.
        last: the offset of its last visible byte; -1 for an empty turn.
    """

    text: str
    first: int = -1
    last: int = -1


_EMPTY = Content("")


def is_blank(text: str) -> bool:
    """Whether a text shows nothing: blanks of any script, and characters without width."""
    return not text.strip(_INVISIBLE)


def without_outer_blank_lines(text: str) -> str:
    """Removes the lines at both ends that show nothing; the first one left keeps its indentation.

    Args:
        text: with LF as its only line end.
    """
    shown = text.rstrip(_INVISIBLE)
    if not shown:
        return ""
    first = len(shown) - len(shown.lstrip(_INVISIBLE))
    end = text.find("\n", len(shown))
    return text[text.rfind("\n", 0, first) + 1 : None if end < 0 else end]


def rstripped(text: bytes) -> bytes:
    """Without what shows nothing at its end; it need not be valid UTF-8."""
    shown = text.rstrip(_NARROW_BYTES)
    if not shown.endswith(_WIDE_BYTES):
        return shown
    text_only = shown.decode(errors="surrogateescape").rstrip(_INVISIBLE)
    return text_only.encode(errors="surrogateescape")


class View:
    """Cuts views out of one note.

    Args:
        data: the note's bytes.
        text: the same with LF as its only line end, every byte at the same offset.
    """

    def __init__(self, data: bytes, text: bytes) -> None:
        self.data = data
        self.text = text
        self.mixed = data is not text

    def content(
        self, start: int, stop: int, cuts: Sequence[tuple[int, int]], escapes: Iterable[int]
    ) -> Content:
        """The view of a range.

        Args:
            start: its first byte.
            stop: the byte after its last.
            cuts: what is not sent, in order, none overlapping.
            escapes: the offsets of backslashes that are not shown.
        """
        pieces = self._pieces(start, stop, cuts) if cuts else [(start, stop)]
        if escapes:
            pieces = list(_without(pieces, sorted(escapes)))
        first, last = self._ends(pieces)
        if first < 0:
            return _EMPTY
        raw = self._with_lf(b"".join([self.data[begin:end] for begin, end in pieces]))
        return Content(without_outer_blank_lines(raw.decode()), first, last)

    def _with_lf(self, raw: bytes) -> bytes:
        if not self.mixed:
            return raw
        return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _ends(self, pieces: Sequence[tuple[int, int]]) -> tuple[int, int]:
        """The offsets of the first and last visible byte."""
        first = last = -1
        for begin, end in pieces:
            shown = _lstripped(self.text[begin:end])
            if shown:
                first = end - len(shown)
                break
        for begin, end in reversed(pieces):
            shown = rstripped(self.text[begin:end])
            if shown:
                last = begin + len(shown) - 1
                break
        return first, last

    def _pieces(
        self, start: int, stop: int, cuts: Sequence[tuple[int, int]]
    ) -> list[tuple[int, int]]:
        """What is left between the cuts, without the blanks that stood at their edges."""
        text = self.text
        pieces: list[tuple[int, int]] = []
        done, blank_above = start, True
        for begin, end in _joined(text, cuts):
            left = done + len(text[done:begin].rstrip(b" \t"))
            right = _end_of(_BLANKS, text, end, stop)
            opens = left == start or text[left - 1] == _NEWLINE
            ended = end > begin and text[end - 1] == _NEWLINE
            closes = ended or right >= stop or text[right] == _NEWLINE
            if opens and closes:
                if left > done:
                    blank_above = self._blank_above(start, left)
                after = end if ended else min(right + 1, stop)
                if blank_above:
                    after = _end_of(_BLANK_LINES, text, after, stop)
                keep, resume = left, after
            else:
                blank_above = False
                keep, resume = _inline_cut(left, begin, end, right, opens=opens, closes=closes)
            pieces.append((done, keep))
            done = resume
        pieces.append((done, stop))
        return pieces

    def _blank_above(self, start: int, line: int) -> bool:
        """Whether nothing but a blank line, or the start, is above the line at ``line``."""
        before = max(self.text.rfind(b"\n", start, line - 1) + 1, start)
        return not rstripped(self.text[before:line])


def _inline_cut(
    left: int, begin: int, end: int, right: int, *, opens: bool, closes: bool
) -> tuple[int, int]:
    """Where the text before a cut within a line ends, and where the text after it begins."""
    if closes:
        return left, right
    if opens or left < begin:
        return begin, right
    return begin, end


def _end_of(pattern: re.Pattern[bytes], text: bytes, start: int, stop: int) -> int:
    found = pattern.match(text, start, stop)
    return found.end() if found else start


def _joined(text: bytes, cuts: Sequence[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """The cuts, those with only blanks between them as one."""
    begin, end = cuts[0]
    for cut in cuts[1:]:
        if text[end : cut[0]].strip(b" \t"):
            yield begin, end
            begin = cut[0]
        end = cut[1]
    yield begin, end


def _without(
    pieces: Sequence[tuple[int, int]], offsets: Sequence[int]
) -> Iterable[tuple[int, int]]:
    """The pieces without the single bytes at some offsets."""
    place = 0
    for begin, end in pieces:
        at = begin
        while place < len(offsets) and offsets[place] < end:
            if offsets[place] >= at:
                yield at, offsets[place]
                at = offsets[place] + 1
            place += 1
        yield at, end


def _lstripped(text: bytes) -> bytes:
    shown = text.lstrip(_NARROW_BYTES)
    return shown.decode().lstrip(_INVISIBLE).encode() if shown.startswith(_WIDE_BYTES) else shown
