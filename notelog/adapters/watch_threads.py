"""What a watcher has done beside its own thread: its inbox, scans, and requests."""

import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

from notelog.ports.watch_work import Post

_LONGEST_S = 3600.0


class Inbox:
    """What is posted to the watcher's thread; also from signal handlers, so it takes no lock.

    It waits at a socket, as a timeout there is a length of time: that of a lock is a moment, and
    comes late where a process is given a clock that runs fast.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue[Post] = SimpleQueue()
        self._bell, self._listens = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listens, selectors.EVENT_READ)
        for end in (self._bell, self._listens):
            end.setblocking(False)

    def close(self) -> None:
        """Gives back what it waits at; what is posted afterwards is lost."""
        self._selector.close()
        self._bell.close()
        self._listens.close()

    def post(self, item: Post) -> None:
        """Posts something; never waits."""
        self._queue.put(item)
        with suppress(OSError):  # it rings already, or nobody listens any more
            self._bell.send(b"!")

    def take(self, patience_s: float) -> Post | None:
        """The next item, if one comes in time; waits without waking up."""
        while True:
            with suppress(Empty):
                return self._queue.get_nowait()
            if patience_s <= 0 or not self._selector.select(min(patience_s, _LONGEST_S)):
                return None
            with suppress(OSError):
                self._listens.recv(4096)


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
