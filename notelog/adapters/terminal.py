"""Shows a reply while it arrives: rendered on a terminal, plain text into a pipe."""

import re
import sys
from typing import TYPE_CHECKING, TextIO

from notelog.core.reply import ReplyDelta
from notelog.core.visible import visible_line, visible_text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.status import Status


_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")


class SilentReporter:
    """Says nothing: for ``--json`` and ``--quiet``."""

    def waiting(self, what: str) -> None:
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

    def waiting(self, what: str) -> None:
        """Nothing: a pipe has no progress."""

    def delta(self, delta: ReplyDelta) -> None:
        """Writes the part's text."""
        if not delta.text:
            return
        self._out.write(visible_text(delta.text))
        self._last = delta.text[-1]
        self._out.flush()

    def notice(self, sentence: str) -> None:
        """Says a sentence on standard error."""
        self._out.flush()
        self._messages.write(f"{visible_line(sentence)}\n")
        self._messages.flush()

    def close(self) -> None:
        """Ends the last line."""
        if self._last != "\n":
            self._out.write("\n")
            self._last = "\n"
        self._out.flush()


class TerminalReporter:
    """The reply as rendered Markdown, block after block; the block being written is live.

    Args:
        color: None lets the terminal and ``NO_COLOR`` decide.
    """

    def __init__(self, *, color: bool | None = None) -> None:
        from rich.console import Console

        self._out = Console(no_color=_no_color(color), highlight=False, markup=False, emoji=False)
        self._messages = Console(
            stderr=True, no_color=_no_color(color), highlight=False, markup=False, emoji=False
        )
        self._status: Status | None = None
        self._live: Live | None = None
        self._blocks = BlockSplitter()

    def waiting(self, what: str) -> None:
        """Shows a spinner with what is awaited."""
        from rich.text import Text

        text = Text(f"{visible_line(what)} …", style="dim")
        if self._status is None:
            self._status = self._messages.status(text, spinner="dots")
            self._status.start()
        else:
            self._status.update(text)

    def delta(self, delta: ReplyDelta) -> None:
        """Shows the part: finished blocks for good, the rest live."""
        if not delta.text:
            return
        self._end_status()
        live = self._live or self._start_live()
        for block in self._blocks.feed(visible_text(delta.text)):
            live.console.print(_markdown(block))

    def notice(self, sentence: str) -> None:
        """Says a sentence on standard error."""
        self._messages.print(visible_line(sentence), soft_wrap=True)

    def close(self) -> None:
        """Shows what is left and gives the terminal back."""
        self._end_status()
        if self._live is not None:
            self._live.stop()
            self._live = None
        rest = self._blocks.rest()
        if rest.strip():
            self._out.print(_markdown(rest))

    def _end_status(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _start_live(self) -> "Live":
        from rich.live import Live

        self._live = Live(
            console=self._out,
            get_renderable=self._tail,
            transient=True,
            refresh_per_second=8,
            vertical_overflow="crop",
        )
        self._live.start()
        return self._live

    def _tail(self) -> "RenderableType":
        """The end of the block being written, as much of it as the terminal shows."""
        from rich.text import Text

        lines = self._blocks.rest().split("\n")
        return Text("\n".join(lines[-max(1, _height(self._out) - 3) :]))


class BlockSplitter:
    """Splits Markdown that arrives in parts after each blank line outside a code fence."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._partial = ""
        self._fence = ""

    def feed(self, text: str) -> list[str]:
        """Takes a part and gives the blocks that it finished."""
        *whole, self._partial = (self._partial + text).split("\n")
        blocks: list[str] = []
        for line in whole:
            self._lines.append(line)
            self._follow_fence(line)
            if not line.strip() and not self._fence:
                block = "\n".join(self._lines)
                self._lines.clear()
                if block.strip():
                    blocks.append(block)
        return blocks

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
    from rich.markdown import Markdown

    return Markdown(block, hyperlinks=False)


def _height(console: "Console") -> int:
    return console.size.height


def _no_color(color: bool | None) -> bool | None:  # noqa: FBT001  # a tri-state passed through
    return None if color is None else not color
