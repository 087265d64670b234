"""The system's clock."""

import sys
import time


class SystemClock:
    """Time as the system gives it; implements ``ports.Clock``.

    Args:
        sleep_counts: the seconds go on while the machine sleeps. Who takes a reply out of its note
            in the morning means it, and the hour of a cap is over by then.
    """

    def __init__(self, *, sleep_counts: bool = False) -> None:
        self._seconds = _with_sleep if sleep_counts else time.monotonic

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never go back."""
        return self._seconds()

    def sleep(self, seconds: float) -> None:
        """Waits; Ctrl-C ends it, and a time that has passed already is no wait."""
        time.sleep(max(seconds, 0.0))


def _with_sleep() -> float:
    """As ``time.monotonic``, which stands still in sleep but on Windows: clock_gettime(2), (3)."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic()
