"""What counts inside one paragraph: comment marks and links, but not in code spans and the like."""

import re
from bisect import bisect_right
from collections.abc import Callable

from notelog.core.dialect import BEGIN_COMMENT, END_COMMENT

_TICKS = re.compile(rb"`+")
_TOKEN = re.compile(
    rb"(?P<ticks>`+)"
    rb"|(?P<slashes>\\++)(?P<inert>%{2,}|=(?:begin|end)-chatgpt-md-comment)?"
    rb"|(?P<html><!--)"
    rb"|(?P<math>\${2,})"
    rb"|(?P<percent>(?:%%%%)++|%%)"
    rb"|(?P<begin>" + BEGIN_COMMENT + rb")"
    rb"|(?P<link>!?\[\[[^\[\]\n]+\]\]|!\[[^\[\]\n]*\]\()"
)
_PARAGRAPH_END = re.compile(rb"\n(?=[ \t]*(?:\n|```|~~~|[-+*][ \t\n]|[>#]|<[A-Za-z!/?]))")
_SPAN = re.compile(rb"(?P<ticks>`+)|(?P<slashes>\\++)|<!--")
_LONGEST_RUN = 64  # backticks of a run that is looked for beyond a mark
_REACH = 1000  # bytes beyond a mark within which the end of a code span is looked for
_PAIR = 2
_ESCAPABLE = {b"`", b"[", b"!"}
WORTH = re.compile(rb"%%|=begin-chatgpt|=end-chatgpt|\[\[|!\[")
"""What a paragraph must hold to be worth a look."""


class Inline:
    """Reads paragraphs of a text and collects what it finds.

    Attributes:
        hidden: ranges that are never sent.
        escapes: offsets of backslashes that make a comment mark inert.
        links: ranges of ``[[links]]``, embeds and images.
        unclosed: offsets of comment blocks that are never closed.
    """

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.hidden: list[tuple[int, int]] = []
        self.escapes: list[int] = []
        self.links: list[tuple[int, int]] = []
        self.unclosed: list[int] = []
        self._no_end_after = len(text) + 1
        self._last_unclosed = -1
        self._ahead: _Ahead | None = None

    def read(self, start: int, stop: int) -> tuple[int, int, int]:
        """Reads one paragraph.

        Args:
            start: its first byte.
            stop: the byte after its last.

        Returns:
            The offset at which reading goes on (``stop``, or the end of a comment block that
            reaches beyond it), and the offsets of a ``%%`` and a ``$$`` left open, or -1.
        """
        if not WORTH.search(self.text, start, stop):
            return stop, -1, self._open_math(start, stop)
        return _Paragraph(self, start, stop).read()

    def is_inside(self, start: int, offset: int) -> bool:
        """Whether a code span or comment of the paragraph from ``start`` on covers ``offset``."""
        ahead = self._ahead
        if ahead is None or ahead.start != start:
            ahead = self._ahead = _Ahead(self.text, start)
        return ahead.covers(offset)

    def add_unclosed(self, offset: int) -> None:
        """Notes a comment block without an end, the first of its line."""
        before, self._last_unclosed = self._last_unclosed, offset
        if before < 0 or self.text.find(b"\n", before, offset) >= 0:
            self.unclosed.append(offset)

    def end_of_comment(self, start: int) -> int:
        """Where the comment block that begins at ``start`` ends, or -1."""
        if start >= self._no_end_after:
            return -1
        found = self.text.find(END_COMMENT, start + len(BEGIN_COMMENT))
        if found < 0:
            self._no_end_after = start
            return -1
        return found + len(END_COMMENT)

    def _open_math(self, start: int, stop: int) -> int:
        if self.text.find(b"$$", start, stop) < 0:
            return -1
        return _Paragraph(self, start, stop).read()[2]


class _Ahead:
    """Follows the code spans and comments of a paragraph whose end is not known yet."""

    def __init__(self, text: bytes, start: int) -> None:
        self.text = text
        self.start = start
        self._at = start
        self._begun = start  # where the span that ends at ``_at`` begins

    def covers(self, offset: int) -> bool:
        """Whether a span covers ``offset``; asked in rising order."""
        while self._at <= offset and (token := _SPAN.search(self.text, self._at, offset)):
            self._begun = token.start()
            self._at = max(self._end(token, offset), token.end())
        return self._begun < offset < self._at

    def _end(self, token: re.Match[bytes], offset: int) -> int:
        """Where the span that a token opens ends, or -1."""
        if token["slashes"]:
            escaped = len(token["slashes"]) % 2 and self.text[token.end() : token.end() + 1] == b"`"
            return token.end() + 1 if escaped else -1
        if token.end() - token.start() > _LONGEST_RUN:
            return -1
        closer = rb"(?<!`)" + token[0] + rb"(?!`)" if token["ticks"] else rb"-->"
        reach = min(offset + _REACH, len(self.text))
        found = re.compile(closer).search(self.text, token.end(), reach)
        if not found:
            return -1
        gone = _PARAGRAPH_END.search(self.text, offset, found.start())
        return -1 if gone else found.end()


class _Paragraph:
    """One paragraph while it is read."""

    def __init__(self, found: Inline, start: int, stop: int) -> None:
        self.found = found
        self.text = found.text
        self.stop = stop
        self.at = start
        self.percent = -1
        self.math = -1
        self._runs: dict[int, list[int]] | None = None
        self._missing: set[bytes] = set()

    def read(self) -> tuple[int, int, int]:
        search = _TOKEN.search
        while self.at < self.stop and (token := search(self.text, self.at, self.stop)):
            self.at = self._after(token)
        return max(self.at, self.stop), self.percent, self.math

    def _after(self, token: re.Match[bytes]) -> int:
        """Where reading goes on after a token."""
        start, end = token.span()
        kind = token.lastgroup or ""
        if kind in _READERS:
            return _READERS[kind](self, start, end)
        if kind == "inert":
            self.found.escapes.append(start)
        else:
            self.found.links.append((start, end))
        return end

    def after_slashes(self, start: int, end: int) -> int:
        """Where reading goes on after backslashes."""
        escaped = (end - start) % 2 and self.text[end : end + 1] in _ESCAPABLE
        return end + 1 if escaped else end

    def after_comment(self, start: int, end: int) -> int:
        """Where reading goes on after ``<!--``."""
        return self._closed(b"-->", start + 2) or end

    def _closed(self, closer: bytes, start: int) -> int:
        """The end of the closer after ``start`` in this paragraph, or 0."""
        if closer in self._missing:
            return 0
        at = self.text.find(closer, start, self.stop)
        if at < 0:
            self._missing.add(closer)
            return 0
        return at + len(closer)

    def after_math(self, start: int, end: int) -> int:
        """Where reading goes on after ``$$``."""
        after = self._closed(b"$$", end)
        if not after:
            self.math = start
        return after or end

    def after_percent(self, start: int, end: int) -> int:
        """Where reading goes on after ``%%``."""
        if end - start > _PAIR:
            self.found.hidden.append((start, end))
            return end
        after = self._closed(b"%%", end)
        if after:
            self.found.hidden.append((start, after))
        else:
            self.percent = start
        return after or end

    def after_begin(self, start: int, end: int) -> int:
        """Where reading goes on after the begin mark of a comment block."""
        after = self.found.end_of_comment(start)
        if after < 0:
            self.found.add_unclosed(start)
            return end
        self.found.hidden.append((start, after))
        return after

    def after_ticks(self, start: int, end: int) -> int:
        """The end of the code span that this backtick run opens, or of the run."""
        if self._runs is None:
            self._runs = {}
            for run in _TICKS.finditer(self.text, start, self.stop):
                self._runs.setdefault(len(run[0]), []).append(run.start())
        runs = self._runs.get(end - start, [])
        place = bisect_right(runs, start)
        return runs[place] + end - start if place < len(runs) else end


_READERS: dict[str, Callable[[_Paragraph, int, int], int]] = {
    "ticks": _Paragraph.after_ticks,
    "slashes": _Paragraph.after_slashes,
    "html": _Paragraph.after_comment,
    "math": _Paragraph.after_math,
    "percent": _Paragraph.after_percent,
    "begin": _Paragraph.after_begin,
}
