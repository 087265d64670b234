"""The system's clock."""

import time


class SystemClock:
    """Time as the system gives it; implements ``ports.Clock``."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Waits; Ctrl-C ends it, and a time that has passed already is no wait."""
        time.sleep(max(seconds, 0.0))
