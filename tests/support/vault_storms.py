"""What makes a watcher's life hard: saves of other files without end, and lost events."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")
_PROGRAM = Path(__file__).with_name("file_storm.py")


def probe(number: int, *, seed: str = "") -> bytes:
    """A chat with a question of its own that is due."""
    return f"---\nnotelog: mark\n---\n\nQuestion {seed} {number}?\n\n;;\n".encode()


@contextmanager
def storm(folder: Path, ending: str) -> Iterator[None]:
    """A thousand files a second are saved in a folder meanwhile."""
    order = [sys.executable, str(_PROGRAM), str(folder), ending]
    with subprocess.Popen(order, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


def fill_queue(folder: Path) -> None:
    """The system's queue of events overflows, for whoever listens and does not read."""
    now_ns = time.monotonic_ns()
    for number in range(int(_QUEUE.read_bytes()) // 2 + 100):  # each is created and closed
        (folder / f"lost {now_ns} {number}.txt").touch()


@contextmanager
def deaf(process: int, folder: Path) -> Iterator[None]:
    """A process is stopped, and the system loses events of it before what is done meanwhile."""
    os.kill(process, signal.SIGSTOP)
    try:
        fill_queue(folder)
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def wait_until(done: Callable[[], bool], longest_s: float) -> float:
    """How long it took, in seconds, until something is so.

    Raises:
        AssertionError: it took too long.
    """
    start = time.perf_counter()
    while not done():
        if time.perf_counter() - start > longest_s:
            raise AssertionError("it did not come")
        time.sleep(0.0005)
    return time.perf_counter() - start
