"""Ctrl-C and its like as a wish that is asked about, so that what has arrived can be kept."""

import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

_STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""SIGHUP comes when the terminal is closed; Windows has none."""


@contextmanager
def stop_wishes(told: Callable[[], None] = lambda: None) -> Generator[Callable[[], bool]]:
    """Within it the first Ctrl-C (SIGTERM, SIGHUP) is noted, and the second one ends the process.

    A signal that is ignored, as ``nohup`` has it, stays ignored.

    What had arrived by then is in the journal, so even the second loses nothing that was kept.

    Args:
        told: called at the first signal, in its handler: it must take no lock.

    Yields:
        A function that tells whether the person wants to stop.
    """
    asked: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # signal's signature
        if asked:
            os._exit(128 + number)
        asked.append(number)
        told()

    heeded = (item for item in _STOP_SIGNALS if signal.getsignal(item) is not signal.SIG_IGN)
    before = {number: signal.signal(number, note) for number in heeded}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
