"""What a listener to the system's events was told."""

from collections.abc import Callable
from queue import Empty, SimpleQueue

from notelog.ports.watching import Hint

LONGEST_WAIT_S = 20.0


class Heard:
    """The hints of a running watcher.

    Attributes:
        taken: those that were waited for, with what came before them.
    """

    def __init__(self) -> None:
        self._hints: SimpleQueue[Hint] = SimpleQueue()
        self.taken: list[Hint] = []

    def post(self, hint: Hint) -> None:
        """Takes a hint."""
        self._hints.put(hint)

    def wait_for(self, fits: Callable[[Hint], bool]) -> Hint:
        """The next hint that fits."""
        while True:
            try:
                hint = self._hints.get(timeout=LONGEST_WAIT_S)
            except Empty:
                raise AssertionError("no such hint came") from None
            self.taken.append(hint)
            if fits(hint):
                return hint

    def has(self, fits: Callable[[Hint], bool]) -> bool:
        """Whether one of the hints that are here, or come at once, fits."""
        try:
            while not fits(self._hints.get(timeout=0.05)):
                pass
        except Empty:
            return False
        return True
