"""Shows a reply while it arrives: rendered on a terminal, plain text into a pipe."""

import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from notelog.core.reply import ReplyDelta
from notelog.core.visible import visible_line, visible_text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.status import Status


_LIVE_STEP_S = 0.06
"""The shortest time between two drawings of the block being written, in seconds."""

_LIVE_SHARE = 4.0
"""Between two drawings it waits this many times as long as the last one took."""

_MOST_LIVE_CHARS = 8_000
"""How much of the end of a long block is drawn while it is written, in characters."""

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")


class SilentReporter:
    """Says nothing: for ``--json`` and ``--quiet``."""

    def waiting(self, what: str) -> None:
        """Nothing."""

    def progress(self, what: str) -> None:
        """Nothing."""

    def delta(self, delta: ReplyDelta) -> None:
        """Nothing."""

    def notice(self, sentence: str) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class PlainReporter:
    """The reply's text as it comes to standard output; what is awaited is not said.

    Args:
        out: where the reply goes.
        messages: where sentences go.
    """

    def __init__(self, out: TextIO | None = None, messages: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._messages = messages or sys.stderr
        self._last = "\n"
        self._reader_gone = False

    def waiting(self, what: str) -> None:
        """Nothing: a pipe has no spinner."""

    def progress(self, what: str) -> None:
        """Says it on a line of its own."""
        self.notice(what)

    def delta(self, delta: ReplyDelta) -> None:
        """Writes the part's text."""
        if not delta.text:
            return
        self._put(visible_text(delta.text))
        self._last = delta.text[-1]

    def notice(self, sentence: str) -> None:
        """Says a sentence on standard error."""
        self._put("")
        with suppress(OSError):  # there is nobody left to tell
            self._messages.write(f"{visible_line(sentence)}\n")
            self._messages.flush()

    def close(self) -> None:
        """Ends the last line."""
        if self._last != "\n":
            self._put("\n")
            self._last = "\n"

    def _put(self, text: str) -> None:
        """Writes at once. A reader that has gone, or a full disk, does not end a paid reply."""
        if self._reader_gone:
            return
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:
            self._reader_gone = True


class TerminalReporter:
    """The reply as rendered Markdown, block after block; the block being written is live.

    Args:
        color: None lets the terminal and ``NO_COLOR`` decide.
        monotonic_s: gives seconds that never go back.
    """

    def __init__(
        self, *, color: bool | None = None, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._out = _console(color)
        self._messages = _console(color, stderr=True)
        self._status: Status | None = None
        self._blocks = BlockSplitter()
        self._live = LiveBlock(self._out, monotonic_s)

    def waiting(self, what: str) -> None:
        """Shows a spinner with what is awaited."""
        from rich.text import Text

        text = Text(f"{visible_line(what)} …", style="dim", no_wrap=True, overflow="ellipsis")
        if self._status is None:
            self._status = self._messages.status(text, spinner=_spinner(self._messages))
            self._status.start()
        else:
            self._status.update(text)

    def progress(self, what: str) -> None:
        """Shows it in place of what was shown before."""
        self.waiting(what)

    def delta(self, delta: ReplyDelta) -> None:
        """Shows the part: finished blocks for good, the rest live."""
        if not delta.text:
            return
        self._end_status()
        with suppress(OSError):  # the terminal has gone: the reply is still to be kept
            for block in self._blocks.feed(visible_text(delta.text)):
                self._live.erase()
                self._out.print(_markdown(block))
            self._live.draw(self._blocks.rest())

    def notice(self, sentence: str) -> None:
        """Says a sentence on standard error."""
        with suppress(OSError):
            self._live.erase()
            self._messages.print(visible_line(sentence), soft_wrap=True)

    def close(self) -> None:
        """Shows what is left and gives the terminal back."""
        self._end_status()
        rest = self._blocks.rest()
        self._blocks = BlockSplitter()
        with suppress(OSError):
            self._live.erase()
            if rest.strip():
                self._out.print(_markdown(rest))

    def _end_status(self) -> None:
        if self._status is not None:
            with suppress(OSError):
                self._status.stop()
            self._status = None


class LiveBlock:
    """The block being written, at the foot of the terminal, drawn anew as it grows.

    It knows how many rows it has drawn, so nothing above is ever touched, and nothing runs beside
    it: what a thread of its own draws may come between a block and its erasure.

    Args:
        console: where; nothing is drawn where the cursor cannot move, or where a character may be
            written as an escape and take another width.
        monotonic_s: gives seconds that never go back.
    """

    def __init__(self, console: "Console", monotonic_s: Callable[[], float]) -> None:
        self._console = console
        self._monotonic_s = monotonic_s
        self._widths: list[int] = []
        self._due_at_s = 0.0
        moves = console.is_terminal and not (console.is_dumb_terminal or console.legacy_windows)
        self._able = moves and console.encoding.startswith("utf")

    def draw(self, block: str) -> None:
        """Shows the end of a block, as much of it as fits, unless that was done just now."""
        started_s = self._monotonic_s()
        if not self._able or started_s < self._due_at_s or not block.strip():
            return
        from rich.segment import Segment, Segments

        size = self._console.size
        options = self._console.options.update(width=max(1, size.width - 1), height=None)
        rows = self._console.render_lines(_markdown(block[-_MOST_LIVE_CHARS:]), options, pad=False)
        while len(rows) > 1 and not any(part.text.strip() for part in rows[-1]):
            rows.pop()
        rows = rows[-max(1, size.height - 2) :]
        self.erase()
        parts = [part for row in rows for part in (*row, Segment.line())]
        self._console.print(Segments(parts[:-1]), end="")
        self._console.file.write("\r")  # the ^C that a terminal echoes would else wrap
        self._console.file.flush()
        self._widths = [Segment.get_line_length(row) for row in rows]
        now_s = self._monotonic_s()
        self._due_at_s = now_s + max(_LIVE_STEP_S, _LIVE_SHARE * (now_s - started_s))

    def erase(self) -> None:
        """Takes away what was drawn; the cursor is at the start of its first row."""
        if not self._widths:
            return
        width = max(1, self._console.size.width)
        rows = sum(max(1, -(-drawn // width)) for drawn in self._widths)
        self._widths = []
        self._console.file.write("\r\x1b[2K" + "\x1b[1A\x1b[2K" * (rows - 1))
        self._console.file.flush()


class BlockSplitter:
    """Splits Markdown that arrives in parts, after blank lines outside a code fence.

    What is indented below a blank line belongs to the list above it.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._partial = ""
        self._fence = ""

    def feed(self, text: str) -> list[str]:
        """Takes a part and gives the blocks that it finished."""
        *whole, self._partial = (self._partial + text).split("\n")
        blocks: list[str] = []
        for line in whole:
            self._begin(line, blocks)
            self._lines.append(line)
            self._follow_fence(line)
        self._begin(self._partial, blocks)
        return blocks

    def _begin(self, line: str, blocks: list[str]) -> None:
        """Ends the block above a line that begins another."""
        ended = self._lines and not self._lines[-1].strip() and not self._fence
        if not ended or not line.strip() or line[0] in " \t":
            return
        block = "\n".join(self._lines)
        self._lines.clear()
        if block.strip():
            blocks.append(block)

    def rest(self) -> str:
        """The unfinished block."""
        return "\n".join((*self._lines, self._partial))

    def _follow_fence(self, line: str) -> None:
        found = _FENCE.match(line)
        if found is None:
            return
        if not self._fence:
            self._fence = found[1]
        elif found[1].startswith(self._fence) and not found[2].strip():
            self._fence = ""


def _markdown(block: str) -> "RenderableType":
    """A block as rich renders it.

    Entities such as ``&#x202e;`` and escapes in addresses become characters only now, so that
    what would deceive the eye is spelt out once more.
    """
    from rich.markdown import Markdown

    rendered = Markdown(block, hyperlinks=False)
    for token in rendered.parsed:
        for part in (token, *(token.children or ())):
            part.content = visible_text(part.content)
    return rendered


def _console(color: bool | None, *, stderr: bool = False) -> "Console":  # noqa: FBT001  # a tri-state
    from rich.console import Console

    return Console(
        stderr=stderr,
        no_color=None if color is None else not color,
        highlight=False,
        markup=False,
        emoji=False,
    )


def _spinner(console: "Console") -> str:
    """Dots of Braille, or a plain line where the terminal cannot show them."""
    return "dots" if console.encoding.startswith("utf") else "line"
