"""Shows what a watcher does: plain lines, JSON lines, or a quiet live view in a terminal."""

import json
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from notelog.core.numbers import counted
from notelog.core.usage import Sum, UsageRow
from notelog.core.visible import CONTROLS, visible_line
from notelog.ports.watch_view import Kind, Progress, Told, View

if TYPE_CHECKING:
    from rich.console import Console, ConsoleDimensions, Group
    from rich.text import Text

JSON_VERSION = 1
_DRAW_STEP_S = 0.2
_NAMED = 5
_LOUD = (Kind.FAILED, Kind.WARNING, Kind.HELD)


def told_line(told: Told) -> str:
    """What is told, as one line without the time."""
    note = f"{told.note}: " if told.note else ""
    figures = _figure_words(told)
    words = f" ({figures})" if figures else ""
    hint = f"; {told.hint}" if told.hint else ""
    return visible_line(f"{note}{told.sentence}{words}{hint}")


def _figure_words(told: Told) -> str:
    figures = told.figures
    parts: list[str] = []
    if "model" in figures:
        parts.append(f"{figures['model']} at {figures['profile']}")
    if "tokens_in" in figures:
        parts.append(f"{figures['tokens_in']:,} tokens in, {figures['tokens_out']:,} out")
    if "cost" in figures:
        parts.append(f"{figures['cost']:.6f} {figures['currency']}")
    if "seconds" in figures:
        parts.append(f"{figures['seconds']} s")
    return " · ".join(parts)


class PlainView:
    """A line for each thing that is told, with the time of day.

    Args:
        out: where to.
        quiet: only failures and warnings.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        out: TextIO | None = None,
        *,
        quiet: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._out = out or sys.stdout
        self._quiet = quiet
        self._now = now
        self._lock = threading.Lock()

    def tell(self, told: Told) -> None:
        """Writes the line."""
        if self._quiet and told.kind not in _LOUD:
            return
        clock = time.strftime("%H:%M:%S", time.localtime(self._now()))
        self._write(f"{clock} {told_line(told)}\n")

    def show(self, view: View) -> None:
        """Nothing: a pipe has no state."""

    def close(self) -> None:
        """Nothing."""

    def _write(self, text: str) -> None:
        with self._lock, suppress(OSError, ValueError):  # a reader that has gone ends no watch
            self._out.write(text)
            self._out.flush()


class JsonView(PlainView):
    """A JSON object a line."""

    def tell(self, told: Told) -> None:
        """Writes the object."""
        fields = {
            "notelog": JSON_VERSION,
            "at": datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="milliseconds"),
            "kind": str(told.kind),
            "note": told.note or None,
            "message": told.sentence,
            "hint": told.hint,
            **told.figures,
        }
        text = json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace").decode()
        self._write(CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


class LiveView:
    """Lines as in ``PlainView``, and below them how it stands, drawn when that changes.

    Args:
        vault: the vault's name.
        color: None lets the terminal and ``NO_COLOR`` decide.
        monotonic_s: gives seconds that never go back.
        now: seconds since the epoch.
        console: None for that of standard output.
    """

    def __init__(
        self,
        vault: str,
        *,
        color: bool | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        console: "Console | None" = None,
    ) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console: Console = console or Console(
            no_color=None if color is None else not color,
            highlight=False,
            markup=False,
            emoji=False,
        )
        self._live: Live = Live(console=self._console, auto_refresh=False, transient=True)
        self._vault = visible_line(vault)
        self._monotonic_s = monotonic_s
        self._now = now
        self._since = time.localtime(now())
        self._drawn_s = 0.0
        self._shown: View | None = None
        self._size: ConsoleDimensions | None = None

    def tell(self, told: Told) -> None:
        """Prints the line above the state, wrapped at blanks and beside the time."""
        from rich.table import Table
        from rich.text import Text

        styles = {Kind.ANSWERED: "green", Kind.FAILED: "red", Kind.WARNING: "yellow"}
        line = Table.grid(padding=(0, 1))
        line.add_column()
        line.add_column(overflow="fold")  # else a full line of wide characters loses its end
        words = Text(told_line(told), style=styles.get(told.kind, ""))
        clock = time.strftime("%H:%M:%S", time.localtime(self._now()))
        line.add_row(Text(clock, style="dim"), words)
        with suppress(OSError):
            self._console.print(line)

    def show(self, view: View) -> None:
        """Draws how it stands; where only the text grows that comes, five times a second."""
        now_s, size = self._monotonic_s(), self._console.size
        if view == self._shown and size == self._size:
            return
        if self._shown is None:  # only now: before, a person may have been asked something
            self._live.start()
        elif _still(view) == _still(self._shown) and now_s - self._drawn_s < _DRAW_STEP_S:
            return
        self._shown, self._drawn_s, self._size = view, now_s, size
        with suppress(OSError):
            self._live.update(self._state(view), refresh=True)

    def close(self) -> None:
        """Takes the state away and gives the terminal back."""
        with suppress(OSError):
            self._live.stop()

    def _state(self, view: View) -> "Group":
        from rich.console import Group
        from rich.text import Text

        replies = "reply" if view.answered == 1 else "replies"
        head = (
            f"{self._vault} · since {self._since_words()} · {counted(view.notes, 'note')} · "
            f"{view.answered:,} {replies}{_today_words(view.today)}"
        )
        lines = [Text(head, style="dim")]
        lines += [_asking_line(item, self._console.width) for item in view.asking]
        if view.waiting:
            many = f" ({len(view.waiting):,})" if len(view.waiting) > _NAMED else ""
            words = f"  waiting{many}: {', '.join(view.waiting[:_NAMED])}"
            lines.append(Text(visible_line(words), no_wrap=True, overflow="ellipsis"))
        if view.held:
            lines.append(Text(visible_line(f"  held: {view.held}"), style="yellow"))
        return Group(*lines)

    def _since_words(self) -> str:
        """The time of day; with the day, once that is another."""
        day = "%Y-%m-%d"
        is_today = time.strftime(day, self._since) == time.strftime(
            day, time.localtime(self._now())
        )
        return time.strftime("%H:%M" if is_today else f"{day} %H:%M", self._since)


def _asking_line(item: Progress, width: int) -> "Text":
    """A request that runs; how much of its reply has come is seen on a narrow terminal, too."""
    from rich.text import Text

    came = Text(_came_words(item))
    line = Text(visible_line(f"  {item.note}: {item.what}"), no_wrap=True, overflow="ellipsis")
    line.truncate(max(width - came.cell_len, 1))
    return line.append_text(came)


def _today_words(today: UsageRow) -> str:
    """What this day took, and how much more it may have taken; nothing before the first request."""
    parts = [_sum_words(today.known)] if today.known.requests else []
    if today.up_to.requests:
        parts.append(f"up to {_sum_words(today.up_to)} not counted")
    return f" · today {' + '.join(parts)}" if parts else ""


def _sum_words(total: Sum) -> str:
    money = [f"{amount:.4f} {name}" for name, amount in sorted(total.costs.items())]
    tokens = [f"{total.tokens:,} tokens"] if total.unpriced or not money else []
    return " and ".join([*money, *tokens])


def _came_words(item: Progress) -> str:
    about = "" if item.counted else "about "
    return f" · {about}{counted(item.tokens, 'token')}" if item.tokens else ""


def _still(view: View) -> View:
    """The view without what grows while a reply comes."""
    return replace(view, asking=tuple(replace(item, tokens=0) for item in view.asking))
