"""Tries whether the system tells of what happens in a folder; nothing is written there.

A folder that is opened for reading is an event of its own, inotify(7) ``IN_OPEN``: so the trial
leaves no trace, not even a time stamp. It shows that the system works at all; that a network
drive tells of this machine's changes only is known by its kind, and whatever else is not heard of
is found by the scan.
"""

import ctypes
import os
import select
import sys

_IN_OPEN = 0x20
_IN_ONLYDIR = 0x01000000
_PATIENCE_S = 1.0
_TRIES = 2


def hears_nothing(folder: str) -> str:
    """Why the system does not tell of what happens in a folder; empty where it does.

    Where there is no inotify, or it takes no watch, nothing is said: the one cannot be tried
    without writing, and of the other whoever listens in earnest is told.

    Args:
        folder: its path.
    """
    if sys.platform != "linux":
        return ""
    libc = ctypes.CDLL(None, use_errno=True)
    listener = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if listener < 0:
        return ""
    try:
        if libc.inotify_add_watch(listener, os.fsencode(folder), _IN_OPEN | _IN_ONLYDIR) < 0:
            return ""
        heard = any(_hears(listener, folder) for _ in range(_TRIES))
    except OSError:
        return ""
    finally:
        os.close(listener)
    return "" if heard else "in a trial it did not tell that the folder was opened"


def _hears(listener: int, folder: str) -> bool:
    os.close(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
    return bool(select.select([listener], [], [], _PATIENCE_S)[0])
