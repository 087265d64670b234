"""Ctrl-C and SIGTERM as a wish that is asked about, so that what has arrived can be kept."""

import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_wishes() -> Generator[Callable[[], bool]]:
    """Within it the first Ctrl-C (or SIGTERM) is noted, and the second one ends the process.

    What had arrived by then is in the journal, so even the second loses nothing that was kept.

    Yields:
        A function that tells whether the person wants to stop.
    """
    asked: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # signal's signature
        if asked:
            os._exit(128 + number)
        asked.append(number)

    before = {number: signal.signal(number, note) for number in _STOP_SIGNALS}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
