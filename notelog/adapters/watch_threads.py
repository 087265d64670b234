"""What a watcher has done beside its own thread: its inbox, scans, and requests."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from notelog.ports.watch_work import Post


class Inbox:
    """What is posted to the watcher's thread; also from signal handlers, so it takes no lock."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Post] = SimpleQueue()

    def post(self, item: Post) -> None:
        """Posts something; never waits."""
        self._queue.put(item)

    def take(self, patience_s: float) -> Post | None:
        """The next item, if one comes in time; waits without waking up."""
        try:
            if patience_s <= 0:
                return self._queue.get_nowait()
            return self._queue.get(timeout=patience_s)
        except Empty:
            return None


def in_thread(
    name: str, work: Callable[[], Post], post: Callable[[Post], None], otherwise: Post
) -> None:
    """Does some work in a thread of its own and posts what comes of it.

    Args:
        name: of the thread.
        work: gives what is posted.
        post: posts it.
        otherwise: is posted where the work fails; why is told on standard error.
    """

    def run() -> None:
        item = otherwise
        try:
            item = work()
        finally:
            post(item)  # else it would be waited for, for ever

    beside(name, run)


def beside(name: str, work: Callable[[], None]) -> None:
    """Does some work in a thread of its own."""
    threading.Thread(target=work, name=name, daemon=True).start()
