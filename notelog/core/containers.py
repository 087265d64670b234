"""The lists and quotes that are open, and how far a line goes on in them."""

import re

from notelog.core.markdown import CODE_COLUMNS, skip_blanks

_PREFIX = re.compile(rb"[ \t>+*\-0-9.)]*")
_VISIBLE = re.compile(rb"[^ \t]")


class Containers:
    """The open containers of a text while it is read, and the line at hand.

    Attributes:
        stack: for each open container its width in columns, or 0 for a quote.
        hollow: this line opened a list item without text.
        was_hollow: the line before did.
    """

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.size = len(text)
        self.stack: list[int] = []
        self.hollow = False
        self.was_hollow = False
        self._tabbed = False  # the line at hand had tabs in front

    def take_line(self, start: int) -> tuple[bytes, int]:
        """The line at ``start``, tabs in front of its text as blanks, and where the next begins."""
        end = self.text.find(b"\n", start)
        if end < 0:
            end = self.size
        line = self.text[start:end]
        self._tabbed = False
        if b"\t" in line:
            prefix = _PREFIX.match(line)
            if prefix and b"\t" in prefix[0]:
                self._tabbed = True
                line = prefix[0].expandtabs(4) + line[prefix.end() :]
        return line, min(end + 1, self.size)

    def offset(self, start: int, line: bytes, place: int) -> int:
        """The offset in the text of the byte at ``place`` in a line that starts at ``start``."""
        if not self._tabbed:
            return start + place
        skipped = len(line[:place].replace(b" ", b""))
        for found in _VISIBLE.finditer(self.text, start):
            if not skipped:
                return found.start()
            skipped -= 1
        return self.size

    def match(self, line: bytes) -> tuple[int, int]:
        """How many open containers go on in a line, and where its text begins after them."""
        at = 0
        blanks = skip_blanks(line, 0)
        for depth, width in enumerate(self.stack):
            if width:
                if blanks - at < width and blanks < len(line):
                    return depth, at
                at = min(at + width, blanks)
            elif blanks - at >= CODE_COLUMNS or line[blanks : blanks + 1] != b">":
                return depth, at
            else:
                at = blanks + 1
                if line[at : at + 1] == b" ":
                    at += 1
                blanks = skip_blanks(line, at)
        return len(self.stack), at

    def open(self, found: re.Match[bytes], line: bytes, at: int) -> int:
        """Opens a quote or a list item; gives where the text in it begins."""
        end = found.end(found.lastgroup or 0)
        blanks = skip_blanks(line, end)
        if found.lastgroup == "quote":
            self.stack.append(0)
            return end + 1 if blanks > end else end
        self.hollow = blanks == len(line)
        if self.hollow or blanks - end > CODE_COLUMNS:
            self.stack.append(end - at + 1)
            return min(end + 1, len(line))
        self.stack.append(blanks - at)
        return blanks

    def end_quotes(self) -> None:
        """A blank line ends every quote, and a list item without any text."""
        if self.was_hollow:
            self.stack.pop()
        if 0 in self.stack:
            del self.stack[self.stack.index(0) :]

    def prefix(self) -> bytes:
        """What stands before the text of a line in all of them."""
        return b"".join(b" " * width if width else b"> " for width in self.stack)
