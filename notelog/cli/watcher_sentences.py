"""What ``notelog status`` says of a watcher."""

from typing import TYPE_CHECKING

from notelog.app.watchers import WatcherState
from notelog.cli.shown_paths import shell_path, shown_path
from notelog.core.numbers import counted
from notelog.core.visible import shortened
from notelog.core.waits import told_wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from notelog.app.watchers import WatcherStatus
    from notelog.cli.styled import Line
    from notelog.ports.watch_place import Heartbeat

_NOTES = 5
_NOTE_CHARS = 60
_TITLES = {
    WatcherState.RUNNING: ("watching", "green"),
    WatcherState.STARTING: ("a watcher is starting", "cyan"),
    WatcherState.STOPPING: ("a watcher is stopping", "cyan"),
    WatcherState.SILENT: ("a watcher gives no sign of life", "red"),
    WatcherState.DIED: ("a watcher died", "red"),
}


def watcher_lines(
    watcher: "WatcherStatus", told: "Callable[[float], str]", now: float
) -> "Iterator[Line]":
    """How a watcher stands, for a person.

    Args:
        watcher: what was found.
        told: a time in seconds since the epoch, for a person.
        now: the time.
    """
    title, style = _TITLES[watcher.state]
    yield [(f"{title}: ", f"bold {style}"), (shown_path(watcher.vault), "bold")]
    beat = watcher.heartbeat
    if beat is not None:
        yield from _beat_lines(beat, told)
    if watcher.held and not watcher.needs_you:
        yield [("  held: ", "yellow"), (watcher.held, "")]
    start = f"notelog watch {shell_path(watcher.vault)}"
    if beat is not None and watcher.state is WatcherState.SILENT:
        yield [(f"  nothing was heard of it for {told_wait(now - beat.beat_at)}: it hangs, ", "")]
        yield [("  was suspended, or this computer has only just woken up", "")]
        yield [(f"  if it stays so, end process {beat.process} and start it again:", "")]
        yield [(f"  {start}", "green")]
    if beat is not None and watcher.state is WatcherState.DIED:
        yield [(f"  last heard of at {told(beat.beat_at)}; start it again:", "")]
        yield [(f"  {start}", "green")]
    yield []


def _beat_lines(beat: "Heartbeat", told: "Callable[[float], str]") -> "Iterator[Line]":
    replies = f"{beat.answered:,} {'reply' if beat.answered == 1 else 'replies'}"
    since = f"since {told(beat.started_at)}, process {beat.process}"
    yield [(f"  {since}: {counted(beat.notes, 'note')}, {replies}", "")]
    how = "" if beat.events else ", which is how it finds changes"
    event = f"last change {told(beat.last_event_at)}" if beat.last_event_at else "no change yet"
    scan = f"last scan {told(beat.last_scan_at)}" if beat.last_scan_at else "not scanned yet"
    yield [(f"  {event}, {scan}{how}", "dim")]
    for what, notes in (("asking", beat.asking), ("waiting", beat.waiting)):
        if notes:
            yield [(f"  {what}: ", "cyan"), (_some(notes), "")]


def _some(notes: "Sequence[str]") -> str:
    shown = ", ".join(shortened(note, _NOTE_CHARS) for note in notes[:_NOTES])
    more = len(notes) - _NOTES
    return f"{shown} and {more:,} more" if more > 0 else shown
