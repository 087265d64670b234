"""Blocks whose text is not read as Markdown: where they end, and which never do."""

import re

from notelog.core.containers import Containers
from notelog.core.layout import Blocks
from notelog.core.markdown import RAW_LINES, fence_end, raw_closer
from notelog.core.note import BlockKind, OpenBlock
from notelog.core.seek import Closers
from notelog.core.source import Span


class RawBlocks:
    """Finds the ends of fences, comments, raw HTML and math, and collects what they protect.

    Each method is given the start of the block's first line (``start``), the offset of its
    opening mark (``offset``) and the start of the next line (``after``), and gives where reading
    goes on.
    """

    def __init__(self, text: bytes, begin: int, found: Blocks, containers: Containers) -> None:
        self.text = text
        self.begin = begin  # below a BOM and the front matter
        self.size = len(text)
        self.found = found
        self.open = containers
        self.closers = Closers(text)

    def fence(self, mark: bytes, start: int, offset: int, after: int) -> int:
        """A code fence; at the top it ends where its closing line is, wherever that is."""
        if self.open.stack:
            stop = self._contained(BlockKind.FENCE, start, after, fence_end(mark), mark)
        else:
            stop = self.closers.fence(mark[:1], len(mark), after)
            if stop < 0:
                self.unclosed(BlockKind.FENCE, offset, mark)
                stop = self.closers.next_turn(after)
            self.found.protected.append((start, stop))
        self.found.fences.append((start, stop))
        return stop

    def html(self, opener: bytes, start: int, offset: int, after: int) -> int:
        """A comment, or raw HTML; ``opener`` in lower case."""
        kind = BlockKind.COMMENT if opener == b"<!--" else BlockKind.HTML
        closer = raw_closer(opener)
        inside = offset + (2 if kind is BlockKind.COMMENT else 1)
        if not self.open.stack:
            end = self.closers.after(closer, inside)
            if end >= 0:
                return self._protect(start, self.line_end(end))
            self.unclosed(kind, offset, closer)
            return self._protect(start, self.closers.next_turn(after))
        last = RAW_LINES.get(closer, RAW_LINES[b"</"])
        if last.match(self.text, inside):
            return self._protect(start, after)
        return self._contained(kind, start, after, last, closer)

    def math(self, start: int, end: int) -> int:
        """A ``$$`` block that ends at ``end``; -1 where it never does."""
        if end >= 0:
            self._protect(start, end)
            return end
        self.unclosed(BlockKind.MATH, start, b"$$")
        return self._protect(start, self.closers.next_turn(start))

    def unclosed(self, kind: BlockKind, offset: int, closer: bytes) -> None:
        """Notes that the block which opens at ``offset`` never ends."""
        start = max(self.text.rfind(b"\n", 0, offset) + 1, self.begin)
        opening = Span(start, self.line_end(offset))
        self.found.unclosed.append(OpenBlock(kind=kind, span=opening, closer=closer))

    def line_end(self, offset: int) -> int:
        """Where the line after the one that holds ``offset`` begins."""
        end = self.text.find(b"\n", offset)
        return self.size if end < 0 else end + 1

    def _protect(self, start: int, stop: int) -> int:
        self.found.protected.append((start, stop))
        return stop

    def _contained(
        self, kind: BlockKind, start: int, after: int, last: re.Pattern[bytes], closer: bytes
    ) -> int:
        """A block in a list item or quote: it ends with its last line or with its container."""
        opening = Span(start, after)
        while after < self.size:
            line, following = self.open.take_line(after)
            depth, at = self.open.match(line)
            if depth < len(self.open.stack):
                return self._protect(start, after)
            after = following
            if last.match(line, at):
                return self._protect(start, after)
        closing = self.open.prefix() + closer
        self.found.unclosed.append(OpenBlock(kind=kind, span=opening, closer=closing))
        return self._protect(start, self.size)
