"""The life of a watcher: take what was posted, do what is due, wait."""

from typing import assert_never

from notelog.app.watch import Watcher
from notelog.ports.people import Clock
from notelog.ports.supervisor import Supervisor
from notelog.ports.watch_view import Progress, View, WatchView
from notelog.ports.watch_work import JobResult, Post, PostBox, StopWish
from notelog.ports.watching import Hint, Scan


def run_watcher(
    watcher: Watcher, inbox: PostBox, view: WatchView, clock: Clock, supervisor: Supervisor
) -> int:
    """Watches until told to stop, or until the one pass is through; gives the exit code."""
    watcher.start()
    progress: dict[str, Progress] = {}
    ready = False
    while True:
        due_s = watcher.advance()
        if not ready and watcher.has_scanned:
            ready = True
            supervisor.ready(f"watching {watcher.counts.notes:,} notes")
        supervisor.alive()
        view.show(_view_of(watcher, progress))
        if watcher.is_over:
            supervisor.stopping("told to stop")
            return watcher.counts.exit_code
        patience_s = max(due_s - clock.monotonic(), 0.0)
        item = inbox.take(min(patience_s, supervisor.alive_every_s or patience_s))
        while item is not None:
            _give(watcher, item, progress)
            item = inbox.take(0)


def _give(watcher: Watcher, item: Post, progress: dict[str, Progress]) -> None:
    match item:
        case Hint():
            watcher.hint(item)
        case Scan():
            watcher.scanned(item)
        case JobResult():
            progress.pop(item.job.relative, None)
            watcher.ended(item)
        case Progress():
            progress[item.note] = item
        case StopWish():
            watcher.stop()
        case _:
            assert_never(item)


def _view_of(watcher: Watcher, progress: dict[str, Progress]) -> View:
    return View(
        notes=watcher.counts.notes,
        waiting=watcher.asks.waiting,
        asking=tuple(
            progress.get(note, Progress(note=note, what="beginning"))
            for note in watcher.asks.running
        ),
        held=watcher.held,
        answered=watcher.counts.answered,
        today=watcher.counts.today,
    )
