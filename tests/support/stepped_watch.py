"""A watcher among the stepped commands: what it hears, and when, is the test's to say.

Its files, journal, locks and threads are real. Events come only as the test tells them: none, some,
twice, in any order. Time passes only while nothing is in work, and only as much as the test gives;
then the watcher stands still, at the step ``idle``.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

Told = tuple[str, bool]
"""A path that changed, and whether a sync tool brought it; an empty path: events were lost."""
_LOOK_S = 0.02


class Steps(Protocol):
    """What stops a process; see ``stepped``."""

    hear: Callable[[float, Sequence[Told]], None]

    def stand(self, name: str) -> None:
        """Stands still until it is told to go on."""


class _Events:
    """What a watcher is told instead of the system's events."""

    def __init__(self, steps: Steps, fly: Callable[[float], None]) -> None:
        from notelog.adapters.watch_threads import Inbox

        self._steps = steps
        self._fly = fly
        self._left_s = float("inf")  # until a test says something: a pass goes to its end
        self._in_work = 0
        self._lock = threading.Lock()
        self._take = Inbox.take
        self._post: Callable[[Any], None] | None = None
        steps.hear = self._hear

    def listen(self, post: Callable[[Any], None]) -> None:
        """Tells of changes from now on, and lets time pass only as it is given."""
        self._post, self._left_s = post, 0.0

    def _hear(self, seconds: float, told: Sequence[Told]) -> None:
        from notelog.ports.watching import Hint

        if self._post is None:
            return
        self._left_s = seconds
        for path, by_sync in told:
            reason = "" if path else "events were lost"
            self._post(Hint(path=path, by_sync=by_sync, reason=reason, lost=not path))

    def take(self, inbox: Any, patience_s: float) -> Any:
        """What was posted; else time passes, if there is any left."""
        item = self._take(inbox, 0)
        while item is None and patience_s > 0 and self._in_work:
            item = self._take(inbox, _LOOK_S)
        item = item or self._take(inbox, 0)
        if item is not None or patience_s <= 0:
            return item
        if self._post is not None and self._left_s < patience_s:
            self._fly(self._left_s)
            self._steps.stand("idle")
            return self._take(inbox, 0)
        self._left_s -= patience_s
        self._fly(patience_s)
        return None

    def beside(self, name: str, work: Callable[[], None]) -> None:
        """A thread that is known to be in work."""
        del name

        def worked() -> None:
            try:
                work()
            finally:
                with self._lock:
                    self._in_work -= 1

        with self._lock:
            self._in_work += 1
        threading.Thread(target=worked, daemon=True).start()


def play_events(steps: Steps, fly: Callable[[float], None]) -> None:
    """Has the watcher of this process hear and wait as the test says."""
    from notelog.adapters import openai_chat, watch_threads, watchdog_watcher

    events = _Events(steps, fly)

    class Hints(watchdog_watcher.NoHints):
        def start(self, post: Callable[[Any], None]) -> str:
            events.listen(post)
            return ""

        def unwatched(self, folders: object) -> int:
            del folders
            return 0

    def take(inbox: Any, patience_s: float) -> Any:
        return events.take(inbox, patience_s)

    for module, name, played in (
        (watch_threads.Inbox, "take", take),
        (watch_threads, "beside", events.beside),
        (watchdog_watcher, "WatchdogHints", lambda *_: Hints()),
        (openai_chat, "warm_up", lambda: None),
    ):
        setattr(module, name, played)
