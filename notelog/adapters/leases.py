"""File leases: for an instant, nobody else has a note open. Linux only; elsewhere there is none.

A write lease is granted only while no other descriptor of the file is open, and an opener then
waits in the kernel until the lease is given back (fcntl(2), "Leases"; at most
``/proc/sys/fs/lease-break-time``, 45 s by default). The kernel tells the holder of a waiting
opener by a signal, SIGIO unless another is chosen, and SIGIO's default action ends the process.
So SIGURG is chosen, which is ignored by default: that also works outside the main thread, where
no signal handler could be set.
"""

import errno
import os
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from enum import Enum

Pause = Callable[[float], None]

STEP_S = 0.01
"""Between two attempts at a lease that somebody's open descriptor prevents."""


class LeaseKind(Enum):
    """READ: nobody may have the file open for writing. WRITE: nobody may have it open at all."""

    READ = "read"
    WRITE = "write"


class Lease:
    """A lease on an open descriptor, or the knowledge that there is none.

    Attributes:
        supported: False where the system, the file system or the file's owner rules leases out.
    """

    def __init__(self, descriptor: int, kind: LeaseKind) -> None:
        self._descriptor = descriptor
        self._kind = kind
        self._held = False
        self.supported = True

    def take(self) -> bool:
        """Tries to get the lease, once; False where somebody has the file open."""
        if sys.platform != "linux":
            self.supported = False
            return False
        import fcntl
        from signal import SIGURG

        try:
            fcntl.fcntl(self._descriptor, fcntl.F_SETSIG, SIGURG)
            fcntl.fcntl(self._descriptor, fcntl.F_SETLEASE, self._code())
        except OSError as error:
            self.supported = error.errno in {errno.EAGAIN, errno.EBUSY, errno.EINTR}
            return False
        self._held = True
        return True

    def unbroken(self) -> bool:
        """Whether the lease is held and nobody is waiting for it to be given back."""
        if not self._held or sys.platform != "linux":
            return False
        import fcntl

        with suppress(OSError):
            return fcntl.fcntl(self._descriptor, fcntl.F_GETLEASE) == self._code()
        return False

    def give_back(self) -> None:
        """Ends the lease; whoever waits for the file goes on."""
        if not self._held or sys.platform != "linux":
            return
        import fcntl

        self._held = False
        with suppress(OSError):  # closing the descriptor ends it as well
            fcntl.fcntl(self._descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)

    def _code(self) -> int:
        if sys.platform != "linux":
            return -1
        import fcntl

        return fcntl.F_RDLCK if self._kind is LeaseKind.READ else fcntl.F_WRLCK


@contextmanager
def leased(
    descriptor: int, kind: LeaseKind, *, wait_s: float, pause: Pause = time.sleep
) -> Generator[Lease]:
    """Holds a lease where one can be had within ``wait_s``, and goes on without it elsewhere."""
    lease = Lease(descriptor, kind)
    try:
        for _ in range(1 + round(wait_s / STEP_S)):
            if lease.take() or not lease.supported:
                break
            pause(STEP_S)
        yield lease
    finally:
        lease.give_back()


def open_unless_leased(path: str, flags: int, *, wait_s: float, pause: Pause = time.sleep) -> int:
    """Opens a file without ever waiting in the kernel: a FIFO must not hang the command.

    With O_NONBLOCK, opening a file on which another program holds a lease fails at once
    (EWOULDBLOCK); leases last for an instant, so it is tried again for ``wait_s``.

    Raises:
        OSError: it cannot be opened.
    """
    flags |= getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    for _ in range(round(wait_s / STEP_S)):
        try:
            return os.open(path, flags)
        except (BlockingIOError, InterruptedError):
            pause(STEP_S)
    return os.open(path, flags)
