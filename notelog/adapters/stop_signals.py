"""Ctrl-C and its like as a wish that is asked about, so that what has arrived can be kept."""

import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

_HANG_UP = getattr(signal, "SIGHUP", None)
"""It comes when the terminal is closed, from the kernel and once more from the shell; Windows has
none."""
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, *((_HANG_UP,) if _HANG_UP else ()))


@contextmanager
def stop_wishes(told: Callable[[], None] = lambda: None) -> Generator[Callable[[], bool]]:
    """Within it the first Ctrl-C (SIGTERM, SIGHUP) is noted, and the second one ends the process.

    A second SIGHUP does not: nobody is there who is in a hurry. A signal that is ignored, as
    ``nohup`` has it, stays ignored.

    What had arrived by then is in the journal, so even the second loses nothing that was kept.

    Args:
        told: called at the first signal, in its handler: it must take no lock.

    Yields:
        A function that tells whether the person wants to stop.
    """
    asked: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # signal's signature
        if not asked:
            asked.append(number)
            told()
        elif number != _HANG_UP:
            os._exit(128 + number)

    heeded = (item for item in _STOP_SIGNALS if signal.getsignal(item) is not signal.SIG_IGN)
    before = {number: signal.signal(number, note) for number in heeded}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
