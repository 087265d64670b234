"""The block structure of a note: separators and markers, and what protects text from them.

The rules are CommonMark's (https://spec.commonmark.org/0.31.2/#appendix-a-a-parsing-strategy),
as far as they decide where a fence, an HTML block, a list item or a quote begins and ends. Most of
a chat is prose, in which nothing of this happens: the scanner jumps from one candidate to the
next, finds a place before it where no block can be open (a line that begins at column 0 after a
blank line), and only reads lines one by one from there.
"""

import re

from notelog.core.containers import Containers
from notelog.core.dialect import CALLOUT, END_COMMENT, MARKER, SEPARATOR, TASK
from notelog.core.end_marks import DEFAULT_END_MARKS, EndMarks
from notelog.core.inline import Inline
from notelog.core.layout import Blocks, Header
from notelog.core.markdown import (
    CALLOUT_LINES,
    CODE_COLUMNS,
    FENCE,
    PLAIN_LINES,
    RAW,
    block_start,
    skip_blanks,
)
from notelog.core.note import BlockKind
from notelog.core.rawblocks import RawBlocks
from notelog.core.seek import Triggers, blank_above, marker_after, plain_header, separator_at

__all__ = ["MAX_DEPTH", "Blocks", "scan_blocks"]

MAX_DEPTH = 100
"""How deep lists and quotes may nest; what is nested deeper is text."""

_INDENTS = {b" ", b"\t", b"\n", b""}
_MARKS = {b"%%", b"$$"}
_NEWLINE = ord("\n")
_DOLLAR = ord("$")


def scan_blocks(
    text: bytes, start: int, *, crlf: bool = False, end_marks: EndMarks = DEFAULT_END_MARKS
) -> Blocks:
    """Finds the structure of a text.

    Args:
        text: UTF-8, its lines ending in LF only; blanks before a line end do not matter.
        start: where the front matter ends.
        crlf: its blank lines hold the blank that stands for a CR.
        end_marks: the lines that end a message.
    """
    return _Scanner(text, start, crlf=crlf, end_marks=end_marks).scan()


class _Scanner:
    """Reads a text, jumping over what cannot hold structure.

    Between two lines all that matters is which containers are open, and whether a paragraph is.
    """

    def __init__(self, text: bytes, start: int, *, crlf: bool, end_marks: EndMarks) -> None:
        self.text = text
        self.end_marks = end_marks
        self.size = len(text)
        self.start = start
        self.pos = start
        self.found = Blocks()
        self.inline = Inline(text)
        self.inline.hidden = self.found.hidden
        self.inline.escapes = self.found.escapes
        self.inline.links = self.found.links
        self.open = Containers(text)
        self.raw = RawBlocks(text, start, self.found, self.open)
        self.gap = b"\n \n" if crlf else b"\n\n"
        self.stack = self.open.stack
        self.leaf = -1  # where the open paragraph, or the HTML block ended by a blank line, begins
        self.html = False  # that leaf is such an HTML block

    def scan(self) -> Blocks:
        triggers = Triggers(self.text, self.end_marks)
        while (candidate := triggers.after(self.pos)) >= 0:
            if not self._read_at_once(candidate):
                self.pos = self._open_ground(candidate)
                self._read_lines()
        for offset in self.inline.unclosed:
            self.raw.unclosed(BlockKind.COMMENT_BLOCK, offset, END_COMMENT)
        self.found.unclosed.sort(key=lambda block: block.span.start)
        return self.found

    def _read_at_once(self, candidate: int) -> bool:
        """Reads a separator or a fence at column 0, where nothing before it needs to be read."""
        text = self.text
        if candidate > self.pos and text[candidate - 1] != _NEWLINE:
            return False
        if text[candidate] in b"<" and self._read_separator_at_once(candidate):
            return True
        if candidate > self.pos and not text.endswith(self.gap, 0, candidate):
            return False
        return self._read_raw_at_once(candidate)

    def _read_raw_at_once(self, start: int) -> bool:
        """Reads a block whose text is no Markdown, where no block can be open before it."""
        text = self.text
        if text[start] in b"%$":
            self.pos = start
            if text[start] != _DOLLAR or not self._read_marks(start, 0):
                self._read_line()
            self._read_on()
        elif fence := FENCE.match(text, start):
            self.pos = self.raw.fence(fence[0], start, start, self.raw.line_end(fence.end()))
        elif raw := RAW.match(text, start):
            after = self.raw.line_end(raw.end())
            self.pos = self.raw.html(raw[0].lower(), start, start, after)
        else:
            return False
        return True

    def _read_separator_at_once(self, start: int) -> bool:
        if header := plain_header(self.text, start):
            _, separator_end = header.span(1)
            marker, self.pos = header.span(2)
            self.found.headers.append(Header(start, separator_end, marker, self.pos))
            return True
        separator = separator_at(self.text, start)
        if separator:
            self._add_separator(start, separator.end())
            self._read_on()
        return bool(separator)

    def _read_on(self) -> None:
        """Reads on where the line has begun something."""
        if self.leaf >= 0 or self.stack:
            self._read_lines()

    def _open_ground(self, candidate: int) -> int:
        """The last place before a candidate, not before ``pos``, where no block can be open."""
        text = self.text
        at = line = max(text.rfind(b"\n", self.pos, candidate) + 1, self.pos)
        if not text.endswith(self.gap, 0, line):
            at = text.rfind(self.gap, self.pos, line) + len(self.gap)
        for _ in range(8):
            if at < len(self.gap):
                break
            if text[at] not in b" \t\n":
                return max(at, self.pos)
            at = text.rfind(self.gap, self.pos, at - 1) + len(self.gap)
        return self.pos

    def _read_lines(self) -> None:
        """Reads lines until nothing is open."""
        while self.pos < self.size:
            self._read_line()
            if self.leaf < 0 and not self.stack:
                return
        self._end_leaf(self.size)
        self.stack.clear()

    def _read_line(self) -> None:
        start = self.pos
        if self.leaf >= 0 and not self.html and (plain := PLAIN_LINES.match(self.text, start)):
            self.pos = plain.end()
            return
        if self.text[start] in b"\\rR\xe3" and self._read_text(start):
            return
        self.open.was_hollow, self.open.hollow = self.open.hollow, False
        line, after = self.open.take_line(self.pos)
        indent = skip_blanks(line, 0)
        if indent == len(line):
            self._read_blank(after)
            return
        depth, at = self.open.match(line)
        if indent < CODE_COLUMNS:
            if self._read_structure(line[indent], start, after, depth):
                return
        elif depth and indent - at < CODE_COLUMNS:
            self._read_task(line[indent], start)
        self.pos = after
        if self.html:
            if depth == len(self.stack):
                return
            if self._end_leaf(start):
                return
        self._read_blocks(line, start, depth, at)

    def _read_text(self, start: int) -> bool:
        """Reads a line at column 0 that begins no block: all text, but for a live marker."""
        if self.html or (self.leaf < 0 and self.stack):
            return False
        text = self.text
        if text[start] in b"rR":
            found = MARKER.match(text, start)
        else:
            found = self.end_marks.structure.match(text, start) or SEPARATOR.match(text, start)
        if found and not found["slashes"]:
            return False
        if found:
            self.found.escapes.append(found.start("slashes"))
        if self.leaf < 0:
            self.leaf = start
            self.open.hollow = self.open.was_hollow = False
        self.pos = self.raw.line_end(start)
        return True

    def _read_blank(self, after: int) -> None:
        """A blank line ends the paragraph, every quote, and an item without any text."""
        if self._end_leaf(self.pos):
            return
        self.open.end_quotes()
        self.pos = after
        if self.text[after : after + 1] not in _INDENTS:
            self.stack.clear()

    def _end_leaf(self, stop: int) -> bool:
        """Ends the open paragraph; True where a comment block in it reaches beyond ``stop``."""
        if self.leaf < 0:
            return False
        begun, self.leaf, self.html = self.leaf, -1, False
        after, _, _ = self.inline.read(begun, stop)
        if after > stop:
            self._go_on_after(after)
            return True
        return False

    def _go_on_after(self, place: int) -> None:
        """Goes on behind hidden text or math: what is left of that line is paragraph text."""
        end = self.text.find(b"\n", place)
        self.pos = self.size if end < 0 else end + 1
        self.leaf = place if self.text[place : self.pos].strip(b" \t\n") else -1
        self.html = self.open.hollow = False
        self.stack.clear()

    def _read_structure(self, first: int, start: int, after: int, depth: int) -> bool:
        """Reads the line as structure of the chat; False where it is ordinary Markdown."""
        if first in b"%$":
            return self._read_marks(start, depth)
        if depth == 0 and first in b"<\\#rR>\xe3":
            return self._read_header(first, start, after)
        self._read_task(first, start)
        return False

    def _read_task(self, first: int, start: int) -> None:
        """Takes down a task line, which is also an item of its list."""
        task = TASK.match(self.text, start) if first in b"-+*0123456789" else None
        if task and task["slashes"]:
            self.found.escapes.append(task.start("slashes"))
        elif task:
            self.found.tasks.append(task)

    def _read_header(self, first: int, start: int, after: int) -> bool:
        if first == ord(">"):
            return self._read_callout(start)
        if first in b"<\\\xe3":
            found = SEPARATOR.match(self.text, start) or self.end_marks.structure.match(
                self.text, start
            )
        elif self.html:
            return False
        else:
            found = MARKER.match(self.text, start)
        if not found:
            return False
        if found["slashes"]:
            self.found.escapes.append(found.start("slashes"))
            return False
        if found.re is SEPARATOR:
            return self._add_separator(start, found.end())
        alone = found.re is MARKER and blank_above(self.text, self.start, start)
        return alone and self._add_header(Header(start, -1, start, after))

    def _add_separator(self, start: int, end: int) -> bool:
        line_end = end + 1 if self.text[end : end + 1] == b"\n" else end
        found = marker_after(self.text, end)
        if not found:
            return self._add_header(Header(start, line_end, -1, line_end))
        body = found.start("text") if found["text"] else min(found.end() + 1, self.size)
        return self._add_header(Header(start, line_end, found.start(), body))

    def _add_header(self, header: Header) -> bool:
        if not self._end_leaf(header.start):
            self.found.headers.append(header)
            self._go_on_after_header(header.body)
        return True

    def _go_on_after_header(self, body: int) -> None:
        self.stack.clear()
        self.html = self.open.hollow = False
        self.leaf = -1
        self.pos = body
        if body and self.text[body - 1] != _NEWLINE:
            self._go_on_after(body)

    def _read_callout(self, start: int) -> bool:
        found = CALLOUT.match(self.text, start)
        if not found:
            return False
        if found["slashes"]:
            self.found.escapes.append(found.start("slashes"))
            return False
        if not self._end_leaf(start):
            lines = CALLOUT_LINES.match(self.text, start)
            end = lines.end() if lines else start
            self.found.callouts.append((start, end))
            self._go_on_after_header(end)
        return True

    def _read_marks(self, start: int, depth: int) -> bool:
        """A ``%%`` or ``$$`` at the start of a line opens a block if its end is further down."""
        offset = skip_blanks(self.text, start)
        mark = self.text[offset : offset + 2]
        if mark not in _MARKS or self.html:
            return False
        if self.leaf >= 0 and self._is_taken(mark, start, offset):
            return self.pos > start
        end = self.raw.closers.after(mark, offset + 2)
        line_end = self.text.find(b"\n", offset)
        if end >= 0 and (line_end < 0 or end <= line_end):
            return False
        if mark == b"%%":
            return self._add_percents(offset, end)
        return self._add_math(start, end, depth)

    def _is_taken(self, mark: bytes, start: int, offset: int) -> bool:
        """Whether the mark belongs to what the open paragraph began; else reads that so far.

        It does in a code span or a comment, as the second of a pair, and in a comment block,
        behind which ``pos`` is then.
        """
        if self.inline.is_inside(self.leaf, offset):
            return True
        after, percent, math = self.inline.read(self.leaf, start)
        if after > start:
            self._go_on_after(after)
            return True
        waiting = percent if mark == b"%%" else math
        self.leaf = waiting if waiting >= 0 else start
        return waiting >= 0

    def _add_percents(self, offset: int, end: int) -> bool:
        if end < 0:
            self.raw.unclosed(BlockKind.PERCENT, offset, b"%%")
            return False
        self.found.hidden.append((offset, end))
        self._go_on_after(end)
        return True

    def _add_math(self, start: int, end: int, depth: int) -> bool:
        self.leaf = -1
        del self.stack[depth:]
        self.pos = self.raw.math(start, end)
        if end >= 0:
            self._go_on_after(end)
        return True

    def _read_blocks(self, line: bytes, start: int, depth: int, at: int) -> None:
        """Opens the containers that begin on this line, and the leaf that comes after them."""
        while True:
            place = skip_blanks(line, at)
            if place == len(line):
                self._read_blank_in_containers(start, depth)
                return
            if place - at >= CODE_COLUMNS:
                if self.leaf < 0:
                    del self.stack[depth:]
                    self.found.protected.append((start, self.pos))
                return
            found = block_start(line, place, paragraph=self.leaf >= 0, lazy=depth < len(self.stack))
            if not found:
                break
            if self.leaf >= 0 and self._end_leaf(start):
                return
            del self.stack[depth:]
            self.open.was_hollow = False
            if found.lastgroup not in {"quote", "item"} or depth >= MAX_DEPTH:
                self._read_leaf(found, line, start)
                return
            at = self.open.open(found, line, at)
            depth += 1
        if self.leaf < 0:
            del self.stack[depth:]
            self.leaf = self.open.offset(start, line, place)

    def _read_blank_in_containers(self, start: int, depth: int) -> None:
        """The rest of a line is blank after the marks of its quotes and list items."""
        if self._end_leaf(start):
            return
        del self.stack[depth:]
        if self.open.was_hollow:
            self.stack.pop()

    def _read_leaf(self, found: re.Match[bytes], line: bytes, start: int) -> None:
        offset = self.open.offset(start, line, found.start())
        match found.lastgroup:
            case "heading":
                after, _, _ = self.inline.read(offset, self.pos)
                if after > self.pos:
                    self._go_on_after(after)
            case "rule":
                pass
            case "fence":
                self.pos = self.raw.fence(found["fence"], start, offset, self.pos)
            case "raw":
                self.pos = self.raw.html(found["raw"].lower(), start, offset, self.pos)
            case kind:
                self.leaf = offset
                self.html = kind in {"html", "tag"}
