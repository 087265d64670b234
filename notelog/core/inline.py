"""What counts inside one paragraph: comment marks and links, but not in code spans and the like."""

import re
from bisect import bisect_right

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
        match token.lastgroup:
            case "ticks":
                return self._after_ticks(start, end)
            case "slashes":
                odd = (end - start) % 2
                return end + 1 if odd and self.text[end : end + 1] == b"`" else end
            case "inert":
                self.found.escapes.append(start)
                return end
            case "html":
                return self._closed(b"-->", start + 2) or end
            case "math":
                return self._after_math(start, end)
            case "percent":
                return self._after_percent(start, end)
            case "begin":
                return self._after_begin(start, end)
            case _:
                self.found.links.append((start, end))
                return end

    def _closed(self, closer: bytes, start: int) -> int:
        """The end of the closer after ``start`` in this paragraph, or 0."""
        if closer in self._missing:
            return 0
        at = self.text.find(closer, start, self.stop)
        if at < 0:
            self._missing.add(closer)
            return 0
        return at + len(closer)

    def _after_math(self, start: int, end: int) -> int:
        after = self._closed(b"$$", end)
        if not after:
            self.math = start
        return after or end

    def _after_percent(self, start: int, end: int) -> int:
        if end - start > 2:
            self.found.hidden.append((start, end))
            return end
        after = self._closed(b"%%", end)
        if after:
            self.found.hidden.append((start, after))
        else:
            self.percent = start
        return after or end

    def _after_begin(self, start: int, end: int) -> int:
        after = self.found.end_of_comment(start)
        if after < 0:
            self.found.unclosed.append(start)
            return end
        self.found.hidden.append((start, after))
        return after

    def _after_ticks(self, start: int, end: int) -> int:
        """The end of the code span that this backtick run opens, or of the run."""
        if self._runs is None:
            self._runs = {}
            for run in _TICKS.finditer(self.text, start, self.stop):
                self._runs.setdefault(len(run[0]), []).append(run.start())
        runs = self._runs.get(end - start, [])
        place = bisect_right(runs, start)
        return runs[place] + end - start if place < len(runs) else end
